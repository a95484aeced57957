package dev.declaw.model.policy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.model.scan.InjectionLevels;
import dev.declaw.model.scan.InjectionLevels.Posture;
import dev.declaw.model.scan.InjectionLevels.Sensitivity;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Reads the blocks of the content stages beside PII (wire-api 15.4 to 15.8). What is valid but has no effect gets a
/// warning. Used by one [PolicyReader].
final class ContentReader {
    private static final int RULES_MAX = 100;

    private final List<String> warnings;
    private StagePolicy invisible = ContentPolicy.OFF.invisibleText();
    private List<Transformation> transformations = List.of();
    private ContentPolicy.Injection injection = ContentPolicy.OFF.injection();
    private ContentPolicy.Toxicity toxicity = ContentPolicy.OFF.toxicity();
    private ContentPolicy.CodeSecurity code = ContentPolicy.OFF.codeSecurity();
    private ContentGate gate = ContentGate.OFF;
    private CustomPolicy custom = CustomPolicy.NONE;

    ContentReader(List<String> warnings) {
        this.warnings = warnings;
    }

    /// Reads one block.
    ///
    /// @param name of the block in snake case
    /// @return whether there is such a block
    boolean read(String name, JsonNode node) {
        switch (name) {
            case "invisible_text" -> readInvisible(node);
            case "transformations" -> readTransformations(node);
            case "injection_defense" -> readInjection(node);
            case "toxicity" -> readToxicity(node);
            case "code_security" -> readCode(node);
            case "content_gate" -> readGate(node);
            case "custom_policy" -> custom = CustomPolicyReader.read(node, warnings);
            default -> {
                return false;
            }
        }
        return true;
    }

    ContentPolicy policy() {
        boolean injectionPack = custom.pack().filter(pack -> pack.startsWith("prompt-injection@")).isPresent();
        if (injectionPack && !injection.stage().enabled()) {
            warnings.add("custom_policy: the prompt-injection pack has no effect while injection_defense is off");
        }
        return new ContentPolicy(invisible, transformations, injection, toxicity, code, gate);
    }

    CustomPolicy custom() {
        return custom;
    }

    /// The members that all stages share, and a visitor for the others.
    private static final class Stage {
        boolean enabled;
        ContentAction action;
        boolean actionGiven;
        HostSelector hosts;
        boolean blockOnError = true;

        Stage(StagePolicy off) {
            action = off.action();
            hosts = off.hosts();
        }

        StagePolicy policy() {
            return new StagePolicy(enabled, action, hosts, blockOnError);
        }
    }

    private interface OtherMembers {
        /// @return false for a member that is unknown
        boolean read(String name, String path, JsonNode value);
    }

    private static Stage stage(String block, JsonNode node, StagePolicy off, String others, List<ContentAction> actions, OtherMembers rest) {
        String field = "security." + block;
        Stage stage = new Stage(off);
        if (node.isBoolean()) {
            stage.enabled = node.booleanValue();
            return stage;
        }
        PolicyJson.object(field, node);
        for (var member : node.properties()) {
            JsonNode value = member.getValue();
            String path = field + "." + member.getKey();
            if (value.isNull()) continue;
            String name = PolicyJson.snake(member.getKey());
            switch (name) {
                case "enabled" -> stage.enabled = PolicyJson.bool(path, value);
                case "action" -> {
                    stage.action = PolicyJson.action(path, value, actions.toArray(ContentAction[]::new));
                    stage.actionGiven = true;
                }
                case "domains" -> {
                    HostSelector hosts = PolicyJson.readHosts(path, value);
                    stage.hosts = hosts.all() ? off.hosts() : hosts;
                }
                case "on_error" -> stage.blockOnError = PolicyJson.blocksOnError(path, value);
                default -> {
                    if (!rest.read(name, path, value)) {
                        throw PolicyJson.unknown(path, "enabled, action, domains, on_error" + others);
                    }
                }
            }
        }
        return stage;
    }

