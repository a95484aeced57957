package dev.declaw.rego;

import java.util.List;
import java.util.stream.Collectors;

/// What a policy says to one question.
public sealed interface Verdict {
    /// No rule denies it.
    record Passed() implements Verdict {}

    /// At least one rule denies it.
    record Denied(List<Denial> denials) implements Verdict {
        public Denied {
            denials = List.copyOf(denials);
            if (denials.isEmpty()) throw new IllegalArgumentException("a denial has a reason");
        }

        /// The rules, without what they say; may be recorded.
        public String rules() {
            return denials.stream().map(Denial::rule).distinct().collect(Collectors.joining(", "));
        }

        /// What the rules say, for the one who asked.
        public String messages() {
            return denials.stream().map(Denial::message).distinct().collect(Collectors.joining("; "));
        }
    }

    /// It could not be told.
    ///
    /// @param why kind and place, nothing of the input
    record Failed(String why) implements Verdict {}

    Verdict PASSED = new Passed();
}
