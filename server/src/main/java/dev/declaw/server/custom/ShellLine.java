package dev.declaw.server.custom;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Finds the programs that a line of shell names (POSIX.1-2024, Shell Command Language 2.9 and 2.10): what stands where a command may begin,
/// also inside substitutions. It expands nothing: a name that the shell puts together while it runs is found by the gate in the guest.
final class ShellLine {
    private static final Set<String> BEFORE_COMMANDS =
            Set.of("!", "{", "}", "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "time", "esac");

    /// Programs that start another one, which is what counts; their options with a value are not known, so the first word that is none is taken.
    private static final Set<String> WRAPPERS = Set.of("exec", "command", "env", "nohup", "sudo", "nice", "setsid", "stdbuf", "timeout", "xargs", "time");

    private static final int WORDS_MAX = 20_000;
    private static final int DEPTH_MAX = 32;

    private final String line;
    private final List<List<String>> commands = new ArrayList<>();
    private List<String> words = new ArrayList<>();
    private StringBuilder word;
    private int wordsSeen;
    private boolean redirected;

    private ShellLine(String line) {
        this.line = line;
    }

    /// @return words of each command, the program first
    static List<List<String>> commands(String line) {
        return commands(line, 0);
    }

    private static List<List<String>> commands(String line, int depth) {
        ShellLine read = new ShellLine(line);
        read.read(depth);
        return read.commands;
    }

    private void read(int depth) {
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            switch (c) {
                case '\\' -> {
                    if (i + 1 < line.length() && line.charAt(i + 1) != '\n') grow(line.charAt(i + 1));
                    i++;
                }
                case '\'' -> {
                    int end = line.indexOf('\'', i + 1);
                    if (end < 0) end = line.length();
                    begin().append(line, i + 1, end);
                    i = end;
                }
                case '"' -> i = quoted(i, depth);
                case '`' -> i = backquoted(i, depth);
                case '$' -> i = dollar(i, depth);
                case '#' -> {
                    if (word != null) {
                        grow(c);
                    } else {
                        int end = line.indexOf('\n', i);
                        i = (end < 0 ? line.length() : end) - 1;
                    }
                }
                case ' ', '\t', '\r' -> endWord();
                case '\n', ';', '|', '&', '(', ')' -> {
                    boolean duplicates = c == '&' && i > 0 && (line.charAt(i - 1) == '>' || line.charAt(i - 1) == '<');
                    if (!duplicates) endCommand();
                }
                case '<', '>' -> {
                    if (word != null && word.chars().allMatch(Character::isDigit)) word = null; // the number of a descriptor
                    endWord();
                    boolean process = i + 1 < line.length() && line.charAt(i + 1) == '(';
                    redirected = !process;
                }
                default -> grow(c);
            }
        }
        endCommand();
    }

    private StringBuilder begin() {
        if (word == null) word = new StringBuilder();
        return word;
    }

    private void grow(char c) {
        begin().append(c);
    }

    /// @return index of the closing quote
    private int quoted(int start, int depth) {
        begin();
        for (int i = start + 1; i < line.length(); i++) {
            char c = line.charAt(i);
            switch (c) {
                case '"' -> {
                    return i;
                }
                case '\\' -> {
                    if (i + 1 < line.length()) grow(line.charAt(i + 1));
                    i++;
                }
                case '`' -> i = backquoted(i, depth);
                case '$' -> i = dollar(i, depth);
                default -> grow(c);
            }
        }
        return line.length();
    }

    private int backquoted(int start, int depth) {
        int end = line.indexOf('`', start + 1);
        if (end < 0) end = line.length();
        substituted(line.substring(start + 1, end), depth);
        return end;
    }

    /// A command substitution is looked at by itself; any other expansion stays as it is written.
    private int dollar(int start, int depth) {
        begin();
        if (start + 1 >= line.length() || line.charAt(start + 1) != '(') {
            grow('$');
            return start;
        }
        int open = 0;
        char quote = 0;
        for (int i = start + 1; i < line.length(); i++) {
            char c = line.charAt(i);
            if (quote != 0) {
                if (c == quote) quote = 0;
                else if (c == '\\' && quote == '"') i++;
            } else if (c == '\'' || c == '"') {
                quote = c;
            } else if (c == '\\') {
                i++;
            } else if (c == '(') {
                open++;
            } else if (c == ')' && --open == 0) {
                substituted(line.substring(start + 2, i), depth);
                return i;
            }
        }
        substituted(line.substring(start + 2), depth);
        return line.length();
    }

    private void substituted(String inner, int depth) {
        begin();
        if (depth < DEPTH_MAX) commands.addAll(commands(inner, depth + 1));
        else commands.add(List.of(inner)); // whatever it is, it is one thing that no rule may know
    }

    private void endWord() {
        if (word == null) return;
        String text = word.toString();
        word = null;
        if (redirected) {
            redirected = false;
            return;
        }
        if (++wordsSeen > WORDS_MAX) return;
        boolean assignment = words.isEmpty() && text.matches("(?s)[A-Za-z_][A-Za-z0-9_]*\\+?=.*");
        if (!assignment && !(words.isEmpty() && BEFORE_COMMANDS.contains(text))) words.add(text);
    }

    private void endCommand() {
        endWord();
        redirected = false;
        if (words.isEmpty()) return;
        commands.add(List.copyOf(words));
        if (WRAPPERS.contains(words.getFirst())) unwrap();
        words = new ArrayList<>();
    }

    /// `env A=b nice prog x`: each later word may be the program, until one is neither an option nor an assignment nor a number.
    private void unwrap() {
        for (int i = 1; i < words.size(); i++) {
            String text = words.get(i);
            boolean setting = text.startsWith("-") || text.matches("(?s)[A-Za-z_][A-Za-z0-9_]*=.*") || text.matches("[0-9.]+[smhd]?");
            if (setting) continue;
            commands.add(List.copyOf(words.subList(i, words.size())));
            if (!WRAPPERS.contains(text)) return;
        }
    }
}
