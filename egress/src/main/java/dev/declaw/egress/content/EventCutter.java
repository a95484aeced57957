package dev.declaw.egress.content;

import java.io.ByteArrayOutputStream;

/// Cuts a stream into its events: server-sent events at blank lines (WHATWG HTML §9.2), lines of NDJSON at line ends. Each
/// event keeps its end, so that all of them together are the stream. One thread at a time.
abstract class EventCutter implements ResponseFilter {
    /// A longer event is handed on in pieces.
    private static final int EVENT_BYTES_MAX = 256 * 1024;

    /// Up to here the beginning of an event is looked at with each byte; beyond, whenever it has doubled. So an event that
    /// comes byte by byte costs as much as one that comes whole.
    private static final int LOOKED_AT_BYTES = 64;

    private final boolean lines;
    private final ByteArrayOutputStream open = new ByteArrayOutputStream();
    private boolean lineEmpty = true;
    private boolean afterReturn;
    private boolean passing;
    private int lookAtBytes;

    /// @param lines whether each line is an event
    EventCutter(boolean lines) {
        this.lines = lines;
    }

    /// How much of an event it is.
    enum Part {
        WHOLE,
        /// A piece of an event that is too long, or that need not be whole.
        PIECE,
        /// The last piece.
        LAST
    }

    abstract void event(byte[] bytes, Part part, ByteArrayOutputStream out);

    /// Whether an event that begins like this need not be held back until it is whole.
    ///
    /// @param begun the event so far
    abstract boolean passes(byte[] begun);

    /// The stream is over.
    abstract void ended(ByteArrayOutputStream out);

    @Override
    public byte[] feed(byte[] bytes, int offset, int length) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(length + 64);
        for (int i = offset; i < offset + length; i++) {
            byte b = bytes[i];
            if (afterReturn && b != '\n') endLine(out);
            open.write(b);
            if (b == '\r') {
                afterReturn = true;
            } else if (b == '\n') {
                endLine(out);
            } else {
                lineEmpty = false;
                if (open.size() >= EVENT_BYTES_MAX) takePiece(out);
            }
        }
        // A lone CR ends a line; when nothing follows, the event must not wait for the next one.
        if (afterReturn && lineEmpty && !lines) endLine(out);
        if (open.size() > 0 && (passing || mayPass())) takePiece(out);
        return out.toByteArray();
    }

    private boolean mayPass() {
        if (open.size() < lookAtBytes) return false;
        lookAtBytes = open.size() < LOOKED_AT_BYTES ? 0 : 2 * open.size();
        return passes(open.toByteArray());
    }

    private void endLine(ByteArrayOutputStream out) {
        boolean over = lines || lineEmpty;
        afterReturn = false;
        lineEmpty = true;
        if (over) take(out);
    }

    private void takePiece(ByteArrayOutputStream out) {
        byte[] piece = open.toByteArray();
        open.reset();
        passing = true;
        event(piece, Part.PIECE, out);
    }

    private void take(ByteArrayOutputStream out) {
        byte[] event = open.toByteArray();
        open.reset();
        lookAtBytes = 0;
        if (passing) event(event, Part.LAST, out);
        else if (event.length > 0) event(event, Part.WHOLE, out);
        passing = false;
    }

    @Override
    public byte[] finish() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        take(out);
        ended(out);
        return out.toByteArray();
    }
}
