package dev.declaw.server.vault;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.audit.AdminEvents;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.RandomTokens;
import dev.declaw.server.store.VaultTable;
import dev.declaw.server.store.VaultTable.Secret;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Secrets by name. Values come in and go to the egress proxy; nothing else ever gets one. Each change is recorded before it is
/// made. Thread-safe.
public final class Vault {
    /// What a guest has in place of a value.
    public static final String PLACEHOLDER = "declaw:vault-managed";

    public static final int VALUE_CHARS_MAX = 4096;
    public static final int REFERENCES_MAX = 32;

    /// What the proxy takes for one sandbox.
    private static final int CREDENTIALS_MAX = 100;

    private static final String REFERENCE = "vault://";
    private static final int TEAMS_MAX = 100;
    private static final int ENVIRONMENTS_MAX = 100;
    private static final int SECRETS_MAX = 1000;

    private final Parts parts;

    /// @param injectable whether the proxy can put values into requests; when not, a create with references is refused
    public record Parts(
            VaultTable table, Sealer sealer, AdminEvents events, RandomTokens tokens, InstantSource clock, boolean injectable) {}

    public record Team(String id, String name, Instant created) {}

    public record Environment(String id, String name) {}

    /// A secret without its value.
    public record SecretInfo(
            String id,
            String teamId,
            String environmentId,
            String name,
            List<SecretScope> scopes,
            Instant created,
            Instant updated,
            Optional<Instant> rotated,
            int rotationDays,
            boolean rotationDue) {}

    /// A new secret as it was asked for; form and size were checked.
    ///
    /// @param name empty for the provider's key
    /// @param provider key of a preset; empty for none
    /// @param scopes empty for those of the preset
    public record NewSecret(
            String environment, String name, String provider, String value, Optional<List<SecretScope>> scopes, int rotationDays) {
        @Override
        public String toString() {
            return "NewSecret[" + name + "]";
        }
    }

    /// References of a create, resolved: secret ids by variable.
    public record Bound(Map<String, VaultTable.Use> uses) {
        public static final Bound NONE = new Bound(Map.of());
    }

    /// @throws PlatformFailure.InternalFailure when the master key does not fit what was sealed before
    public Vault(Parts parts) {
        this.parts = parts;
        parts.table().any().ifPresent(secret -> parts.sealer().unseal(secret.id(), secret.sealed()));
    }

    public List<Team> teams(String owner) {
        return parts.table().teams(owner).stream().map(team -> new Team(team.id(), team.name(), team.created())).toList();
    }

    /// Makes a team; one of this name that is there already is given instead, so that two clients who both start agree.
    public Team createTeam(Caller caller, String name) {
        List<VaultTable.Team> held = parts.table().teams(caller.owner());
        boolean there = held.stream().anyMatch(team -> team.name().equals(name));
        if (!there && held.size() >= TEAMS_MAX) throw full("teams", TEAMS_MAX);
        VaultTable.Team team = parts.table()
                .addTeam(new VaultTable.Team(parts.tokens().resourceId("team"), caller.owner(), name, parts.clock().instant()));
        return new Team(team.id(), team.name(), team.created());
    }

    private static PlatformFailure full(String what, int max) {
        return new PlatformFailure.QuotaExceeded("vault_full", "there are " + max + " " + what + ", the limit; delete one", 60);
    }

    private String team(String owner, String teamId) {
        return parts.table().teams(owner).stream()
                .map(VaultTable.Team::id)
                .filter(teamId::equals)
                .findFirst()
                .orElseThrow(() -> new PlatformFailure.NotFound("team_not_found", "there is no team of this id"));
    }

    public List<Environment> environments(String owner, String teamId) {
        return parts.table().environments(team(owner, teamId)).stream()
                .map(environment -> new Environment(environment.id(), environment.name()))
                .toList();
    }

    /// As [#createTeam].
    public Environment createEnvironment(Caller caller, String teamId, String name) {
        String team = team(caller.owner(), teamId);
        List<VaultTable.Environment> held = parts.table().environments(team);
        boolean there = held.stream().anyMatch(environment -> environment.name().equals(name));
        if (!there && held.size() >= ENVIRONMENTS_MAX) throw full("environments", ENVIRONMENTS_MAX);
        return environment(team, name);
    }

