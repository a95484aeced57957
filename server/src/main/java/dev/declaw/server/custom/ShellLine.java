package dev.declaw.server.custom;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Finds the programs that a line of shell names (POSIX.1-2024, Shell Command Language 2.9 and 2.10): what stands where a command may begin,
/// also inside substitutions. It expands nothing: a name that the shell puts together while it runs is found by the gate in the guest.
final class ShellLine {
    private static final Set<String> BEFORE_COMMANDS =
            Set.of("!", "{", "}", "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "time", "esac");

    /// Programs that start another one, which is what counts, with those of their options that have a value behind them.
    private static final Map<String, Set<String>> WRAPPERS = Map.ofEntries(
            Map.entry("exec", Set.of("-a")), Map.entry("command", Set.of()), Map.entry("env", Set.of("-u", "-C", "-S")), Map.entry("nohup", Set.of()),
            Map.entry("sudo", Set.of("-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U")), Map.entry("nice", Set.of("-n")), Map.entry("setsid", Set.of()),
            Map.entry("stdbuf", Set.of("-i", "-o", "-e")), Map.entry("timeout", Set.of("-s", "-k")), Map.entry("time", Set.of("-f", "-o")),
            Map.entry("xargs", Set.of("-I", "-n", "-P", "-L", "-d", "-a", "-E", "-s")));

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
        unwrap(words);
        words = new ArrayList<>();
    }

    /// `env A=b nice -n 5 prog x`: the first word that is no option, no value of one, no assignment and no number is a program.
    private void unwrap(List<String> command) {
        Set<String> withValue = WRAPPERS.get(command.getFirst().substring(command.getFirst().lastIndexOf('/') + 1));
        if (withValue == null) return;
        for (int i = 1; i < command.size(); i++) {
            String text = command.get(i);
            if (withValue.contains(text)) i++;
            boolean setting = text.startsWith("-") || text.matches("(?s)[A-Za-z_][A-Za-z0-9_]*=.*") || text.matches("[0-9.]+[smhd]?");
            if (setting) continue;
            List<String> inner = List.copyOf(command.subList(i, command.size()));
            commands.add(inner);
            unwrap(inner);
            return;
        }
    }
}