    private void readInvisible(JsonNode node) {
        Stage stage = stage(
                "invisible_text",
                node,
                ContentPolicy.OFF.invisibleText(),
                ", detect_zero_width",
                List.of(ContentAction.STRIP, ContentAction.BLOCK, ContentAction.LOG_ONLY),
                (name, path, value) -> name.equals("detect_zero_width") && always(path, value, "zero-width characters"));
        invisible = stage.policy();
    }

    /// A switch of the Go client for what is always on here.
    private boolean always(String path, JsonNode value, String what) {
        if (!PolicyJson.bool(path, value)) warnings.add(path.substring(9) + ": " + what + " are always looked for");
        return true;
    }

    private void readInjection(JsonNode node) {
        Levels levels = new Levels();
        Stage stage = stage(
                "injection_defense",
                node,
                ContentPolicy.OFF.injection().stage(),
                ", sensitivity, threshold, judge, injection_mode",
                List.of(ContentAction.BLOCK, ContentAction.LOG_ONLY),
                levels::read);
        injection = new ContentPolicy.Injection(stage.policy(), levels.levels());
        if (!stage.enabled) return;
        if (stage.hosts.none()) {
            warnings.add("injection_defense: has no domains, so nothing is scanned; name the hosts in domains, or \"*\" for all");
        }
        if (levels.judge) {
            warnings.add("injection_defense.judge: there is no second-tier judge on this server; the scanner decides alone");
        }
    }

    private static final class Levels {
        private Optional<Double> threshold = Optional.empty();
        private Optional<Sensitivity> sensitivity = Optional.empty();
        private Optional<Posture> posture = Optional.empty();
        private boolean judge;

        boolean read(String name, String path, JsonNode value) {
            switch (name) {
                case "threshold" -> threshold = Optional.of(PolicyJson.share(path, value));
                case "sensitivity" -> sensitivity = Optional.of(sensitivity(path, value));
                case "injection_mode" -> posture = Optional.of(posture(path, value));
                case "judge" -> judge = judge(path, value);
                default -> {
                    return false;
                }
            }
            return true;
        }

        InjectionLevels levels() {
            Optional<Double> score = threshold.or(() -> sensitivity.isPresent() ? Optional.empty() : InjectionLevels.DEFAULT.threshold());
            return new InjectionLevels(score, score.isPresent() ? Optional.empty() : sensitivity, posture);
        }

        private static Sensitivity sensitivity(String path, JsonNode value) {
            return switch (PolicyJson.text(path, value)) {
                case "low" -> Sensitivity.LOW;
                case "medium" -> Sensitivity.MEDIUM;
                case "high" -> Sensitivity.HIGH;
                default -> throw new PolicyException(path, "'" + value.textValue() + "' is none of low, medium, high");
            };
        }

        private static Posture posture(String path, JsonNode value) {
            String word = PolicyJson.text(path, value);
            for (Posture posture : Posture.values()) {
                if (posture.wire().equals(word)) return posture;
            }
            throw new PolicyException(
                    path, "'" + word + "' is none of strict, balanced, permissive, agentic-tool, data-egress-sensitive");
        }

        private static boolean judge(String path, JsonNode value) {
            PolicyJson.object(path, value);
            boolean enabled = false;
            for (var member : value.properties()) {
                String inner = path + "." + member.getKey();
                if (member.getValue().isNull()) continue;
                switch (member.getKey()) {
                    case "enabled" -> enabled = PolicyJson.bool(inner, member.getValue());
                    case "always" -> PolicyJson.bool(inner, member.getValue());
                    case "policy" -> PolicyJson.text(inner, member.getValue());
                    default -> throw PolicyJson.unknown(inner, "enabled, always, policy");
                }
            }
            return enabled;
        }
    }

    private void readToxicity(JsonNode node) {
        double[] threshold = {ContentPolicy.OFF.toxicity().threshold()};
        Stage stage = stage(
                "toxicity",
                node,
                ContentPolicy.OFF.toxicity().stage(),
                ", threshold",
                List.of(ContentAction.BLOCK, ContentAction.LOG_ONLY),
                (name, path, value) -> {
                    if (!name.equals("threshold")) return false;
                    threshold[0] = PolicyJson.share(path, value);
                    return true;
                });
        // The Go client writes its zero value for "not set", and never an action (wire-api 15.6).
        if (threshold[0] == 0 && !stage.actionGiven) threshold[0] = ContentPolicy.OFF.toxicity().threshold();
        if (stage.enabled && threshold[0] == 0) warnings.add("toxicity.threshold: 0 makes every text toxic");
        toxicity = new ContentPolicy.Toxicity(stage.policy(), threshold[0]);
    }

