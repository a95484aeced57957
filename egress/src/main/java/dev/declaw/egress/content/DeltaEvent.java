package dev.declaw.egress.content;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// One event of a stream whose data is one JSON text, with the strings in it. Bytes are read as Latin-1, so every character
/// of the source is one byte; the strings are read as UTF-8. One thread.
final class DeltaEvent {
    /// Members under which the APIs of language models stream text.
    private static final Set<String> DELTAS = Set.of(
            "content", "text", "delta", "arguments", "partial_json", "thinking", "reasoning", "reasoning_content", "refusal",
            "transcript", "completion", "response", "generated_text", "token");

    /// Members that tell one stream of text from another in the same answer.
    private static final Set<String> NUMBERS = Set.of("index", "output_index", "content_index", "summary_index");

    /// Members whose text is JSON itself.
    private static final Set<String> NESTED = Set.of("arguments", "partial_json");

    /// A string of the event.
    ///
    /// @param view its text, leading back to the source
    /// @param channel the stream of text that it continues; empty for a string that stands alone
    /// @param nested whether the text is JSON, so that what is put in is escaped twice
    record Piece(View view, String channel, boolean nested) {}

    private final String source;
    private final List<Piece> pieces;
    private final Rewrites rewrites = new Rewrites();
    /// Open beginnings of tokens in it.
    int waits;

    private DeltaEvent(String source, List<Piece> pieces) {
        this.source = source;
        this.pieces = pieces;
    }

    /// Empty when the event has data that is not one line of JSON.
    ///
    /// @param line whether the event is a line by itself, without fields
    static Optional<DeltaEvent> read(byte[] bytes, boolean line) {
        String latin1 = new String(bytes, StandardCharsets.ISO_8859_1);
        boolean blank = line ? latin1.isBlank() : !latin1.startsWith("data:") && !latin1.contains("\ndata:") && !latin1.contains("\rdata:");
        if (blank) return Optional.of(new DeltaEvent(latin1, List.of())); // a comment, a name, or nothing
        int[] data = jsonData(latin1);
        if (data == null) return Optional.empty();
        Reader reader = new Reader(latin1.substring(data[0], data[1]), data[0]);
        JsonWalk walk = new JsonWalk(reader.json, reader);
        return walk.walk() ? Optional.of(new DeltaEvent(latin1, reader.pieces())) : Optional.empty();
    }

    /// Whether an event that begins like this has data that is no JSON object.
    static boolean isNone(byte[] begun, boolean line) {
        String latin1 = new String(begun, StandardCharsets.ISO_8859_1);
        int data = line ? 0 : latin1.startsWith("data:") ? 5 : -1;
        for (String before : new String[] {"\ndata:", "\rdata:"}) {
            int at = line ? -1 : latin1.indexOf(before);
            if (at >= 0 && data < 0) data = at + before.length();
        }
        if (data < 0) return false;
        while (data < latin1.length() && latin1.charAt(data) == ' ') data++;
        return data < latin1.length() && latin1.charAt(data) > ' ' && latin1.charAt(data) != '{';
    }

    /// Where the JSON of the event stands: a line by itself, or the one `data` field.
    private static int[] jsonData(String event) {
        int[] found = null;
        int at = 0;
        while (at < event.length()) {
            int end = at;
            while (end < event.length() && event.charAt(end) != '\n' && event.charAt(end) != '\r') end++;
            int start = at;
            if (event.startsWith("data:", at)) start = at + 5;
            while (start < end && event.charAt(start) == ' ') start++;
            if (start < end && event.charAt(start) == '{') {
                if (found != null) return null;
                found = new int[] {start, end};
            } else if (event.startsWith("data:", at)) {
                return null;
            }
            at = end + 1;
        }
        return found;
    }

    private static final class Reader implements JsonWalk.Visitor {
        private final String json;
        private final int base;
        private final List<View> views = new ArrayList<>();
        private final List<String> keys = new ArrayList<>();
        private final StringBuilder numbers = new StringBuilder();

        Reader(String json, int base) {
            this.json = json;
            this.base = base;
        }

        @Override
        public void string(int start, int end, String key) {
            views.add(decoded(start, end));
            keys.add(key);
        }

        /// JSON escapes resolved, then UTF-8 read; each character knows its first byte.
        private View decoded(int start, int end) {
            int[] offsets = new int[end - start + 1];
            StringBuilder text = new StringBuilder(end - start);
            int at = start;
            while (at < end) {
                offsets[text.length()] = base + at;
                int width = View.escapeWidth(json, at);
                if (width > 1) {
                    text.append(View.escaped(json, at));
                    at += width;
                } else {
                    text.append(json.charAt(at++)); // a byte of a longer UTF-8 sequence matches no token
                }
            }
            offsets[text.length()] = base + end;
            return View.of(text.toString(), java.util.Arrays.copyOf(offsets, text.length() + 1));
        }

        @Override
        public void key(int start, int end) {
            // a member's name is no text of a model
        }

        @Override
        public void number(int start, int end, String key) {
            if (NUMBERS.contains(key) && numbers.length() < 200) numbers.append(json, start, end).append(',');
        }

        List<Piece> pieces() {
            List<Piece> pieces = new ArrayList<>(views.size());
            Map<String, Integer> ordinals = new HashMap<>();
            for (int i = 0; i < views.size(); i++) {
                String key = keys.get(i);
                boolean delta = DELTAS.contains(key);
                String channel = delta ? key + '#' + ordinals.merge(key, 1, Integer::sum) + '|' + numbers : "";
                pieces.add(new Piece(views.get(i), channel, NESTED.contains(key)));
            }
            return pieces;
        }
    }

    List<Piece> pieces() {
        return pieces;
    }

    int length() {
        return source.length();
    }

    /// Replaces a stretch of a string.
    void replace(Piece piece, int from, int to, String value) {
        String text = piece.nested() ? Spelling.JSON.spell(value) : value;
        rewrites.replace(piece.view().source(from), piece.view().source(to), Spelling.JSON.spell(text));
    }

    byte[] bytes() {
        String out = rewrites.isEmpty() ? source : rewrites.apply(source, true);
        return out.getBytes(StandardCharsets.ISO_8859_1);
    }
}
