package dev.declaw.model.policy;

import java.util.Optional;

/// The answer to a policy question: never a bare boolean, always with its reason.
public sealed interface Decision {
    Reason reason();

    /// The rule that decided, as its author wrote it; empty when a default or the floor did.
    Optional<String> rule();

    record Allow(Reason reason, Optional<String> rule) implements Decision {}

    record Deny(Reason reason, Optional<String> rule) implements Decision {}

    /// It passes because the policy only reports; `reason` is why it would have been denied or changed.
    record Report(Reason reason, Optional<String> rule) implements Decision {}

    static Decision allow(Reason reason, String rule) {
        return new Allow(reason, Optional.ofNullable(rule));
    }

    static Decision deny(Reason reason, String rule) {
        return new Deny(reason, Optional.ofNullable(rule));
    }

    default boolean allowed() {
        return !(this instanceof Deny);
    }

    /// `allow`, `deny` or `report`.
    default String wire() {
        return switch (this) {
            case Allow _ -> "allow";
            case Deny _ -> "deny";
            case Report _ -> "report";
        };
    }
}
