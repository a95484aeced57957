package dev.declaw.sdk;

import dev.declaw.sdk.async.AsyncDeclaw;
import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.internal.Query;
import dev.declaw.sdk.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A server: its sandboxes, templates, volumes, secrets and account. Thread-safe; make one and keep it.
public final class Declaw {
    private static final class OfEnvironment {
        private static final Declaw INSTANCE = new Declaw(Connection.fromEnvironment());
    }

    private final Http http;

    public Declaw(Connection connection) {
        this.http = new Http(connection);
    }

    /// The server that the environment names; always the same object.
    public static Declaw fromEnvironment() {
        return OfEnvironment.INSTANCE;
    }

    public Connection connection() {
        return http.connection();
    }

    public SandboxBuilder sandbox() {
        return new SandboxBuilder(http);
    }

    /// A handle for a sandbox that is there.
    ///
    /// @throws DeclawException.NotFound when it is not
    public Sandbox connect(String id) {
        return new Sandbox(http, http.get("/sandboxes/" + Checks.id("id", id)), false);
    }

    /// A handle that trusts its caller: makes no request.
    public Sandbox at(String id) {
        return new Sandbox(http, new JsonObject().put("sandbox_id", Checks.id("id", id)), false);
    }

    /// @param nextToken of the next page; empty on the last
    public record Page(List<SandboxInfo> sandboxes, Optional<String> nextToken, long total) {}

    /// Sandboxes, newest first.
    ///
    /// @param state `running`, `paused`, `killed` or `all`; empty: all but killed ones
    /// @param metadata pairs that all must match
    public Page list(Optional<String> state, Map<String, String> metadata, int limit, Optional<String> nextToken) {
        Query query = new Query()
                .with("limit", Checks.count("limit", limit, 1000))
                .with("state", state)
                .with("next_token", nextToken)
                .with("metadata", metadata.isEmpty() ? null : JsonObject.of(metadata));
        JsonObject answer = http.get("/sandboxes" + query);
        return new Page(
                answer.objects("sandboxes").stream().map(SandboxInfo::of).toList(),
                answer.optionalText("next_token"),
                answer.number("total"));
    }

    /// Ends many at once.
    ///
    /// @return per id what happened; `error` where that one failed
    public Map<String, Object> killAll(List<String> ids) {
        ids.forEach(id -> Checks.id("ids", id));
        if (ids.isEmpty()) return Map.of();
        JsonObject body = new JsonObject().put("sandbox_ids", List.copyOf(ids));
        Call call = Call.of("POST", "/sandboxes/kill-many?async=true").with(body).asRepeatable();
        return http.send(call).object("results").members();
    }

    public Templates templates() {
        return new Templates(http);
    }

    public Volumes volumes() {
        return new Volumes(http);
    }

    public Vault vault() {
        return new Vault(http);
    }

    public Account account() {
        return new Account(http);
    }

    public Policies policies() {
        return new Policies(http);
    }

    /// Whether the server answers, without a key.
    public JsonObject health() {
        return http.get("/health");
    }

    /// The same without waiting.
    public AsyncDeclaw async() {
        return new AsyncDeclaw(this);
    }

    @Override
    public String toString() {
        return "Declaw[" + connection().address() + "]";
    }
}
