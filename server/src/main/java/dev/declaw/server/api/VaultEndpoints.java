package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.lifecycle.Sandboxes;
import dev.declaw.server.vault.ScopeForms;
import dev.declaw.server.vault.SecretScope;
import dev.declaw.server.vault.Vault;
import dev.declaw.server.vault.VaultPresets;
import java.util.List;
import java.util.Optional;

/// Teams, environments and secrets (wire-api 11). A value goes in and never comes out.
final class VaultEndpoints {
    private static final int NAME_CHARS_MAX = 256;
    private static final long ROTATION_DAYS_MAX = 3650;

    private final Vault vault;
    private final Sandboxes sandboxes;

    VaultEndpoints(Vault vault, Sandboxes sandboxes) {
        this.vault = vault;
        this.sandboxes = sandboxes;
    }

    void teams(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("teams");
        vault.teams(call.owner()).forEach(team -> list.add(json(team)));
        call.json(200, answer);
    }

    private static ObjectNode json(Vault.Team team) {
        ObjectNode node = Json.object().put("team_id", team.id()).put("name", team.name());
        return node.put("created_at", Json.timestamp(team.created()));
    }

    void createTeam(HttpCall call) {
        call.json(201, json(vault.createTeam(call.caller(), name(call.body()))));
    }

    private static String name(JsonBody body) {
        String name = body.requiredText("name", NAME_CHARS_MAX);
        if (name.isEmpty()) throw JsonBody.wrong("name", "is empty");
        return name;
    }

    void environments(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("environments");
        vault.environments(call.owner(), call.parameter("tid")).forEach(environment -> list.add(json(environment)));
        call.json(200, answer);
    }

    private static ObjectNode json(Vault.Environment environment) {
        return Json.object().put("env_id", environment.id()).put("name", environment.name());
    }

    void createEnvironment(HttpCall call) {
        call.json(201, json(vault.createEnvironment(call.caller(), call.parameter("tid"), name(call.body()))));
    }

    void secrets(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("secrets");
        vault.secrets(call.owner(), call.parameter("tid")).forEach(secret -> list.add(json(secret)));
        call.json(200, answer);
    }

    private static ObjectNode json(Vault.SecretInfo secret) {
        ObjectNode node = Json.object();
        node.put("secret_id", secret.id());
        node.put("team_id", secret.teamId());
        node.put("env_id", secret.environmentId());
        node.put("name", secret.name());
        node.set("scopes", ScopeForms.json(secret.scopes()));
        node.put("created_at", Json.timestamp(secret.created()));
        node.put("updated_at", Json.timestamp(secret.updated()));
        node.put("rotated_at", secret.rotated().map(Json::timestamp).orElse(null));
        node.put("rotation_interval_days", secret.rotationDays());
        node.put("rotation_due", secret.rotationDue());
        return node;
    }

    void create(HttpCall call) {
        JsonBody body = call.body();
        long days = body.wholeNumber("rotation_interval_days").orElse(0L);
        if (days < 0 || days > ROTATION_DAYS_MAX) {
            throw JsonBody.wrong("rotation_interval_days", "must be from 0 (never) to " + ROTATION_DAYS_MAX);
        }
        String environment = body.text("environment", NAME_CHARS_MAX).orElse("prod");
        if (environment.isEmpty() || environment.indexOf('/') >= 0) {
            throw JsonBody.wrong("environment", "must be a name without a slash");
        }
        Optional<List<SecretScope>> scopes = body.node("scopes").map(ScopeForms::read);
        Vault.NewSecret secret = new Vault.NewSecret(
                environment,
                body.text("name", NAME_CHARS_MAX).orElse(""),
                body.text("provider", NAME_CHARS_MAX).orElse(""),
                value(body),
                scopes,
                (int) days);
        call.json(201, json(vault.create(call.caller(), call.parameter("tid"), secret)));
    }

    private static String value(JsonBody body) {
        return body.requiredText("value", Vault.VALUE_CHARS_MAX);
    }

    void rotate(HttpCall call) {
        vault.rotate(call.caller(), call.parameter("tid"), call.parameter("sid"), value(call.body()));
        call.json(200, Json.object().put("rotated", true).put("sandboxes", refresh(call)));
    }

    /// Running sandboxes that use the secret, which have been told.
    private int refresh(HttpCall call) {
        return sandboxes.refreshSecret(call.owner(), call.parameter("sid"));
    }

    void setScopes(HttpCall call) {
        List<SecretScope> scopes = ScopeForms.read(call.body().node("scopes").orElse(null));
        vault.setScopes(call.caller(), call.parameter("tid"), call.parameter("sid"), scopes);
        call.json(200, Json.object().put("updated", true).put("sandboxes", refresh(call)));
    }

    void delete(HttpCall call) {
        vault.delete(call.caller(), call.parameter("tid"), call.parameter("sid"));
        call.json(200, Json.object().put("deleted", true).put("sandboxes", refresh(call)));
    }

    void presets(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("presets");
        for (VaultPresets.Preset preset : VaultPresets.all()) {
            ObjectNode node = list.addObject();
            node.put("key", preset.key()).put("name", preset.name()).put("category", preset.category());
            node.put("key_hint", preset.keyHint()).put("docs_url", preset.docsUrl());
            node.set("scopes", ScopeForms.json(preset.scopes()));
        }
        call.json(200, answer);
    }

    /// References of a create: variable to `vault://TEAM/ENVIRONMENT/NAME`.
    static java.util.Map<String, String> references(JsonBody body) {
        java.util.Map<String, String> references = body.textMap("vault_refs", 64 * 1024);
        references.keySet().forEach(variable -> {
            if (!variable.matches("[A-Za-z_][A-Za-z0-9_]*")) {
                throw JsonBody.wrong("vault_refs", "has a name that is no environment variable");
            }
        });
        if (references.size() > Vault.REFERENCES_MAX) {
            throw new PlatformFailure.TooLarge("too_many_references", "vault_refs has more than " + Vault.REFERENCES_MAX + " entries");
        }
        return references;
    }
}
