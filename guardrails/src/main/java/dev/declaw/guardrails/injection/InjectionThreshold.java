package dev.declaw.guardrails.injection;

/// The published operating points. A score is calibrated so that .5 flags about 1 % of ordinary benign texts, .8 about
/// .3 % and .95 about .1 %; docs/guardrails-models.md tells what each catches.
public final class InjectionThreshold {
    /// The wire's default when neither threshold nor sensitivity is given.
    public static final double DEFAULT = 0.95;

    private InjectionThreshold() {}

    /// The score from which a text of this origin counts.
    ///
    /// @param threshold of the policy, or null; wins over the sensitivity
    /// @param sensitivity low, medium or high, or null
    /// @param posture strict, balanced, permissive, agentic-tool or data-egress-sensitive, or null; may only tighten
    /// @throws IllegalArgumentException on an unknown word or a threshold outside 0..1
    public static double of(Double threshold, String sensitivity, String posture, Origin origin) {
        double base = DEFAULT;
        if (threshold != null) {
            if (!(threshold >= 0 && threshold <= 1)) throw new IllegalArgumentException("threshold outside 0..1");
            base = threshold;
        } else if (sensitivity != null) {
            base = switch (sensitivity) {
                case "low" -> 0.95;
                case "medium" -> 0.8;
                case "high" -> 0.5;
                default -> throw new IllegalArgumentException("unknown sensitivity: " + sensitivity);
            };
        }
        if (posture == null) return base;
        double ceiling = switch (posture) {
            case "strict" -> 0.5;
            case "balanced" -> 0.8;
            case "permissive" -> 0.95;
            case "agentic-tool" -> origin == Origin.TOOL || origin == Origin.UNKNOWN ? 0.5 : 0.8;
            case "data-egress-sensitive" -> 0.65;
            default -> throw new IllegalArgumentException("unknown injection mode: " + posture);
        };
        return Math.min(base, ceiling);
    }
}
