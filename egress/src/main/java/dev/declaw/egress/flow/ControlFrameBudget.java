package dev.declaw.egress.flow;

import dev.declaw.egress.websocket.WebSocketViolation;
import java.util.concurrent.TimeUnit;

/// How many control frames one side of a WebSocket may send: they are cheap to send and make both sides work. One thread at
/// a time.
final class ControlFrameBudget {
    private static final int FRAMES_PER_SECOND_MAX = 100;
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(1);

    private long windowStart = System.nanoTime();
    private int spent;

    void spend() throws WebSocketViolation {
        long now = System.nanoTime();
        if (now - windowStart > WINDOW_NANOS) {
            windowStart = now;
            spent = 0;
        }
        if (++spent > FRAMES_PER_SECOND_MAX) throw WebSocketViolation.flood("too many control frames");
    }
}
