package dev.declaw.server.api;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/// When a long call must send a byte.
final class KeepAlive {
    /// Until then a quick failure can still use a status (wire-api 1.10).
    private static final Duration FIRST = Duration.ofSeconds(30);

    private static final Duration NEXT = Duration.ofSeconds(10);

    private final InstantSource clock;
    private Instant next;

    KeepAlive(InstantSource clock) {
        this.clock = clock;
        this.next = clock.instant().plus(FIRST);
    }

    boolean due() {
        Instant now = clock.instant();
        if (now.isBefore(next)) return false;
        next = now.plus(NEXT);
        return true;
    }
}
