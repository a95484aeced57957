package dev.declaw.sdk;

import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.json.JsonObject;
import java.util.List;
import java.util.Optional;

/// Asks the server about policies before a sandbox has them. Thread-safe.
public final class Policies {
    private final Http http;

    Policies(Http http) {
        this.http = http;
    }

    /// An accepted policy.
    ///
    /// @param warnings parts that do less or more than their author may think
    public record Verdict(List<String> warnings) {}

    /// What would happen to a connection.
    ///
    /// @param reason stable code, as in block responses and audit events
    /// @param rule the rule that decides, as its author wrote it; empty when a default does
    /// @param scanners those that would read its requests
    public record Explanation(boolean allowed, String reason, Optional<String> rule, List<String> scanners, JsonObject raw) {}

    /// @throws DeclawException.InvalidPolicy when it is not accepted, naming the field
    public Verdict lint(JsonObject policy) {
        JsonObject body = new JsonObject().put("security", policy);
        return new Verdict(http.send(Call.of("POST", "/policies/lint").with(body).asRepeatable()).texts("warnings"));
    }

    /// @param host a name or an address
    public Explanation explain(JsonObject policy, String host) {
        JsonObject body = new JsonObject().put("security", policy).put("host", host);
        JsonObject answer = http.send(Call.of("POST", "/policies/explain").with(body).asRepeatable());
        return new Explanation(
                answer.text("decision").equals("allow"),
                answer.text("reason"),
                answer.optionalText("rule"),
                answer.texts("scanners"),
                answer);
    }
}
