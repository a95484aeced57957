package dev.declaw.egress.content;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;

/// Walks over a JSON text (RFC 8259), or several in a row as in NDJSON, and shows each string and number with its key.
/// Strict, without recursion. One walk, one thread.
final class JsonWalk {
    /// Objects and arrays within each other; deeper ones are not walked.
    static final int DEPTH_MAX = 512;

    /// Told of each scalar in order, before it is known whether the rest is well-formed.
    interface Visitor {
        /// @param start first character inside the quotes
        /// @param end the closing quote
        /// @param key the member's name, or that of the nearest member around an array
        void string(int start, int end, String key);

        /// The name of a member, likewise.
        void key(int start, int end);

        void number(int start, int end, String key);
    }

    private final String text;
    private final Visitor visitor;
    private final BitSet objects = new BitSet();
    /// Grows with the depth: most texts are shallow, and one is read in every request.
    private String[] keys = new String[8];
    private int at;
    private int depth;

    JsonWalk(String text, Visitor visitor) {
        this.text = text;
        this.visitor = visitor;
    }

    /// True when the text is one or more JSON values and nothing else.
    boolean walk() {
        boolean any = false;
        while (true) {
            skipSpace();
            if (at == text.length()) return any;
            if (!value()) return false;
            any = true;
        }
    }

    /// One top-level value, with a stack instead of recursion.
    private boolean value() {
        depth = 0;
        keys[0] = "";
        boolean opened = false;
        while (true) {
            skipSpace();
            if (opened && closes()) {
                depth--;
            } else {
                if (depth > 0 && objects.get(depth) && !name()) return false;
                skipSpace();
                if (at >= text.length()) return false;
                char c = text.charAt(at);
                if (c == '{' || c == '[') {
                    if (depth == DEPTH_MAX) return false;
                    if (depth + 1 == keys.length) keys = Arrays.copyOf(keys, keys.length * 2);
                    keys[depth + 1] = keys[depth];
                    objects.set(++depth, c == '{');
                    at++;
                    opened = true;
                    continue;
                }
                if (!scalar(c)) return false;
            }
            opened = false;
            while (true) {
                if (depth == 0) return true;
                skipSpace();
                if (at >= text.length()) return false;
                char c = text.charAt(at);
                if (c == ',') {
                    at++;
                    break;
                }
                if (!closes()) return false;
                depth--;
            }
        }
    }

    private boolean closes() {
        if (at >= text.length() || text.charAt(at) != (objects.get(depth) ? '}' : ']')) return false;
        at++;
        return true;
    }

    private boolean name() {
        if (at >= text.length() || text.charAt(at) != '"') return false;
        int start = at + 1;
        if (!string()) return false;
        keys[depth] = decoded(start, at - 1);
        visitor.key(start, at - 1);
        skipSpace();
        if (at >= text.length() || text.charAt(at) != ':') return false;
        at++;
        return true;
    }

    private String decoded(int start, int end) {
        String raw = text.substring(start, Math.min(end, start + 256));
        Optional<View> view = View.of(raw, 0, raw.length()).unescaped();
        return view.isPresent() ? view.get().text() : raw;
    }

    private boolean scalar(char c) {
        int start = at;
        if (c == '"') {
            if (!string()) return false;
            visitor.string(start + 1, at - 1, keys[depth]);
            return true;
        }
        if (c == '-' || c >= '0' && c <= '9') {
            if (!number()) return false;
            visitor.number(start, at, keys[depth]);
            return true;
        }
        return literal("true") || literal("false") || literal("null");
    }

    /// Moves behind the closing quote.
    private boolean string() {
        at++;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '"') {
                at++;
                return true;
            }
            if (c < ' ') return false;
            if (c == '\\') {
                int width = View.escapeWidth(text, at);
                if (width == 1) return false;
                at += width;
            } else {
                at++;
            }
        }
        return false;
    }

    private boolean number() {
        if (text.charAt(at) == '-') at++;
        int start = at;
        if (digits() == 0 || at - start > 1 && text.charAt(start) == '0') return false;
        if (at < text.length() && text.charAt(at) == '.') {
            at++;
            if (digits() == 0) return false;
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            at++;
            if (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) at++;
            return digits() > 0;
        }
        return true;
    }

    private int digits() {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') at++;
        return at - start;
    }

    private boolean literal(String word) {
        if (!text.startsWith(word, at)) return false;
        at += word.length();
        return true;
    }

    private void skipSpace() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
            at++;
        }
    }
}
