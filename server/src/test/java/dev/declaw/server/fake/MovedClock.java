package dev.declaw.server.fake;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/// A clock that stands still until a test moves it.
public final class MovedClock implements InstantSource {
    private Instant now = Instant.parse("2026-01-02T03:04:05.123456Z");

    @Override
    public synchronized Instant instant() {
        return now;
    }

    public synchronized void move(Duration by) {
        now = now.plus(by);
    }
}
