package dev.declaw.egress.http;

import io.netty.buffer.ByteBuf;

/// The body of a message in a stream of HTTP/2, whose frames say where it ends; what was announced must come (RFC 9113
/// §8.1.1). One thread at a time.
public final class StreamBody implements BodySource {
    private final long announced;
    private long arrived;
    private long taken;
    private boolean ended;

    /// @param framing a length is checked, everything else ends with the stream
    public StreamBody(BodyFraming framing) {
        this.announced = switch (framing) {
            case BodyFraming.Length length -> length.bytes();
            case BodyFraming.None _ -> 0;
            case BodyFraming.Chunked _, BodyFraming.UntilClose _ -> -1;
        };
    }

    /// Says that a frame came.
    ///
    /// @param bytes of data in it
    /// @param last whether it ends the stream
    public void arrived(int bytes, boolean last) throws HttpViolation {
        arrived += bytes;
        ended |= last;
        if (announced >= 0 && (arrived > announced || ended && arrived < announced)) {
            throw HttpViolation.bad("the data does not add up to Content-Length");
        }
    }

    @Override
    public ByteBuf read(ByteBuf in) {
        int size = in.readableBytes();
        taken += size;
        return size == 0 ? null : in.readRetainedSlice(size);
    }

    @Override
    public boolean done() {
        return ended && taken == arrived;
    }
}
