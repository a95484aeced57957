package dev.declaw.egress.content;

import java.io.ByteArrayOutputStream;

/// Holds a response's body back until it is whole, because what is to be done needs all of it: a coding that was not asked
/// for, or a rewriting rule that may match anywhere. One thread at a time.
final class WholeBody implements ResponseFilter {
    /// Larger bodies are cut.
    static final int BYTES_MAX = 16 * 1024 * 1024;

    private static final byte[] NOTHING = {};

    /// What is done with the whole.
    interface Work {
        /// @throws UnreadableResponseException when it cannot be done
        byte[] apply(byte[] body);
    }

    private final ByteArrayOutputStream held = new ByteArrayOutputStream();
    private final Work work;

    WholeBody(Work work) {
        this.work = work;
    }

    @Override
    public byte[] feed(byte[] bytes, int offset, int length) {
        if (held.size() + (long) length > BYTES_MAX) {
            throw new UnreadableResponseException("more than " + BYTES_MAX + " bytes to hold back");
        }
        held.write(bytes, offset, length);
        return NOTHING;
    }

    @Override
    public byte[] finish() {
        byte[] body = held.toByteArray();
        held.reset();
        return body.length == 0 ? NOTHING : work.apply(body);
    }
}