    private void readCode(JsonNode node) {
        double[] threshold = {ContentPolicy.OFF.codeSecurity().threshold()};
        Set<String> excluded = new HashSet<>();
        Stage stage = stage(
                "code_security",
                node,
                ContentPolicy.OFF.codeSecurity().stage(),
                ", threshold, excluded_languages, detect_suspicious_imports",
                List.of(ContentAction.BLOCK, ContentAction.LOG_ONLY),
                (name, path, value) -> {
                    switch (name) {
                        case "threshold" -> threshold[0] = PolicyJson.share(path, value);
                        case "excluded_languages" ->
                            PolicyJson.texts(path, value).forEach(word -> excluded.add(word.toLowerCase(Locale.ROOT)));
                        case "detect_suspicious_imports" -> always(path, value, "suspicious imports");
                        default -> {
                            return false;
                        }
                    }
                    return true;
                });
        code = new ContentPolicy.CodeSecurity(stage.policy(), threshold[0], excluded);
    }

    private void readGate(JsonNode node) {
        gate = GateReader.read(node);
        if (!gate.enabled()) return;
        if (gate.hosts().none()) {
            warnings.add("content_gate: has no domains, so it gates nothing; name the hosts in domains");
        } else if (gate.models().isEmpty() && gate.endpoints().isEmpty()) {
            warnings.add("content_gate: has neither models nor endpoints, so everything passes; list what may be called");
        }
    }

    private void readTransformations(JsonNode node) {
        String field = "security.transformations";
        PolicyJson.array(field, node);
        if (node.size() > RULES_MAX) {
            throw new PolicyException(field, "has " + node.size() + " entries; the limit is " + RULES_MAX);
        }
        List<Transformation> rules = new ArrayList<>(node.size());
        for (int i = 0; i < node.size(); i++) rules.add(transformation(field + "[" + i + "]", node.get(i)));
        transformations = List.copyOf(rules);
    }

    private Transformation transformation(String field, JsonNode node) {
        PolicyJson.object(field, node);
        String match = "";
        String replace = null;
        Transformation.Direction direction = Transformation.Direction.OUTBOUND;
        HostSelector hosts = HostSelector.ALL;
        for (var member : node.properties()) {
            JsonNode value = member.getValue();
            String path = field + "." + member.getKey();
            switch (PolicyJson.snake(member.getKey())) {
                case "match" -> match = PolicyJson.text(path, value);
                case "replace" -> replace = PolicyJson.text(path, value);
                case "direction" -> direction = value.isNull() ? direction : direction(path, value);
                case "domains" -> hosts = value.isNull() ? hosts : PolicyJson.readHosts(path, value);
                // JavaScript clients pass on whatever their callers put beside the members (wire-api 15.5).
                default -> warnings.add(path.substring(9) + ": is unknown and has no effect; "
                        + "the members are match, replace, direction, domains");
            }
        }
        if (replace == null) throw new PolicyException(field + ".replace", "is missing");
        Transformation rule = Transformation.parse(field, match, replace, direction, hosts);
        if (rule.matchesNothing()) {
            warnings.add(field.substring(9) + ".match: also matches the empty text; such matches are left alone");
        }
        return rule;
    }

    private static Transformation.Direction direction(String path, JsonNode value) {
        return switch (PolicyJson.text(path, value)) {
            case "outbound", "out", "" -> Transformation.Direction.OUTBOUND;
            case "inbound", "in" -> Transformation.Direction.INBOUND;
            case "both" -> Transformation.Direction.BOTH;
            default -> throw new PolicyException(path, "'" + value.textValue() + "' is none of outbound, inbound, both");
        };
    }
}
