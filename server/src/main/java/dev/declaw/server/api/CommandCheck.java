package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent.Attribute;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import dev.declaw.server.custom.CommandGate;
import dev.declaw.server.lifecycle.LiveSandbox;
import java.util.List;

/// Asks the command rules of a sandbox's custom policy before something is started for a caller.
final class CommandCheck {
    private CommandCheck() {}

    /// Returns when it may start. What the rules say against it, or would, is recorded: the rules, never the command.
    ///
    /// @param inputs what would start; empty for more than can be judged
    /// @throws PlatformFailure.PermissionDenied with code `command_denied` or `command_not_evaluated`
    static void check(CommandGate gate, LiveSandbox sandbox, List<ObjectNode> inputs) {
        CommandGate.Answer answer = gate.judge(sandbox.policy(), inputs);
        if (answer.decision().isEmpty()) return;
        Decision decision = answer.decision().get();
        sandbox.record(AuditCategory.COMMAND, "command_judged", facts -> facts.decision(decision)
                .number(Attribute.POLICY_VERSION, sandbox.policyVersion()));
        if (decision.allowed()) return;
        if (decision.reason() == Reason.CUSTOM_POLICY_FAILED) {
            throw new PlatformFailure.PermissionDenied(
                    "command_not_evaluated", "the sandbox's custom policy could not be evaluated, so the command was not started; try again");
        }
        throw new PlatformFailure.PermissionDenied(
                "command_denied", "the sandbox's custom policy denies the command: " + answer.messages());
    }
}
