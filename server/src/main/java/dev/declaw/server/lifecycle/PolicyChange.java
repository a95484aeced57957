package dev.declaw.server.lifecycle;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.SensitiveVariables;
import dev.declaw.server.custom.CustomPolicies;
import dev.declaw.server.store.SandboxRow;
import dev.declaw.server.store.SandboxTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Replaces the policy of a running sandbox: recorded, stored, then put in force by the proxy. Thread-safe; two changes of
/// one sandbox follow each other.
final class PolicyChange {
    private final SandboxTable table;
    private final EgressSlots slots;
    private final SandboxAudit audit;
    private final CustomPolicies custom;
    private final ExecGates gates;

    PolicyChange(SandboxTable table, EgressSlots slots, SandboxAudit audit, CustomPolicies custom, ExecGates gates) {
        this.custom = custom;
        this.gates = gates;
        this.table = table;
        this.slots = slots;
        this.audit = audit;
    }

    /// @param security the new policy, or empty to keep the one there is; a JSON null takes it away
    /// @param network the new top-level network rules, likewise
    /// @return warnings of the new policy
    /// @throws dev.declaw.model.policy.PolicyException when it cannot be accepted; nothing has changed then
    List<String> apply(LiveSandbox sandbox, Optional<JsonNode> security, Optional<JsonNode> network) {
        sandbox.egressLock.lock();
        try {
            SandboxRow old = sandbox.row();
            Optional<String> newSecurity = security.isPresent() ? security(old, security.get()) : old.security();
            Optional<String> newNetwork = network.isPresent() ? text(network.get()) : old.network();
            PolicyReader.Result read = PolicyReader.read(
                    newSecurity.map(StoredJson::read).orElse(null), newNetwork.map(StoredJson::read).orElse(null));
            List<String> warnings = new ArrayList<>(read.warnings());
            warnings.addAll(custom.check(read.policy()));
            SandboxRow row = old.withPolicy(old.policyVersion() + 1, newNetwork, newSecurity);
            audit.lifecycle(sandbox.id(), "policy_updated", facts -> facts.number("policy_version", row.policyVersion()));
            if (!table.replacePolicy(row, old.policyVersion())) {
                throw new PlatformFailure.Conflict("sandbox_not_running", sandbox.id() + " is not running any more");
            }
            sandbox.replacePolicy(row, read.policy());
            slots.update(sandbox);
            if (sandbox.connected()) gates.bring(sandbox, false);
            warnings.addAll(sandbox.gateWarnings());
            return warnings;
        } finally {
            sandbox.egressLock.unlock();
        }
    }

    /// The policy as it is stored. A running sandbox has its environment already.
    private static Optional<String> security(SandboxRow row, JsonNode sent) {
        PolicyReader.read(sent, null);
        SensitiveVariables sensitive = SensitiveVariables.of(sent);
        Map<String, String> held = StoredJson.readMap(row.sensitiveEnvs());
        sensitive.values().forEach((name, value) -> {
            if (!held.containsKey(name) || !value.equals(held.get(name)) && !value.equals(SensitiveVariables.MASK)) {
                throw new PolicyException(
                        "security.env_security.sensitive_vars", "can be given when a sandbox is created; " + name + " of a running one cannot change");
            }
        });
        return text(sensitive.policy());
    }

    private static Optional<String> text(JsonNode node) {
        return node.isNull() ? Optional.empty() : Optional.of(node.toString());
    }
}
