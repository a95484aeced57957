package dev.declaw.linux;

import java.nio.charset.StandardCharsets;

/// The last bytes of a stream, in constant memory. Thread-safe.
public final class Tail {
    private final byte[] ring;
    private long written;

    public Tail(int bytesMax) {
        this.ring = new byte[bytesMax];
    }

    public synchronized void write(byte[] bytes, int length) {
        int skip = Math.max(0, length - ring.length);
        written += skip;
        for (int i = skip; i < length; i++) {
            ring[(int) (written++ % ring.length)] = bytes[i];
        }
    }

    /// What is kept, oldest byte first, as UTF-8 with control characters other than line ends made visible as `.`: it
    /// comes from programs and guests, and goes to logs and terminals.
    public synchronized String text() {
        int length = (int) Math.min(written, ring.length);
        byte[] kept = new byte[length];
        for (int i = 0; i < length; i++) {
            kept[i] = ring[(int) ((written - length + i) % ring.length)];
        }
        return new String(kept, StandardCharsets.UTF_8)
                .replace("\r\n", "\n")
                .replaceAll("[\\p{Cntrl}&&[^\\n\\t]]", ".");
    }
}
