package dev.declaw.server.custom;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.model.policy.PolicyMode;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.rego.CompiledPolicy;
import dev.declaw.rego.Gate;
import dev.declaw.rego.PolicyEngine;
import dev.declaw.rego.PolicyServiceUnavailableException;
import dev.declaw.rego.Verdict;
import java.util.List;
import java.util.Optional;

/// Asks the command rules of a sandbox's custom policy. Thread-safe; a question waits for the policy service.
public final class CommandGate {
    private final CustomPolicies policies;

    public CommandGate(CustomPolicies policies) {
        this.policies = policies;
    }

    /// The custom policies of this server, compiled.
    public CustomPolicies policies() {
        return policies;
    }

    /// @param decision a denial, a report, an allow because it cannot be told, or empty when nothing is against it
    /// @param messages what the rules say, for the caller; may quote the command
    public record Answer(Optional<Decision> decision, String messages) {
        static final Answer PASSED = new Answer(Optional.empty(), "");

        public boolean allowed() {
            return decision.map(Decision::allowed).orElse(true);
        }
    }

    /// Whether the policy has command rules, or nobody can tell.
    public boolean guards(SecurityPolicy policy) {
        if (!policy.custom().active()) return false;
        try {
            return policies.compile(policy.custom()).has(Gate.CMD);
        } catch (PolicyServiceUnavailableException | PolicyException e) {
            return true; // each command will be refused until it can be told
        }
    }

    /// @param inputs one for each program that may start
    public Answer judge(SecurityPolicy policy, List<ObjectNode> inputs) {
        if (!policy.custom().active()) return Answer.PASSED;
        return switch (ask(policy, inputs)) {
            case Verdict.Passed _ -> Answer.PASSED;
            case Verdict.Denied denied ->
                new Answer(Optional.of(refusal(policy, Reason.CUSTOM_POLICY_DENIED, denied.rules())), denied.messages());
            case Verdict.Failed(String why) when policy.custom().passesOnFailure() ->
                new Answer(Optional.of(Decision.allow(Reason.CUSTOM_POLICY_FAILED, why)), "");
            case Verdict.Failed(String why) ->
                new Answer(Optional.of(refusal(policy, Reason.CUSTOM_POLICY_FAILED, why)), "");
        };
    }

    private static Decision refusal(SecurityPolicy policy, Reason reason, String rule) {
        return policy.mode() == PolicyMode.REPORT
                ? new Decision.Report(reason, Optional.of(rule))
                : Decision.deny(reason, rule);
    }

    private Verdict ask(SecurityPolicy policy, List<ObjectNode> inputs) {
        try {
            CompiledPolicy rules = policies.compile(policy.custom());
            PolicyEngine engine = policies.engine().orElseThrow();
            if (!rules.has(Gate.CMD)) return Verdict.PASSED;
            if (inputs.isEmpty()) return new Verdict.Failed("there is too much to judge");
            for (int i = 0; i < inputs.size(); i += PolicyEngine.INPUTS_MAX) {
                List<ObjectNode> some = inputs.subList(i, Math.min(inputs.size(), i + PolicyEngine.INPUTS_MAX));
                Verdict verdict = engine.decide(rules, Gate.CMD, some);
                if (!(verdict instanceof Verdict.Passed)) return verdict;
            }
            return Verdict.PASSED;
        } catch (PolicyServiceUnavailableException e) {
            return new Verdict.Failed(e.getMessage());
        } catch (PolicyException e) {
            return new Verdict.Failed("it does not compile any more");
        }
    }
}
