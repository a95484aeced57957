package dev.declaw.egress.custom;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.model.policy.PolicyMode;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.rego.CompiledPolicy;
import dev.declaw.rego.Gate;
import dev.declaw.rego.PolicyEngine;
import dev.declaw.rego.Verdict;
import java.util.List;
import java.util.Optional;

/// The network and content rules of one sandbox's custom policy. Thread-safe. A question waits for the policy service, so it must
/// not be asked on an event loop. What cannot be evaluated is denied unless the policy says otherwise.
public final class CustomGates {
    /// Without a custom policy.
    public static final CustomGates NONE = new CustomGates(null, null, PolicyMode.ENFORCE);

    private final CompiledPolicy policy;
    private final PolicyEngine engine;
    private final PolicyMode mode;

    private CustomGates(CompiledPolicy policy, PolicyEngine engine, PolicyMode mode) {
        this.policy = policy;
        this.engine = engine;
        this.mode = mode;
    }

    /// @param engine empty where there is no policy service
    /// @throws PolicyException when the policy does not compile, or nothing here could
    /// @throws dev.declaw.rego.PolicyServiceUnavailableException when the service does not answer
    public static CustomGates compile(SecurityPolicy policy, Optional<PolicyEngine> engine) {
        if (!policy.custom().active()) return NONE;
        PolicyEngine asked = engine.orElseThrow(() -> new PolicyException(
                "security.custom_policy", "needs the policy service, which is not part of this process; leave it out"));
        return new CustomGates(asked.compile(policy.custom()), asked, policy.mode());
    }

    public boolean network() {
        return policy != null && policy.has(Gate.NETWORK);
    }

    public boolean content() {
        return policy != null && policy.has(Gate.CONTENT);
    }

    /// Whether the content rules may look at the request's body.
    public boolean readsBody() {
        return policy != null && policy.readsBody();
    }

    /// Whether the content rules may look at the model that the request names.
    public boolean readsModel() {
        return policy != null && policy.readsModel();
    }

    /// What the rules make of a request or connection.
    ///
    /// @param reason why it must not pass; empty when it may
    /// @param rules the rules that deny it, for the audit log; empty for none
    /// @param messages what they say, for the sandbox; empty for none
    public record Outcome(Optional<Reason> reason, String rules, String messages) {
        static final Outcome PASSED = new Outcome(Optional.empty(), "", "");
    }

    /// A connection or request before anything of it leaves.
    ///
    /// @param host name, or the address as text
    /// @param protocol as in audit events
    /// @param method empty where none was read
    /// @param path without the query; empty where none was read
    public record Connection(String host, int port, String protocol, String method, String path) {}

    /// Asks the network rules about what everything before them allows.
    ///
    /// @param allowed the decision so far
    /// @return the decision now: a denial, the same, or an allow or report that says why it is one
    public Decision decide(Connection connection, Decision allowed) {
        Outcome outcome = network(connection);
        if (outcome.reason().isEmpty()) return allowed;
        Reason reason = outcome.reason().get();
        String rule = outcome.rules().isEmpty() ? null : outcome.rules();
        if (reason == Reason.CUSTOM_POLICY_FAILED && passesOnFailure()) return Decision.allow(reason, rule);
        return mode == PolicyMode.REPORT
                ? new Decision.Report(reason, Optional.ofNullable(rule))
                : Decision.deny(reason, rule);
    }

    private Outcome network(Connection connection) {
        if (!network()) return Outcome.PASSED;
        return outcome(engine.decide(
                policy, Gate.NETWORK, RequestPath.readings(connection.path()).stream().map(path -> input(connection, path)).toList()));
    }

    private static ObjectNode input(Connection connection, String path) {
        ObjectNode input = JsonNodeFactory.instance.objectNode();
        ObjectNode action = input.putObject("action");
        action.put("destination", connection.host());
        action.put("host", connection.host());
        action.put("port", connection.port());
        action.put("protocol", connection.protocol());
        if (!connection.method().isEmpty()) {
            action.put("method", connection.method());
            action.put("path", path);
        }
        return input;
    }

    /// Asks the content rules.
    ///
    /// @param inputs one for each way in which the request may be understood
    public Outcome content(List<ObjectNode> inputs) {
        return outcome(engine.decide(policy, Gate.CONTENT, inputs));
    }

    /// Whether what cannot be evaluated passes, by the owner's word.
    public boolean passesOnFailure() {
        return policy != null && policy.source().passesOnFailure();
    }

    private static Outcome outcome(Verdict verdict) {
        return switch (verdict) {
            case Verdict.Passed _ -> Outcome.PASSED;
            case Verdict.Denied denied ->
                new Outcome(Optional.of(Reason.CUSTOM_POLICY_DENIED), denied.rules(), denied.messages());
            case Verdict.Failed(String why) -> new Outcome(Optional.of(Reason.CUSTOM_POLICY_FAILED), why, "");
        };
    }
}
