package dev.declaw.model.scan;

import java.util.Objects;
import java.util.Optional;

/// How sure an injection scanner must be, in the wire's words (wire-api 15.4). Which score each word stands for is the
/// scanner's business; it publishes that.
///
/// @param threshold 0 to 1; wins over the sensitivity
/// @param sensitivity counts only without a threshold
/// @param posture may only tighten what the other two say
public record InjectionLevels(Optional<Double> threshold, Optional<Sensitivity> sensitivity, Optional<Posture> posture) {
    public enum Sensitivity {
        LOW,
        MEDIUM,
        HIGH
    }

    public enum Posture {
        STRICT("strict"),
        BALANCED("balanced"),
        PERMISSIVE("permissive"),
        AGENTIC_TOOL("agentic-tool"),
        DATA_EGRESS_SENSITIVE("data-egress-sensitive");

        private final String wire;

        Posture(String wire) {
            this.wire = wire;
        }

        public String wire() {
            return wire;
        }
    }

    /// The wire's default: threshold 0.95, no posture.
    public static final InjectionLevels DEFAULT =
            new InjectionLevels(Optional.of(0.95), Optional.empty(), Optional.empty());

    public InjectionLevels {
        Objects.requireNonNull(sensitivity);
        Objects.requireNonNull(posture);
        if (threshold.isPresent() && !(threshold.get() >= 0 && threshold.get() <= 1)) {
            throw new IllegalArgumentException("threshold outside 0..1");
        }
    }
}
