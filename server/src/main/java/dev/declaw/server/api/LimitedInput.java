package dev.declaw.server.api;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/// A stream that refuses to be longer than its limit.
final class LimitedInput extends FilterInputStream {
    private long left;

    /// More bytes came than are allowed.
    static final class LimitException extends IOException {
        private static final long serialVersionUID = 1L;

        LimitException() {
            super("the stream is longer than its limit");
        }
    }

    LimitedInput(InputStream in, long bytesMax) {
        super(in);
        this.left = bytesMax;
    }

    @Override
    public int read() throws IOException {
        int value = super.read();
        if (value >= 0) count(1);
        return value;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int n = super.read(bytes, offset, length);
        if (n > 0) count(n);
        return n;
    }

    private void count(int n) throws LimitException {
        left -= n;
        if (left < 0) throw new LimitException();
    }
}
