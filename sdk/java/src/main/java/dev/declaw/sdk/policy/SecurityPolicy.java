package dev.declaw.sdk.policy;

import dev.declaw.sdk.DeclawException.InvalidPolicy;
import dev.declaw.sdk.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// What a sandbox may do. A part that is not given is not sent: the platform's default applies to it. Immutable.
///
/// ```java
/// SecurityPolicy policy = SecurityPolicy.builder()
///         .network(NetworkRules.allow("api.example.com"))
///         .scan(Scanner.Pii.redact(PersonalData.SSN, PersonalData.EMAIL))
///         .build();
/// ```
///
/// @param scanners at most one of each kind
/// @param audit whether network, command, file and security events are recorded; empty: the platform's default
/// @param rego rules of its own; empty for none
/// @param gate what requests to some hosts must be; empty for none
/// @param reportOnly rules and scanners only tell what they would have done
public record SecurityPolicy(
        Optional<NetworkRules> network,
        List<Scanner> scanners,
        List<Transformation> transformations,
        Optional<Boolean> audit,
        List<String> maskedVariables,
        Optional<Rego> rego,
        Optional<Gate> gate,
        boolean reportOnly) {
    public SecurityPolicy {
        scanners = List.copyOf(scanners);
        transformations = List.copyOf(transformations);
        maskedVariables = List.copyOf(maskedVariables);
        if (scanners.stream().map(Scanner::part).distinct().count() < scanners.size()) {
            throw new InvalidPolicy("a scanner is given twice");
        }
    }

    /// In which direction a transformation works.
    public enum Direction {
        OUTBOUND("outbound"),
        INBOUND("inbound"),
        BOTH("both");

        private final String wire;

        Direction(String wire) {
            this.wire = wire;
        }
    }

    /// Lets only these models and endpoints of some hosts be used. Names may have `*` for any run of characters.
    ///
    /// @param endpoints `POST /v1/chat/*`, or a path alone
    public record Gate(List<String> hosts, List<String> models, List<String> endpoints) {
        public Gate {
            hosts = PolicyChecks.hosts("content_gate.domains", hosts);
            models = List.copyOf(models);
            endpoints = List.copyOf(endpoints);
            if (hosts.isEmpty()) throw new InvalidPolicy("content_gate without domains would judge nothing; name hosts");
        }
    }

    /// Replaces what a regular expression matches.
    ///
    /// @param hosts empty: all
    public record Transformation(String match, String replace, Direction direction, List<String> hosts) {
        private static final int PATTERN_CHARS_MAX = 1000;

        public Transformation {
            hosts = PolicyChecks.hosts("transformations.domains", hosts);
            if (match.isEmpty() || match.length() > PATTERN_CHARS_MAX) {
                throw new InvalidPolicy("transformations.match must have 1 to " + PATTERN_CHARS_MAX + " characters");
            }
            try {
                Pattern.compile(match);
            } catch (PatternSyntaxException e) {
                throw new InvalidPolicy("transformations.match is no regular expression: " + e.getDescription());
            }
        }
    }

    /// Rego rules: text, or a reference such as `owasp-llm-top10@v1`, or both.
    ///
    /// @param denyOnError what a failing evaluation means; empty: the platform decides, and denies
    public record Rego(Optional<String> text, Optional<String> reference, Optional<Boolean> denyOnError) {
        public Rego {
            if (text.isEmpty() && reference.isEmpty()) {
                throw new InvalidPolicy("custom_policy has no rules; give a text or a reference");
            }
        }
    }

    public static Builder builder() {
        return new Builder();
    }

    public JsonObject toJson() {
        JsonObject json = new JsonObject();
        network.ifPresent(rules -> json.put("network", rules.toJson()));
        for (Scanner scanner : scanners) json.put(scanner.part(), scanner.toJson());
        if (!transformations.isEmpty()) {
            json.put("transformations", transformations.stream()
                    .map(rule -> new JsonObject()
                            .put("match", rule.match())
                            .put("replace", rule.replace())
                            .put("direction", rule.direction().wire)
                            .put("domains", rule.hosts().isEmpty() ? null : rule.hosts()))
                    .toList());
        }
        audit.ifPresent(on -> json.put("audit", new JsonObject().put("enabled", on)));
        if (!maskedVariables.isEmpty()) json.put("env_security", new JsonObject().put("mask_patterns", maskedVariables));
        rego.ifPresent(rules -> {
            JsonObject custom = new JsonObject().put("enabled", true);
            rules.text().ifPresent(text -> custom.put("inline_rego", text));
            rules.reference().ifPresent(reference -> custom.put("policy_ref", reference));
            rules.denyOnError().ifPresent(deny -> custom.put("default_deny", deny));
            json.put("custom_policy", custom);
        });
        gate.ifPresent(rules -> json.put("content_gate", new JsonObject()
                .put("enabled", true)
                .put("domains", rules.hosts())
                .put("models", rules.models().isEmpty() ? null : rules.models())
                .put("endpoints", rules.endpoints().isEmpty() ? null : rules.endpoints())));
        if (reportOnly) json.put("mode", "report");
        return json;
    }

    /// Collects the parts. Not thread-safe.
    public static final class Builder {
        private NetworkRules network;
        private final List<Scanner> scanners = new ArrayList<>();
        private final List<Transformation> transformations = new ArrayList<>();
        private Boolean audit;
        private final List<String> maskedVariables = new ArrayList<>();
        private Rego rego;
        private Gate gate;
        private boolean reportOnly;

        private Builder() {}

        public Builder network(NetworkRules rules) {
            network = rules;
            return this;
        }

        public Builder scan(Scanner scanner) {
            scanners.add(scanner);
            return this;
        }

        public Builder transform(String match, String replace, Direction direction) {
            transformations.add(new Transformation(match, replace, direction, List.of()));
            return this;
        }

        public Builder audit(boolean on) {
            audit = on;
            return this;
        }

        /// Globs over upper-cased names of variables whose values are secrets; replaces the platform's list.
        public Builder maskVariables(String... globs) {
            maskedVariables.addAll(List.of(globs));
            return this;
        }

        public Builder rego(Rego rules) {
            rego = rules;
            return this;
        }

        public Builder gate(Gate rules) {
            gate = rules;
            return this;
        }

        /// Tells what the policy would have done, and lets it pass.
        public Builder reportOnly() {
            reportOnly = true;
            return this;
        }

        public SecurityPolicy build() {
            return new SecurityPolicy(
                    Optional.ofNullable(network),
                    scanners,
                    transformations,
                    Optional.ofNullable(audit),
                    maskedVariables,
                    Optional.ofNullable(rego),
                    Optional.ofNullable(gate),
                    reportOnly);
        }
    }
}
