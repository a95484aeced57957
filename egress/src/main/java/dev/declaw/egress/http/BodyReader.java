package dev.declaw.egress.http;

import io.netty.buffer.ByteBuf;
import java.util.List;

/// Takes one body off a connection's bytes. Chunk extensions are checked and dropped. One thread at a time.
public final class BodyReader implements BodySource {
    private static final int CHUNK_DIGITS_MAX = 8;
    private static final int CHUNK_LINE_BYTES_MAX = 256;
    /// Extensions carry nothing, so a peer that keeps sending them only burns our time.
    private static final int EXTENSION_BYTES_MAX = 16 * 1024;
    private static final int TRAILER_BYTES_MAX = 8 * 1024;
    private static final HttpViolation CHUNK_LINE = HttpViolation.bad("a chunk line is too long");
    private static final HttpViolation TRAILERS = HttpViolation.bad("the trailers are too large");

    private enum State {
        COUNTED,
        CHUNK_LINE,
        CHUNK_DATA,
        CHUNK_END,
        TRAILERS,
        UNTIL_CLOSE,
        DONE
    }

    private final LineReader lines = new LineReader();
    private State state;
    private long left;
    private int extensionBytes;
    private int trailerBytes;
    private FieldSection trailers;
    private List<Field> trailed = List.of();

    public BodyReader(BodyFraming framing) {
        switch (framing) {
            case BodyFraming.None _ -> state = State.DONE;
            case BodyFraming.Length length -> {
                state = State.COUNTED;
                left = length.bytes();
            }
            case BodyFraming.Chunked _ -> state = State.CHUNK_LINE;
            case BodyFraming.UntilClose _ -> state = State.UNTIL_CLOSE;
        }
    }

    @Override
    public ByteBuf read(ByteBuf in) throws HttpViolation {
        while (true) {
            switch (state) {
                case COUNTED, CHUNK_DATA -> {
                    if (!in.isReadable()) return null;
                    int size = (int) Math.min(left, in.readableBytes());
                    left -= size;
                    if (left == 0) state = state == State.COUNTED ? State.DONE : State.CHUNK_END;
                    return in.readRetainedSlice(size);
                }
                case UNTIL_CLOSE -> {
                    return in.isReadable() ? in.readRetainedSlice(in.readableBytes()) : null;
                }
                case CHUNK_LINE -> {
                    if (!lines.next(in, CHUNK_LINE_BYTES_MAX, CHUNK_LINE)) return null;
                    readChunkLine(lines.bytes(), lines.length());
                }
                case CHUNK_END -> {
                    if (in.readableBytes() < 2) {
                        if (in.isReadable() && in.getByte(in.readerIndex()) != '\r') throw missingEnd();
                        return null;
                    }
                    if (in.readByte() != '\r' || in.readByte() != '\n') throw missingEnd();
                    state = State.CHUNK_LINE;
                }
                case TRAILERS -> {
                    if (!lines.next(in, TRAILER_BYTES_MAX - trailerBytes, TRAILERS)) return null;
                    trailerBytes += lines.length() + 2;
                    if (lines.length() > 0) {
                        trailers.add(lines.bytes(), lines.length());
                    } else {
                        trailed = trailers.finish();
                        state = State.DONE;
                    }
                }
                case DONE -> {
                    return null;
                }
            }
        }
    }

    @Override
    public boolean done() {
        return state == State.DONE;
    }

    /// The fields behind the last chunk, without framing and hop-by-hop fields; empty until the whole body was taken.
    public List<Field> trailers() {
        return trailed;
    }

    /// Says that no more input comes.
    ///
    /// @return true when the body is complete, false when it is cut short
    public boolean endOfInput() {
        if (state == State.UNTIL_CLOSE) state = State.DONE;
        return state == State.DONE;
    }

    private static HttpViolation missingEnd() {
        return HttpViolation.bad("chunk data does not end in CRLF");
    }

    private void readChunkLine(byte[] line, int length) throws HttpViolation {
        int digits = 0;
        long size = 0;
        while (digits < length && Grammar.hexDigit(line[digits]) >= 0) {
            size = size << 4 | Grammar.hexDigit(line[digits]);
            if (++digits > CHUNK_DIGITS_MAX) throw HttpViolation.bad("a chunk size is too long");
        }
        if (digits == 0) throw HttpViolation.bad("a chunk has no size");
        if (digits < length) readExtension(line, digits, length);
        left = size;
        if (size == 0) {
            state = State.TRAILERS;
            trailers = new FieldSection(16);
        } else {
            state = State.CHUNK_DATA;
        }
    }

    private void readExtension(byte[] line, int from, int to) throws HttpViolation {
        extensionBytes += to - from;
        boolean shape = line[from] == ';' && Grammar.isText(line, from, to) && extensionBytes <= EXTENSION_BYTES_MAX;
        int quotes = 0;
        for (int i = from; i < to; i++) {
            if (line[i] == '"') quotes++;
        }
        // An open quote is where another parser may read over the line's end.
        if (!shape || quotes % 2 != 0) throw HttpViolation.bad("a chunk extension is malformed");
    }
}
