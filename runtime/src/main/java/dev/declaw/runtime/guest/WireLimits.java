package dev.declaw.runtime.guest;

import java.time.Duration;

/// What a guest may send us at most (G1: it is hostile, and so is whatever answers in its agent's place).
final class WireLimits {
    static final int HEAD_BYTES_MAX = 16384;
    static final int HEADERS_MAX = 64;
    static final int CHUNK_LINE_BYTES_MAX = 256;
    static final int JSON_BYTES_MAX = 8 << 20;
    static final int FRAME_BYTES_MAX = 65536;
    static final int LISTING_ENTRIES_MAX = 10_000;
    static final int PROCESSES_MAX = 10_000;
    static final int TEXT_CHARACTERS_MAX = 4096;
    static final int MESSAGE_CHARACTERS_MAX = 300;
    /// Below what the agent admits (512). Each follower of a process holds one.
    static final int CONNECTIONS_MAX = 256;
    static final int IDLE_CONNECTIONS_MAX = 8;

    static final Duration CONNECT_DEADLINE = Duration.ofSeconds(5);

    /// Silence during an answer. Event streams send something every 10 s.
    static final Duration READ_DEADLINE = Duration.ofSeconds(30);

    /// For one piece of at most 1 MiB to be taken.
    static final Duration WRITE_DEADLINE = Duration.ofSeconds(30);

    private WireLimits() {}
}
