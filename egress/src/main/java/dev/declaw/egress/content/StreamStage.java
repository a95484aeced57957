package dev.declaw.egress.content;

import dev.declaw.model.policy.Reason;
import java.util.Map;

/// An edit stage at work on a body that is too large to be held: it gets the text piece by piece, gives back what it has
/// judged, and keeps the end of it until it knows what follows. What it gives back in all does not depend on how the text was cut.
/// One thread at a time.
interface StreamStage {
    /// @param text judged, and changed where that was called for; it may leave
    /// @param verdict what was found in it
    record Piece(String text, Screened<String> verdict) {
        static Piece refused(Reason reason) {
            return new Piece("", new Screened.Blocked<>(Map.of(), reason));
        }

        static Piece of(String text, Map<String, Integer> counts, boolean logged) {
            if (counts.isEmpty()) return new Piece(text, new Screened.Clean<>());
            return new Piece(text, logged ? new Screened.Logged<>(counts) : new Screened.Redacted<>(text, counts));
        }
    }

    /// @param text what follows, or empty
    /// @param last whether nothing follows it
    Piece feed(String text, boolean last);

    /// Characters that are kept until it is known what follows.
    int heldChars();
}
