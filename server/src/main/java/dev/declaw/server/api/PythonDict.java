package dev.declaw.server.api;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// Reads `{'a': 'b', "c": 'd'}`: what Python's `str()` makes of a dict of strings.
final class PythonDict {
    private final String text;
    private int at;

    private PythonDict(String text) {
        this.text = text;
    }

    /// Empty when the text is anything else.
    static Optional<Map<String, String>> parse(String text) {
        PythonDict reader = new PythonDict(text.strip());
        try {
            return Optional.of(reader.dict());
        } catch (IllegalArgumentException | StringIndexOutOfBoundsException e) {
            return Optional.empty(); // malformed or cut off: the caller words the refusal
        }
    }

    private Map<String, String> dict() {
        Map<String, String> pairs = new HashMap<>();
        expect('{');
        blanks();
        while (text.charAt(at) != '}') {
            String key = string();
            blanks();
            expect(':');
            blanks();
            pairs.put(key, string());
            blanks();
            if (text.charAt(at) != ',') break;
            at++;
            blanks();
        }
        expect('}');
        if (at != text.length()) throw new IllegalArgumentException("text behind the dict");
        return pairs;
    }

    private String string() {
        char quote = text.charAt(at++);
        if (quote != '\'' && quote != '"') throw new IllegalArgumentException("not a string");
        StringBuilder out = new StringBuilder();
        while (text.charAt(at) != quote) {
            char c = text.charAt(at++);
            out.append(c == '\\' ? escaped() : c);
        }
        at++;
        return out.toString();
    }

    private char escaped() {
        char c = text.charAt(at++);
        return switch (c) {
            case '\\', '\'', '"' -> c;
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            default -> throw new IllegalArgumentException("an escape that is not known");
        };
    }

    private char hex(int digits) {
        char value = (char) Integer.parseInt(text.substring(at, at + digits), 16);
        at += digits;
        return value;
    }

    private void blanks() {
        while (text.charAt(at) == ' ') at++;
    }

    private void expect(char c) {
        if (text.charAt(at++) != c) throw new IllegalArgumentException("expected " + c);
    }
}
