package dev.declaw.egress.content;

import dev.declaw.model.policy.Reason;
import java.util.Map;

/// What came of screening one part of a request. Counts map a type's wire name (`ssn`) to its findings; they hold no text.
///
/// @param <T> `String` for targets and headers, `byte[]` for bodies
public sealed interface Screened<T> {
    /// Findings by type; empty when there are none.
    Map<String, Integer> counts();

    /// Nothing found: send the part as it is.
    record Clean<T>() implements Screened<T> {
        @Override
        public Map<String, Integer> counts() {
            return Map.of();
        }
    }

    /// Send `content` instead of the part (for bodies: decoded, so identity coding and a new length).
    record Redacted<T>(T content, Map<String, Integer> counts) implements Screened<T> {
        public Redacted {
            counts = Map.copyOf(counts);
        }
    }

    /// Found, but the policy only records it: send the part as it is.
    record Logged<T>(Map<String, Integer> counts) implements Screened<T> {
        public Logged {
            counts = Map.copyOf(counts);
        }
    }

    /// The request must not leave.
    record Blocked<T>(Map<String, Integer> counts, Reason reason) implements Screened<T> {
        public Blocked {
            counts = Map.copyOf(counts);
        }
    }
}
