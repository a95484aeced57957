package dev.declaw.server.custom;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.CustomPolicy;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.rego.CompiledPolicy;
import dev.declaw.rego.Gate;
import dev.declaw.rego.PolicyEngine;
import dev.declaw.rego.PolicyServiceUnavailableException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The compiled custom policies of this server. Thread-safe.
public final class CustomPolicies {
    private static final int REMEMBERED_MAX = 256;

    private final Optional<PolicyEngine> engine;
    private final Map<CustomPolicy, CompiledPolicy> compiled = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<CustomPolicy, CompiledPolicy> eldest) {
            return size() > REMEMBERED_MAX;
        }
    };

    /// @param engine empty where this server has no policy service
    public CustomPolicies(Optional<PolicyEngine> engine) {
        this.engine = engine;
    }

    public Optional<PolicyEngine> engine() {
        return engine;
    }

    /// Compiles what a client sent.
    ///
    /// @return what its author should know
    /// @throws PolicyException when it does not compile
    /// @throws PlatformFailure.NoCapacity when the policy service cannot be asked
    public List<String> check(SecurityPolicy policy) {
        if (!policy.custom().active()) return List.of();
        CompiledPolicy rules;
        try {
            rules = compile(policy.custom());
        } catch (PolicyServiceUnavailableException e) {
            throw new PlatformFailure.NoCapacity("policy_service_unavailable", e.getMessage() + "; try again");
        }
        List<String> warnings = new ArrayList<>();
        if (rules.gates().isEmpty()) {
            warnings.add("custom_policy: denies nothing; it needs a set named deny in the package declaw.platform.cmd, "
                    + "declaw.platform.network or declaw.platform.content");
        }
        if (rules.has(Gate.CONTENT) && !policy.needsCertificateAuthority()) {
            warnings.add("custom_policy: its content rules see only requests that are read; name the hosts in content_gate.domains");
        }
        return warnings;
    }

    /// @throws PolicyException when it does not compile
    /// @throws PolicyServiceUnavailableException when the service does not answer
    CompiledPolicy compile(CustomPolicy policy) {
        synchronized (compiled) {
            CompiledPolicy known = compiled.get(policy);
            if (known != null) return known;
        }
        PolicyEngine asked = engine.orElseThrow(() -> new PolicyException(
                "security.custom_policy",
                "needs the policy service, which this server was built without; install Go 1.26 and build it again, or leave it out"));
        CompiledPolicy made = asked.compile(policy);
        synchronized (compiled) {
            compiled.put(policy, made);
        }
        return made;
    }
}
