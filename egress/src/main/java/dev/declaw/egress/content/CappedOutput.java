package dev.declaw.egress.content;

import java.io.ByteArrayOutputStream;

/// Collects decoded bytes and refuses bombs: more than a cap, or grossly more than went in.
final class CappedOutput {
    /// Decoded size from which the ratio counts; small bodies may be very regular.
    private static final int RATIO_FROM_BYTES = 1024 * 1024;

    private static final int RATIO_MAX = 200;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final long bytesMax;

    CappedOutput(int bytesMax, int inputBytes) {
        this.bytesMax = Math.min(bytesMax, Math.max(RATIO_FROM_BYTES, (long) inputBytes * RATIO_MAX));
    }

    void write(byte[] bytes, int offset, int length) {
        if (out.size() + (long) length > bytesMax) throw new TooLargeException();
        out.write(bytes, offset, length);
    }

    byte[] toByteArray() {
        return out.toByteArray();
    }

    static final class TooLargeException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLargeException() {
            super("decoded body too large", null, false, false);
        }
    }
}
