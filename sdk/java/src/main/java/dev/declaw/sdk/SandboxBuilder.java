package dev.declaw.sdk;

import dev.declaw.sdk.async.AsyncSandbox;
import dev.declaw.sdk.internal.Calls;
import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.policy.NetworkRules;
import dev.declaw.sdk.policy.SecurityPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/// What a sandbox is made of. Values are checked when they are given. Not thread-safe.
///
/// ```java
/// Sandbox sandbox = Sandbox.builder()
///         .template("python")
///         .timeout(Duration.ofMinutes(10))
///         .network(NetworkRules.allow("pypi.org", "*.pythonhosted.org"))
///         .create();
/// ```
public final class SandboxBuilder {
    private static final Duration TIMEOUT_DEFAULT = Duration.ofMinutes(5);

    private final Http http;
    private final JsonObject body = new JsonObject();
    private final Map<String, String> secrets = new HashMap<>();
    private final List<JsonObject> volumes = new ArrayList<>();

    SandboxBuilder(Http http) {
        this.http = http;
        body.put("template", "base").put("timeout", TIMEOUT_DEFAULT.toSeconds()).put("secure", true);
    }

    /// Name or id; default `base`.
    public SandboxBuilder template(String name) {
        body.put("template", name);
        return this;
    }

    /// Starts as a copy of this snapshot instead of a template.
    public SandboxBuilder snapshot(String snapshotId) {
        body.put("template", null).put("snapshot_id", Checks.id("snapshotId", snapshotId));
        return this;
    }

    /// How long it lives, default 5 minutes; zero: without an end, where the server allows it.
    public SandboxBuilder timeout(Duration timeout) {
        body.put("timeout", Checks.seconds("timeout", timeout));
        return this;
    }

    /// Variables of every command.
    public SandboxBuilder variables(Map<String, String> variables) {
        body.put("envs", JsonObject.of(Checks.variables(variables)));
        return this;
    }

    /// Texts to find it by.
    public SandboxBuilder metadata(Map<String, String> metadata) {
        body.put("metadata", JsonObject.of(metadata));
        return this;
    }

    /// A variable that stands for a secret: the sandbox sees a placeholder, the proxy puts the value into requests to the
    /// secret's hosts. `secret` is a name, or `vault://team/environment/name`.
    public SandboxBuilder secret(String variable, String secret) {
        Checks.variables(Map.of(variable, secret));
        secrets.put(variable, secret);
        return this;
    }

    public SandboxBuilder network(NetworkRules rules) {
        body.put("network", rules.toJson());
        return this;
    }

    public SandboxBuilder security(SecurityPolicy policy) {
        body.put("security", policy.toJson());
        return this;
    }

    /// A policy that is JSON already, for example from a file. The server checks it.
    public SandboxBuilder securityJson(JsonObject policy) {
        body.put("security", policy);
        return this;
    }

    /// What happens when its time is over; default [OnTimeout#KILL].
    public enum OnTimeout {
        KILL,
        PAUSE
    }

    /// @param autoResume whether a call wakes it when it is paused
    public SandboxBuilder lifecycle(OnTimeout onTimeout, boolean autoResume) {
        body.put("lifecycle", new JsonObject()
                .put("on_timeout", onTimeout == OnTimeout.PAUSE ? "pause" : "kill")
                .put("auto_resume", autoResume));
        return this;
    }

    public SandboxBuilder volume(Volumes.Attachment volume) {
        volumes.add(volume.toJson());
        return this;
    }

    /// Makes it; it is ready for commands when this returns. A request that is repeated after a failure on the way makes
    /// one sandbox.
    public Sandbox create() {
        return create(request(), secrets);
    }

    private Sandbox create(JsonObject request, Map<String, String> named) {
        if (!named.isEmpty()) request.put("vault_refs", JsonObject.of(new Vault(http).references(named)));
        return send(http, request);
    }

    private JsonObject request() {
        JsonObject request = new JsonObject();
        body.forEach(request::put);
        if (!volumes.isEmpty()) request.put("volumes", List.copyOf(volumes));
        return request;
    }

    /// As [#create], without waiting. Cancelling the future ends the call; see [dev.declaw.sdk.async].
    public CompletableFuture<AsyncSandbox> createAsync() {
        JsonObject request = request();
        Map<String, String> named = Map.copyOf(secrets);
        return Calls.start(() -> new AsyncSandbox(create(request, named)));
    }

    static Sandbox send(Http http, JsonObject request) {
        return new Sandbox(http, http.send(Call.of("POST", "/sandboxes").with(request).within(Http.LONG_MAX).withKey()), true);
    }

    @Override
    public String toString() {
        return "SandboxBuilder[" + body.text("template") + "]"; // variables may hold secrets
    }
}