    private Environment environment(String team, String name) {
        VaultTable.Environment made = parts.table()
                .addEnvironment(new VaultTable.Environment(parts.tokens().resourceId("env"), team, name));
        return new Environment(made.id(), made.name());
    }

    public List<SecretInfo> secrets(String owner, String teamId) {
        return parts.table().secrets(team(owner, teamId)).stream().map(this::info).toList();
    }

    private SecretInfo info(Secret secret) {
        Instant fresh = secret.rotated().orElse(secret.created());
        boolean due = secret.rotationDays() > 0
                && !parts.clock().instant().isBefore(fresh.plus(Duration.ofDays(secret.rotationDays())));
        return new SecretInfo(
                secret.id(), secret.teamId(), secret.environmentId(), secret.name(), ScopeForms.readStored(secret.scopes()),
                secret.created(), secret.updated(), secret.rotated(), secret.rotationDays(), due);
    }

    /// @throws PlatformFailure.Conflict when the environment has a secret of this name
    public SecretInfo create(Caller caller, String teamId, NewSecret wanted) {
        String team = team(caller.owner(), teamId);
        Optional<VaultPresets.Preset> preset = wanted.provider().isEmpty()
                ? Optional.empty()
                : Optional.of(VaultPresets.find(wanted.provider())
                        .orElseThrow(() -> wrong("provider is not known; GET /vault/presets lists those that are")));
        String name = wanted.name().isEmpty() ? wanted.provider() : wanted.name();
        if (name.isEmpty()) throw wrong("name or provider is missing");
        List<SecretScope> scopes = wanted.scopes()
                .or(() -> preset.map(VaultPresets.Preset::scopes))
                .orElseThrow(() -> wrong("scopes or provider is missing: a secret without a place to go is of no use"));
        checkValue(wanted.value(), scopes);
        if (parts.table().secrets(team).size() >= SECRETS_MAX) throw full("secrets", SECRETS_MAX);
        parts.events().record(caller, "secret_created", facts -> facts.text("name", name));
        String id = parts.tokens().resourceId("sec");
        Instant now = parts.clock().instant();
        Secret secret = new Secret(
                id, caller.owner(), team, wanted.environment(), environment(team, wanted.environment()).id(), name,
                parts.sealer().seal(id, wanted.value()), ScopeForms.json(scopes).toString(), wanted.rotationDays(), now, now,
                Optional.empty());
        if (!parts.table().add(secret)) {
            throw new PlatformFailure.Conflict("secret_exists", "there is a secret of this name; rotate it, or delete it first");
        }
        return info(secret);
    }

    private static PlatformFailure wrong(String message) {
        return new PlatformFailure.InvalidRequest("invalid_request", message);
    }

    /// What is written into a header cannot hold everything that a string can.
    private static void checkValue(String value, List<SecretScope> scopes) {
        if (value.isEmpty()) throw wrong("value is empty");
        if (value.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) throw wrong("value contains a control character, such as a line end");
        boolean inHeader = scopes.stream().anyMatch(scope ->
                scope.type() == SecretScope.Type.BEARER || scope.type() == SecretScope.Type.HEADER);
        if (inHeader && value.chars().anyMatch(c -> c < 0x20 || c > 0x7e)) {
            throw wrong("value cannot stand in a header: it must be printable ASCII, without a line end");
        }
    }

    private Secret secret(String owner, String teamId, String secretId) {
        String team = team(owner, teamId);
        return parts.table()
                .secret(secretId)
                .filter(secret -> secret.owner().equals(owner) && secret.teamId().equals(team))
                .orElseThrow(() -> new PlatformFailure.NotFound("secret_not_found", "there is no secret of this id"));
    }

    /// Whether a sandbox uses a secret.
    public boolean uses(String sandboxId, String secretId) {
        return parts.table().uses(sandboxId).stream().anyMatch(use -> use.secretId().equals(secretId));
    }

    /// Replaces the value. Running sandboxes have it when the proxy is told: that is for the caller to do.
    public void rotate(Caller caller, String teamId, String secretId, String value) {
        Secret secret = secret(caller.owner(), teamId, secretId);
        checkValue(value, ScopeForms.readStored(secret.scopes()));
        parts.events().record(caller, "secret_rotated", facts -> facts.text("name", secret.name()));
        parts.table().rotate(secret.id(), parts.sealer().seal(secret.id(), value), parts.clock().instant());
    }

