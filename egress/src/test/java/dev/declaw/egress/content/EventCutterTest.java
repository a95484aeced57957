package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class EventCutterTest {
    private static final int EVENT_BYTES = 200_000;

    private long lookedAt;

    private final EventCutter cutter = new EventCutter(false) {
        @Override
        void event(byte[] bytes, Part part, ByteArrayOutputStream out) {
            out.writeBytes(bytes);
        }

        @Override
        boolean passes(byte[] begun) {
            lookedAt += begun.length;
            return new String(begun, StandardCharsets.US_ASCII).startsWith("data: plain");
        }

        @Override
        void ended(ByteArrayOutputStream out) {}
    };

    @Test
    void anEventThatComesByteByByteCostsNoMoreThanItsLength() {
        byte[] event = ("data: {\"x\":\"" + "y".repeat(EVENT_BYTES) + "\"}\n\n").getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < event.length; i++) out.writeBytes(cutter.feed(event, i, 1));
        assertThat(out.toByteArray()).isEqualTo(event);
        assertThat(lookedAt).as("bytes that were looked at").isLessThan(4L * event.length);
    }

    @Test
    void whatNeedNotWaitDoesNotWaitForItsEnd() {
        byte[] begun = "data: plain text".getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < begun.length; i++) out.writeBytes(cutter.feed(begun, i, 1));
        assertThat(out.toByteArray()).isEqualTo(begun);
    }
}
