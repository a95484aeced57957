package dev.declaw.server.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Cuts a Dockerfile into instructions: comments, continued lines, here-documents, flags. What they mean is [BuildPlan]'s
/// business. Follows the Dockerfile reference for the instructions that are supported and refuses every other one by name.
final class Dockerfile {
    static final int CHARS_MAX = 64 * 1024;
    private static final int INSTRUCTIONS_MAX = 256;
    private static final Pattern FLAG = Pattern.compile("--([a-z]{1,20})(?:=(\\S*))?(?:\\s+|$)");
    private static final Pattern HERE = Pattern.compile("<<-?\\s*([\"']?)([A-Za-z_][A-Za-z0-9_]{0,63})\\1");
    private static final Pattern ESCAPE = Pattern.compile("#\\s*escape\\s*=\\s*(\\S+)\\s*", Pattern.CASE_INSENSITIVE);

    private final List<String> lines;
    private int at;

    /// One instruction.
    ///
    /// @param line where it begins, from 1
    /// @param keyword in upper case
    /// @param flags as `name=value`, without the dashes
    /// @param arguments what follows, continued lines joined
    record Instruction(int line, String keyword, List<String> flags, String arguments) {
        /// As the log shows it: one line.
        String text() {
            String flat = arguments.replaceAll("\\s+", " ").strip();
            return keyword + " " + (flat.length() <= 200 ? flat : flat.substring(0, 200) + "…");
        }
    }

    private Dockerfile(String text) {
        this.lines = text.replace("\r\n", "\n").lines().toList();
    }

    /// @throws BuildException when it is none, with the line
    static List<Instruction> parse(String text) throws BuildException {
        if (text.length() > CHARS_MAX) {
            throw new BuildException("dockerfile_too_long", "the Dockerfile is longer than " + CHARS_MAX + " characters");
        }
        return new Dockerfile(text).all();
    }

    private List<Instruction> all() throws BuildException {
        List<Instruction> found = new ArrayList<>();
        while (at < lines.size()) {
            String line = lines.get(at).strip();
            if (line.startsWith("#")) {
                Matcher escape = ESCAPE.matcher(line);
                if (found.isEmpty() && escape.matches() && !escape.group(1).equals("\\")) {
                    throw wrong(at + 1, "escape=" + escape.group(1) + " is not supported; lines are continued by \\");
                }
                at++;
            } else if (line.isEmpty()) {
                at++;
            } else {
                found.add(instruction());
            }
            if (found.size() > INSTRUCTIONS_MAX) {
                throw wrong(at, "a Dockerfile may have " + INSTRUCTIONS_MAX + " instructions");
            }
        }
        if (found.isEmpty()) throw new BuildException("dockerfile_invalid", "the Dockerfile is empty; it begins with FROM");
        return found;
    }

    private Instruction instruction() throws BuildException {
        int line = at + 1;
        String whole = logicalLine();
        String[] parts = whole.strip().split("\\s+", 2);
        String keyword = parts[0].toUpperCase(Locale.ROOT);
        String rest = parts.length > 1 ? parts[1] : "";
        check(line, keyword);
        List<String> flags = new ArrayList<>();
        Matcher flag = FLAG.matcher(rest);
        while (flag.lookingAt()) {
            flags.add(flag.group(1) + "=" + (flag.group(2) == null ? "" : flag.group(2)));
            rest = rest.substring(flag.end());
            flag = FLAG.matcher(rest);
        }
        if (keyword.equals("RUN")) rest = withHereDocuments(line, rest);
        if (rest.isBlank()) throw wrong(line, keyword + " needs an argument");
        return new Instruction(line, keyword, flags, rest);
    }

    /// Joins continued lines. Comments and blank lines between them are left out.
    private String logicalLine() {
        StringBuilder whole = new StringBuilder();
        while (at < lines.size()) {
            String line = lines.get(at++);
            if (!whole.isEmpty() && (line.isBlank() || line.stripLeading().startsWith("#"))) continue;
            String stripped = line.stripTrailing();
            if (!stripped.endsWith("\\")) {
                return whole.append(line).toString();
            }
            whole.append(stripped, 0, stripped.length() - 1);
        }
        return whole.toString();
    }

    /// Adds the lines of here-documents. One that stands alone is the script itself.
    private String withHereDocuments(int line, String command) throws BuildException {
        List<String> ends = new ArrayList<>();
        Matcher here = HERE.matcher(command);
        while (here.find()) ends.add(here.group(2));
        if (ends.isEmpty()) return command;
        StringBuilder bodies = new StringBuilder();
        for (String end : ends) {
            boolean closed = false;
            while (at < lines.size() && !closed) {
                String next = lines.get(at++);
                closed = next.strip().equals(end);
                bodies.append(next).append('\n');
            }
            if (!closed) throw wrong(line, "the here-document has no end; it ends with a line of " + end);
        }
        if (HERE.matcher(command.strip()).matches()) {
            String body = bodies.toString();
            return body.substring(0, body.lastIndexOf('\n', body.length() - 2) + 1);
        }
        return command + "\n" + bodies;
    }

    private static void check(int line, String keyword) throws BuildException {
        switch (keyword) {
            case "FROM", "RUN", "COPY", "ENV", "ARG", "WORKDIR", "USER", "EXPOSE", "LABEL", "CMD", "ENTRYPOINT", "MAINTAINER" -> {}
            case "ADD" -> throw unsupported(line, keyword, "use COPY for files of the build context, RUN curl for others");
            case "VOLUME" -> throw unsupported(line, keyword, "attach a volume when you create a sandbox");
            case "HEALTHCHECK" -> throw unsupported(line, keyword, "give a ready_cmd with the build");
            case "SHELL" -> throw unsupported(line, keyword, "RUN lines are run by bash; name another shell in the line");
            case "ONBUILD", "STOPSIGNAL" -> throw unsupported(line, keyword, "leave it out");
            default -> throw wrong(line, "'" + printable(keyword) + "' is no instruction");
        }
    }

    private static String printable(String keyword) {
        return keyword.matches("[!-~]{1,40}") ? keyword : "what stands here";
    }

    private static BuildException unsupported(int line, String keyword, String remedy) {
        return new BuildException("instruction_unsupported", "line " + line + ": " + keyword + " is not supported; " + remedy);
    }

    static BuildException wrong(int line, String what) {
        return new BuildException("dockerfile_invalid", "line " + line + ": " + what);
    }
}
