package dev.declaw.egress.content;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Turns tokens back in a stream of JSON events, even where a token is cut between the deltas of a model's answer:
/// `{"delta":"REDACTED_E"}`, `{"delta":"MAIL_1 is"}`. Events whose last text may be the beginning of a token wait, with
/// those behind them, until it is one or cannot be; then the value stands in the event in which the token began. No event
/// is invented, dropped or put out of order. One thread at a time.
final class EventRehydrator extends EventCutter {
    /// Events that wait for the rest of a token, and their bytes. Beyond it they go on as they are.
    private static final int WAITING_EVENTS_MAX = 64;
    private static final int WAITING_BYTES_MAX = 512 * 1024;

    private final boolean lines;
    private final TokenVault vault;
    private final String host;
    private final Rehydrator plain;
    private final Deque<DeltaEvent> waiting = new ArrayDeque<>();
    private final Map<String, Tail> tails = new HashMap<>();
    private int waitingBytes;

    /// A stretch of a text of an event.
    private record Stretch(DeltaEvent event, DeltaEvent.Piece piece, int from, int to) {}

    /// What may become a token, and where it stands.
    private record Tail(String text, List<Stretch> stretches) {}

    EventRehydrator(TokenVault vault, String host, boolean lines) {
        super(lines);
        this.lines = lines;
        this.vault = vault;
        this.host = host;
        this.plain = new Rehydrator(vault, host, Carrier.JSON);
    }

    @Override
    boolean passes(byte[] begun) {
        return DeltaEvent.isNone(begun, lines);
    }

    @Override
    void event(byte[] bytes, Part part, ByteArrayOutputStream out) {
        Optional<DeltaEvent> read = part == Part.WHOLE ? DeltaEvent.read(bytes, lines) : Optional.empty();
        if (read.isEmpty()) {
            settle(out);
            out.writeBytes(plain.feed(bytes, 0, bytes.length));
            if (part != Part.PIECE) out.writeBytes(plain.finish());
            return;
        }
        DeltaEvent event = read.get();
        for (DeltaEvent.Piece piece : event.pieces()) look(event, piece);
        waiting.addLast(event);
        waitingBytes += bytes.length;
        release(out);
        if (waiting.size() > WAITING_EVENTS_MAX || waitingBytes > WAITING_BYTES_MAX) settle(out);
    }

    private void look(DeltaEvent event, DeltaEvent.Piece piece) {
        String own = piece.view().text();
        if (own.isEmpty()) return;
        Tail tail = piece.channel().isEmpty() ? null : tails.remove(piece.channel());
        String text = tail == null ? own : tail.text + own;
        int carried = text.length() - own.length();
        if (tail != null) tail.stretches.forEach(stretch -> stretch.event.waits--);
        byte[] ascii = text.getBytes(StandardCharsets.ISO_8859_1);
        boolean last = piece.channel().isEmpty();
        for (int at = text.indexOf('R'); at >= 0; ) {
            Tokens.At token = Tokens.at(ascii, at, ascii.length, last);
            if (token.match() == Tokens.Match.OPEN) {
                List<Stretch> stretches = stretches(tail, event, piece, at, text.length(), carried);
                stretches.forEach(stretch -> stretch.event.waits++);
                tails.put(piece.channel(), new Tail(text.substring(at), stretches));
                return;
            }
            int next = at + 1;
            if (token.match() == Tokens.Match.TOKEN) {
                int end = token.end();
                Optional<String> value = vault.valueOf(text.substring(at, end), host);
                if (value.isPresent()) {
                    put(stretches(tail, event, piece, at, end, carried), value.get());
                    next = end;
                }
            }
            at = text.indexOf('R', next);
        }
    }

    /// The stretches that text from `from` to `to` covers, where the first `carried` characters are the tail's.
    private static List<Stretch> stretches(
            Tail tail, DeltaEvent event, DeltaEvent.Piece piece, int from, int to, int carried) {
        List<Stretch> covered = new ArrayList<>();
        int at = 0;
        if (tail != null) {
            for (Stretch stretch : tail.stretches) {
                int length = stretch.to - stretch.from;
                int start = Math.max(from, at);
                int end = Math.min(to, at + length);
                if (start < end) covered.add(new Stretch(stretch.event, stretch.piece, stretch.from + start - at, stretch.from + end - at));
                at += length;
            }
        }
        if (to > carried) covered.add(new Stretch(event, piece, Math.max(from, carried) - carried, to - carried));
        return covered;
    }

    private static void put(List<Stretch> stretches, String value) {
        for (int i = 0; i < stretches.size(); i++) {
            Stretch stretch = stretches.get(i);
            stretch.event.replace(stretch.piece, stretch.from, stretch.to, i == 0 ? value : "");
        }
    }

    /// Lets go what waits for nothing.
    private void release(ByteArrayOutputStream out) {
        while (!waiting.isEmpty() && waiting.getFirst().waits == 0) {
            DeltaEvent event = waiting.removeFirst();
            waitingBytes -= event.length();
            out.writeBytes(event.bytes());
        }
    }

    /// No more of any token will come, or it would take too long: what is one now is turned back, the rest stays.
    private void settle(ByteArrayOutputStream out) {
        for (Tail tail : tails.values()) {
            byte[] ascii = tail.text.getBytes(StandardCharsets.ISO_8859_1);
            Tokens.At token = Tokens.at(ascii, 0, ascii.length, true);
            if (token.match() == Tokens.Match.TOKEN && token.end() == ascii.length) {
                vault.valueOf(tail.text, host).ifPresent(value -> put(tail.stretches, value));
            }
            tail.stretches.forEach(stretch -> stretch.event.waits--);
        }
        tails.clear();
        release(out);
    }

    @Override
    public boolean holds() {
        return !waiting.isEmpty();
    }

    @Override
    public byte[] release() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        settle(out);
        return out.toByteArray();
    }

    @Override
    void ended(ByteArrayOutputStream out) {
        settle(out);
        out.writeBytes(plain.finish());
    }
}
