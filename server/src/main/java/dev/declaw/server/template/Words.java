package dev.declaw.server.template;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Words of a Dockerfile: quotes, backslashes, and variables as `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}`.
final class Words {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int DEPTH_MAX = 16;
    private static final int CHARS_MAX = 128 * 1024;

    private final String text;
    private final Map<String, String> variables;
    private final int depth;
    private int at;

    private Words(String text, Map<String, String> variables, int depth) {
        this.text = text;
        this.variables = variables;
        this.depth = depth;
    }

    /// The words of a text, unquoted and expanded.
    ///
    /// @throws BuildException when a quote or brace is not closed
    static List<String> split(int line, String text, Map<String, String> variables) throws BuildException {
        Words words = new Words(text, variables, 0);
        List<String> all = new ArrayList<>();
        while (words.skipBlanks()) all.add(words.word(line, true));
        return all;
    }

    /// The whole text as one word.
    static String expand(int line, String text, Map<String, String> variables) throws BuildException {
        return new Words(text.strip(), variables, 0).word(line, false);
    }

    /// The strings of a JSON array; empty when the text is none.
    static Optional<List<String>> array(String text) {
        if (!text.stripLeading().startsWith("[")) return Optional.empty();
        try {
            JsonNode node = JSON.readTree(text);
            if (node == null || !node.isArray()) return Optional.empty();
            List<String> values = new ArrayList<>();
            for (JsonNode value : node) {
                if (!value.isTextual()) return Optional.empty();
                values.add(value.textValue());
            }
            return Optional.of(values);
        } catch (JsonProcessingException e) {
            return Optional.empty(); // a shell line that begins with a bracket
        }
    }

    /// A word that a shell takes as it is.
    static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./:=@%+,-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    private boolean skipBlanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) at++;
        return at < text.length();
    }

    private String word(int line, boolean toBlank) throws BuildException {
        StringBuilder word = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at);
            if (toBlank && Character.isWhitespace(c)) break;
            at++;
            switch (c) {
                case '\'' -> word.append(until(line, '\''));
                case '"' -> doubleQuoted(line, word);
                case '\\' -> {
                    if (at < text.length()) word.append(text.charAt(at++));
                }
                case '$' -> word.append(variable(line));
                default -> word.append(c);
            }
            limit(line, word);
        }
        return word.toString();
    }

    private void doubleQuoted(int line, StringBuilder word) throws BuildException {
        while (at < text.length()) {
            char c = text.charAt(at++);
            switch (c) {
                case '"' -> {
                    return;
                }
                case '\\' -> {
                    char next = at < text.length() ? text.charAt(at++) : '\\';
                    if ("\"\\$".indexOf(next) < 0) word.append('\\');
                    word.append(next);
                }
                case '$' -> word.append(variable(line));
                default -> word.append(c);
            }
            limit(line, word);
        }
        throw Dockerfile.wrong(line, "a quote is not closed");
    }

    private String until(int line, char end) throws BuildException {
        int from = at;
        at = text.indexOf(end, from) + 1;
        if (at == 0) throw Dockerfile.wrong(line, "a quote is not closed");
        return text.substring(from, at - 1);
    }

    private String variable(int line) throws BuildException {
        if (at >= text.length()) return "$";
        if (text.charAt(at) != '{') {
            int from = at;
            while (at < text.length() && isName(text.charAt(at), at > from)) at++;
            return at == from ? "$" : variables.getOrDefault(text.substring(from, at), "");
        }
        int open = ++at;
        int nested = 1;
        while (at < text.length() && nested > 0) {
            char c = text.charAt(at++);
            if (c == '{') nested++;
            if (c == '}') nested--;
        }
        if (nested > 0) throw Dockerfile.wrong(line, "${ is not closed");
        String inside = text.substring(open, at - 1);
        int end = 0;
        while (end < inside.length() && isName(inside.charAt(end), end > 0)) end++;
        String value = variables.getOrDefault(inside.substring(0, end), "");
        String rest = inside.substring(end);
        if (end > 0 && rest.isEmpty()) return value;
        if (end > 0 && rest.startsWith(":-")) return value.isEmpty() ? inner(line, rest) : value;
        if (end > 0 && rest.startsWith(":+")) return value.isEmpty() ? "" : inner(line, rest);
        throw Dockerfile.wrong(line, "only ${NAME}, ${NAME:-word} and ${NAME:+word} are understood");
    }

    private String inner(int line, String rest) throws BuildException {
        if (depth >= DEPTH_MAX) throw Dockerfile.wrong(line, "variables are nested too deeply");
        return new Words(rest.substring(2), variables, depth + 1).word(line, false);
    }

    private static boolean isName(char c, boolean digits) {
        return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (digits && c >= '0' && c <= '9');
    }

    private static void limit(int line, StringBuilder word) throws BuildException {
        if (word.length() > CHARS_MAX) throw Dockerfile.wrong(line, "a word is longer than " + CHARS_MAX + " characters");
    }
}
