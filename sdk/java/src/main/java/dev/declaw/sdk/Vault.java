package dev.declaw.sdk;

import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.json.JsonObject;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Secrets of the account, in its team `default` and environment `prod`. A value is sent and never shown or returned.
/// Thread-safe.
public final class Vault {
    private static final String TEAM = "default";
    private static final String ENVIRONMENT = "prod";

    private final Http http;

    Vault(Http http) {
        this.http = http;
    }

    /// Where a secret goes.
    ///
    /// @param hosts regular expression that matches a host as a whole
    /// @param injection `bearer`, `header`, `basic`, `query`…; empty: `bearer`
    /// @param header name of the header, for `header`
    public record Scope(String hosts, Optional<String> injection, Optional<String> header) {
        public Scope {
            if (hosts.isBlank()) throw new DeclawException.InvalidArgument("a secret needs the hosts it may go to");
        }

        /// As `Authorization: Bearer …` to these hosts.
        public static Scope bearer(String hosts) {
            return new Scope(hosts, Optional.empty(), Optional.empty());
        }

        /// As a header of this name.
        public static Scope header(String hosts, String name) {
            return new Scope(hosts, Optional.of("header"), Optional.of(name));
        }

        JsonObject toJson() {
            JsonObject json = new JsonObject().put("domain_regex", hosts);
            injection.ifPresent(type -> json.put("injection_type", type));
            header.ifPresent(name -> json.put("header_name", name));
            return json;
        }
    }

    public record Secret(String id, String name, List<String> hosts, String createdAt, Optional<String> rotatedAt, JsonObject raw) {
        static Secret of(JsonObject row) {
            return new Secret(
                    row.text("secret_id"),
                    row.text("name"),
                    row.objects("scopes").stream().map(scope -> scope.text("domain_regex")).toList(),
                    row.text("created_at"),
                    row.optionalText("rotated_at"),
                    row);
        }
    }

    /// Keeps a value under a name.
    public Secret create(String name, String value, List<Scope> scopes) {
        if (name.isBlank()) throw new DeclawException.InvalidArgument("a secret needs a name");
        if (scopes.isEmpty()) throw new DeclawException.InvalidArgument("a secret needs the hosts it may go to");
        return create(new JsonObject().put("name", name).put("scopes", json(scopes)), value);
    }

    /// Keeps a value of a provider that the server knows, with its hosts.
    public Secret createFor(String provider, String value) {
        return create(new JsonObject().put("provider", provider), value);
    }

    private Secret create(JsonObject body, String value) {
        String team = team().orElseGet(
                () -> http.send(Call.of("POST", "/teams").with(new JsonObject().put("name", TEAM))).text("team_id"));
        ensureEnvironment(team);
        body.put("environment", ENVIRONMENT).put("value", checked(value));
        return Secret.of(http.send(Call.of("POST", secrets(team)).with(body)));
    }

    public List<Secret> list() {
        return team().map(team -> http.get(secrets(team)).objects("secrets").stream().map(Secret::of).toList())
                .orElse(List.of());
    }

    public void rotate(String name, String value) {
        JsonObject body = new JsonObject().put("value", checked(value));
        http.send(Call.of("POST", path(name) + "/rotate").with(body));
    }

    /// Replaces all scopes.
    public void setScopes(String name, List<Scope> scopes) {
        if (scopes.isEmpty()) throw new DeclawException.InvalidArgument("a secret needs the hosts it may go to");
        http.send(Call.of("POST", path(name) + "/scopes").with(new JsonObject().put("scopes", json(scopes))));
    }

    public void delete(String name) {
        http.send(Call.of("DELETE", path(name)));
    }

    /// Providers whose hosts the server knows.
    public List<JsonObject> presets() {
        return http.get("/vault/presets").objects("presets");
    }

    /// Bare names as full references.
    Map<String, String> references(Map<String, String> names) {
        if (names.values().stream().allMatch(name -> name.startsWith("vault://"))) return names;
        String team = team().orElseThrow(() -> new DeclawException.NotFound(
                "there is no secret yet, so no variable can stand for one; make it with Vault.create", "secret_not_found", 0, ""));
        Map<String, String> references = new TreeMap<>();
        names.forEach((variable, name) -> references.put(
                variable, name.startsWith("vault://") ? name : "vault://" + team + "/" + ENVIRONMENT + "/" + name));
        return references;
    }

    private Optional<String> team() {
        return http.get("/teams").objects("teams").stream()
                .filter(team -> team.text("name").equals(TEAM))
                .min(Comparator.comparing(team -> team.text("created_at")))
                .map(team -> team.text("team_id"));
    }

    private void ensureEnvironment(String team) {
        String path = "/teams/" + Checks.encode(team) + "/environments";
        if (http.get(path).objects("environments").stream().anyMatch(one -> one.text("name").equals(ENVIRONMENT))) return;
        try {
            http.send(Call.of("POST", path).with(new JsonObject().put("name", ENVIRONMENT)));
        } catch (DeclawException.Conflict e) {
            // Somebody else made it in the meantime.
        }
    }

    private String path(String name) {
        String id = list().stream()
                .filter(secret -> secret.name().equals(name))
                .map(Secret::id)
                .findFirst()
                .orElseThrow(() -> new DeclawException.NotFound("there is no secret '" + name + "'", "secret_not_found", 0, ""));
        return secrets(team().orElseThrow()) + "/" + Checks.encode(id);
    }

    private static String secrets(String team) {
        return "/teams/" + Checks.encode(team) + "/vault/secrets";
    }

    private static List<JsonObject> json(List<Scope> scopes) {
        return scopes.stream().map(Scope::toJson).toList();
    }

    private static String checked(String value) {
        if (value.isEmpty()) throw new DeclawException.InvalidArgument("a secret is not empty");
        return value;
    }
}