    public void setScopes(Caller caller, String teamId, String secretId, List<SecretScope> scopes) {
        Secret secret = secret(caller.owner(), teamId, secretId);
        checkValue(parts.sealer().unseal(secret.id(), secret.sealed()), scopes);
        parts.events().record(caller, "secret_scopes_set", facts -> facts.text("name", secret.name()));
        parts.table().setScopes(secret.id(), ScopeForms.json(scopes).toString(), parts.clock().instant());
    }

    public void delete(Caller caller, String teamId, String secretId) {
        Secret secret = secret(caller.owner(), teamId, secretId);
        parts.events().record(caller, "secret_deleted", facts -> facts.text("name", secret.name()));
        parts.table().delete(secret.id());
    }

    /// Resolves the references of a create.
    ///
    /// @param references `vault://TEAM/ENVIRONMENT/NAME` by variable
    /// @throws PlatformFailure.NotFound for one that leads nowhere
    public Bound bind(String owner, Map<String, String> references) {
        if (references.isEmpty()) return Bound.NONE;
        if (!parts.injectable()) {
            throw new PlatformFailure.Unprocessable(
                    "not_available", "vault_refs: the egress proxy of this version cannot inject credentials yet; leave this field out");
        }
        if (references.size() > REFERENCES_MAX) throw wrong("vault_refs has more than " + REFERENCES_MAX + " entries");
        Map<String, VaultTable.Use> uses = new LinkedHashMap<>();
        references.forEach((variable, reference) -> uses.put(variable, resolve(owner, variable, reference)));
        int scopes = uses.values().stream()
                .map(VaultTable.Use::secretId)
                .distinct()
                .flatMap(id -> parts.table().secret(id).stream())
                .mapToInt(secret -> ScopeForms.readStored(secret.scopes()).size())
                .sum();
        if (scopes > CREDENTIALS_MAX) throw wrong("the secrets of vault_refs have more than " + CREDENTIALS_MAX + " scopes together");
        return new Bound(uses);
    }

    private VaultTable.Use resolve(String owner, String variable, String reference) {
        String[] words = reference.startsWith(REFERENCE)
                ? reference.substring(REFERENCE.length()).split("/", 3) // a name may hold slashes
                : new String[0];
        if (words.length < 3) throw wrong("vault_refs." + variable + " must be " + REFERENCE + "TEAM/ENVIRONMENT/NAME");
        return parts.table().teams(owner).stream()
                .filter(team -> team.id().equals(words[0]))
                .flatMap(team -> parts.table().secrets(team.id()).stream())
                .filter(secret -> secret.environment().equals(words[1]) && secret.name().equals(words[2]))
                .findFirst()
                .map(secret -> new VaultTable.Use(variable, secret.id(), reference))
                .orElseThrow(() -> new PlatformFailure.NotFound(
                        "secret_not_found", "vault_refs." + variable + " names a secret that is not there"));
    }

    /// Records what a sandbox uses; called once, before it is connected.
    public void attach(String sandboxId, Bound bound) {
        if (!bound.uses().isEmpty()) parts.table().use(sandboxId, List.copyOf(bound.uses().values()));
    }

    /// Variables of a sandbox that stand for secrets, each with the placeholder.
    public Map<String, String> variables(String sandboxId) {
        Map<String, String> variables = new LinkedHashMap<>();
        parts.table().uses(sandboxId).forEach(use -> variables.put(use.variable(), PLACEHOLDER));
        return variables;
    }

    /// What the proxy injects for a sandbox, values and all: for the control socket only. A secret that was deleted meanwhile
    /// is left out, so requests go without it.
    public ArrayNode credentials(String sandboxId) {
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        List<String> done = new ArrayList<>();
        for (VaultTable.Use use : parts.table().uses(sandboxId)) {
            if (done.contains(use.secretId())) continue;
            done.add(use.secretId());
            parts.table().secret(use.secretId()).ifPresent(secret -> {
                String value = parts.sealer().unseal(secret.id(), secret.sealed());
                ScopeForms.readStored(secret.scopes()).forEach(scope -> CredentialForms.add(list, secret, scope, value));
            });
        }
        return list;
    }
}
