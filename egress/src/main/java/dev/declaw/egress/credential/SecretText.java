package dev.declaw.egress.credential;

import java.util.Objects;

/// A secret that never prints itself.
///
/// @param reveal the text itself: for the upstream request and for the search for it in responses, for nothing else
public record SecretText(String reveal) {
    public SecretText {
        Objects.requireNonNull(reveal);
    }

    @Override
    public String toString() {
        return "***";
    }
}
