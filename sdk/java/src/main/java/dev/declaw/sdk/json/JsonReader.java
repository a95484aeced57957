package dev.declaw.sdk.json;

import java.util.ArrayList;
import java.util.List;

/// Reads JSON (RFC 8259): one value, nothing after it, at most 200 levels deep.
public final class JsonReader {
    private static final int DEPTH_MAX = 200;

    private final String text;
    private int at;

    private JsonReader(String text) {
        this.text = text;
    }

    /// @return a [JsonObject], `List`, `String`, `Long`, `Double`, `Boolean` or null
    /// @throws JsonException when the text is no JSON, with the place
    public static Object read(String text) {
        JsonReader reader = new JsonReader(text);
        Object value = reader.value(0);
        reader.blanks();
        if (reader.at < text.length()) throw reader.wrong("nothing more");
        return value;
    }

    private Object value(int depth) {
        if (depth > DEPTH_MAX) throw wrong("at most " + DEPTH_MAX + " levels");
        blanks();
        if (at >= text.length()) throw wrong("a value");
        char c = text.charAt(at);
        return switch (c) {
            case '{' -> object(depth);
            case '[' -> array(depth);
            case '"' -> string();
            case 't' -> word("true", Boolean.TRUE);
            case 'f' -> word("false", Boolean.FALSE);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private JsonObject object(int depth) {
        JsonObject object = new JsonObject();
        at++;
        blanks();
        if (taken('}')) return object;
        do {
            blanks();
            if (at >= text.length() || text.charAt(at) != '"') throw wrong("a member's name");
            String name = string();
            blanks();
            if (!taken(':')) throw wrong("':'");
            object.put(name, value(depth + 1));
            blanks();
        } while (taken(','));
        if (!taken('}')) throw wrong("',' or '}'");
        return object;
    }

    private List<Object> array(int depth) {
        List<Object> array = new ArrayList<>();
        at++;
        blanks();
        if (taken(']')) return array;
        do {
            array.add(value(depth + 1));
            blanks();
        } while (taken(','));
        if (!taken(']')) throw wrong("',' or ']'");
        return array;
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        at++;
        while (true) {
            if (at >= text.length()) throw wrong("the end of a string");
            char c = text.charAt(at++);
            if (c == '"') return out.toString();
            if (c < 0x20) throw wrong("an escaped control character");
            out.append(c == '\\' ? escape() : c);
        }
    }

    private char escape() {
        if (at >= text.length()) throw wrong("an escape");
        char c = text.charAt(at++);
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                if (at + 4 > text.length()) throw wrong("four hexadecimal digits");
                try {
                    char unit = (char) Integer.parseInt(text, at, at + 4, 16);
                    at += 4;
                    yield unit;
                } catch (NumberFormatException e) {
                    throw wrong("four hexadecimal digits");
                }
            }
            default -> throw wrong("an escape that JSON has");
        };
    }

    private Object number() {
        int start = at;
        while (at < text.length() && "+-0123456789.eE".indexOf(text.charAt(at)) >= 0) at++;
        String digits = text.substring(start, at);
        try {
            if (digits.matches("-?(0|[1-9][0-9]{0,17})")) return Long.valueOf(digits);
            if (digits.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) return Double.valueOf(digits);
        } catch (NumberFormatException e) {
            throw wrong("a number");
        }
        at = start;
        throw wrong("a value");
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) throw wrong("a value");
        at += word.length();
        return value;
    }

    private boolean taken(char c) {
        if (at >= text.length() || text.charAt(at) != c) return false;
        at++;
        return true;
    }

    private void blanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    private JsonException wrong(String wanted) {
        return new JsonException("no JSON: " + wanted + " was expected at character " + at);
    }
}
