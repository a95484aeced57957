package dev.declaw.model.policy;

import dev.declaw.model.network.HostName;
import dev.declaw.model.scan.InjectionLevels;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// What the content stages beside PII do with requests and responses, in the order in which they run.
///
/// @param invisibleText hidden characters: taken out, blocked or recorded
/// @param transformations rules in the order of the policy
/// @param injection prompt injection
/// @param toxicity insults, threats and the like
/// @param codeSecurity harmful commands and payloads
/// @param gate which models and endpoints may be called
public record ContentPolicy(
        StagePolicy invisibleText,
        List<Transformation> transformations,
        Injection injection,
        Toxicity toxicity,
        CodeSecurity codeSecurity,
        ContentGate gate) {

    /// @param levels how sure the scanner must be
    public record Injection(StagePolicy stage, InjectionLevels levels) {}

    /// @param threshold 0 to 1
    public record Toxicity(StagePolicy stage, double threshold) {}

    /// @param threshold 0 to 1
    /// @param excludedLanguages lower case
    public record CodeSecurity(StagePolicy stage, double threshold, Set<String> excludedLanguages) {
        public CodeSecurity {
            excludedLanguages = Set.copyOf(excludedLanguages);
        }
    }

    /// Nothing switched on, with the wire's defaults (wire-api 15.13).
    public static final ContentPolicy OFF = new ContentPolicy(
            StagePolicy.off(ContentAction.STRIP, HostSelector.ALL),
            List.of(),
            new Injection(StagePolicy.off(ContentAction.LOG_ONLY, HostSelector.NONE), InjectionLevels.DEFAULT),
            new Toxicity(StagePolicy.off(ContentAction.BLOCK, HostSelector.ALL), 0.9),
            new CodeSecurity(StagePolicy.off(ContentAction.LOG_ONLY, HostSelector.ALL), 0.6, Set.of()),
            ContentGate.OFF);

    public ContentPolicy {
        transformations = List.copyOf(transformations);
    }

    /// Whether any stage reads what goes to this host or comes from it.
    public boolean covers(Optional<HostName> host) {
        return stages().anyMatch(stage -> stage.enabled() && stage.hosts().covers(host))
                || transformations.stream().anyMatch(rule -> rule.hosts().covers(host))
                || gate.enabled() && gate.hosts().covers(host);
    }

    /// Whether any stage can read anything.
    public boolean active() {
        return stages().anyMatch(stage -> stage.enabled() && !stage.hosts().none())
                || transformations.stream().anyMatch(rule -> !rule.hosts().none())
                || gate.enabled() && !gate.hosts().none();
    }

    private Stream<StagePolicy> stages() {
        return Stream.of(invisibleText, injection.stage(), toxicity.stage(), codeSecurity.stage());
    }
}
