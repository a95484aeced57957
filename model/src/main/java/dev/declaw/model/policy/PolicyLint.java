package dev.declaw.model.policy;

import dev.declaw.model.network.HostName;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Finds what in a policy can have no effect, or an effect that its author hardly meant. Pure; what it does not find may
/// still be without effect (expressions are not compared).
public final class PolicyLint {
    /// One finding.
    ///
    /// @param code stable, for tools
    /// @param field JSON path of the rule
    /// @param message for people
    public record Finding(String code, String field, String message) {}

    private final SecurityPolicy policy;
    private final List<Finding> findings = new ArrayList<>();

    private PolicyLint(SecurityPolicy policy) {
        this.policy = policy;
    }

    public static List<Finding> of(SecurityPolicy policy) {
        PolicyLint lint = new PolicyLint(policy);
        lint.network(policy.network(), "network");
        policy.network().restriction().ifPresent(inner -> lint.network(inner, "security.network"));
        lint.hosts("security.pii", policy.pii().enabled(), policy.pii().hosts());
        ContentPolicy content = policy.content();
        lint.hosts("security.invisible_text", content.invisibleText());
        lint.hosts("security.injection_defense", content.injection().stage());
        lint.hosts("security.toxicity", content.toxicity().stage());
        lint.hosts("security.code_security", content.codeSecurity().stage());
        lint.hosts("security.content_gate", content.gate().enabled(), content.gate().hosts());
        lint.hosts("security.intercept", !policy.intercept().none(), policy.intercept());
        lint.transformations(content.transformations());
        return List.copyOf(lint.findings);
    }

    private void network(NetworkPolicy network, String field) {
        repeated(network.allowOut(), field + ".allow_out");
        repeated(network.denyOut(), field + ".deny_out");
        for (int i = 0; i < network.denyOut().size(); i++) {
            NetworkRule denied = network.denyOut().get(i);
            Optional<NetworkRule> opener = network.allowOut().stream()
                    .filter(rule -> covers(rule, denied))
                    .findFirst();
            String path = field + ".deny_out[" + i + "]";
            opener.ifPresent(rule -> add(
                    "deny_without_effect",
                    path,
                    "'" + denied.source() + "' denies nothing: allow_out '" + rule.source() + "' covers it, and an allow rule beats a deny rule"));
        }
        for (int i = 0; i < network.allowOut().size(); i++) {
            NetworkRule rule = network.allowOut().get(i);
            if (rule instanceof NetworkRule.Exact(String source, HostName host)
                    && !network.decideName(host).allowed()) {
                add("allow_without_effect", field + ".allow_out[" + i + "]", "'" + source + "' can never be reached");
            }
        }
    }

    private void repeated(List<NetworkRule> rules, String field) {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < rules.size(); i++) {
            if (!seen.add(rules.get(i).source())) {
                add("repeated_rule", field + "[" + i + "]", "'" + rules.get(i).source() + "' stands there twice");
            }
        }
    }

    /// Whether every destination of the second is one of the first; false where that cannot be told.
    private static boolean covers(NetworkRule wide, NetworkRule narrow) {
        if (wide instanceof NetworkRule.Everything || wide.source().equals(narrow.source())) return true;
        if (narrow instanceof NetworkRule.Exact exact) return wide.matches(exact.host());
        return wide instanceof NetworkRule.Suffix outer
                && narrow instanceof NetworkRule.Suffix inner
                && (inner.suffix().equals(outer.suffix()) || inner.suffix().endsWith("." + outer.suffix()));
    }

    private void hosts(String field, StagePolicy stage) {
        hosts(field, stage.enabled(), stage.hosts());
    }

    /// A stage that covers only hosts that the network rules never let anything go to.
    private void hosts(String field, boolean enabled, HostSelector hosts) {
        if (!enabled || hosts.all()) return;
        if (hosts.none()) {
            add("stage_without_hosts", field + ".domains", "no host is named, so nothing is read");
            return;
        }
        for (int i = 0; i < hosts.rules().size(); i++) {
            NetworkRule rule = hosts.rules().get(i);
            if (rule instanceof NetworkRule.Exact(String source, HostName host)
                    && !policy.network().decideName(host).allowed()) {
                add("stage_without_traffic", field + ".domains[" + i + "]", "'" + source + "' is denied by the network rules, so nothing is read there");
            }
        }
    }

    private void transformations(List<Transformation> rules) {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < rules.size(); i++) {
            Transformation rule = rules.get(i);
            String field = "security.transformations[" + i + "]";
            if (!seen.add(rule.direction() + "\n" + rule.source() + "\n" + rule.hosts())) {
                add("repeated_rule", field, "the same match stands there before, so nothing is left for it");
            }
            if (rule.source().matches("(?s).*\\\\?\"\\s*:.*")) {
                add("pattern_over_syntax", field + ".match", "it looks like raw JSON, but a rule sees the values of strings only, so it matches nothing in JSON bodies");
            }
            if (rule.matchesNothing()) {
                add("matches_empty_text", field + ".match", "it also matches the empty text; such matches are left alone");
            }
        }
    }

    private void add(String code, String field, String message) {
        findings.add(new Finding(code, field, message));
    }
}
