package dev.declaw.server.custom;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The input documents of the command rules (docs/policies.md): one for each program that a shell line names, or that is about to start.
public final class CommandInputs {
    /// Programs of one line; a line with more is not judged.
    static final int PROGRAMS_MAX = 256;

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final Set<String> SHELLS = Set.of("sh", "bash", "dash", "ash", "zsh", "ksh");

    private CommandInputs() {}

    /// What a line for the shell would start. A program that a shell inside it gets with `-c` is looked at too.
    ///
    /// @return empty when it is too much to judge
    public static List<ObjectNode> ofLine(String line) {
        List<ObjectNode> inputs = new ArrayList<>();
        return collect(line, line, 0, inputs) ? inputs : List.of();
    }

    private static boolean collect(String line, String whole, int depth, List<ObjectNode> inputs) {
        List<List<String>> commands = ShellLine.commands(line);
        if (depth == 0 && commands.isEmpty()) commands = List.of(List.of("bash"));
        for (List<String> words : commands) {
            if (inputs.size() >= PROGRAMS_MAX) return false;
            inputs.add(input(words.getFirst(), words.subList(1, words.size()), whole));
            String inner = shellText(words);
            if (inner != null && (depth >= 8 || !collect(inner, whole, depth + 1, inputs))) return false;
        }
        return true;
    }

    /// A login shell on a terminal.
    public static List<ObjectNode> ofTerminal() {
        return List.of(input("bash", List.of("-l"), "bash -l"));
    }

    /// A program that is about to start in the guest: by the name it is called and by the file that it is.
    ///
    /// @param file path of the file, links resolved
    /// @param name path that was asked for; may be empty
    /// @param arguments argv; may be empty when the guest could not read them
    public static List<ObjectNode> ofProgram(String file, String name, List<String> arguments) {
        List<String> rest = arguments.isEmpty() ? List.of() : arguments.subList(1, arguments.size());
        String text = String.join(" ", arguments);
        List<ObjectNode> inputs = new ArrayList<>();
        inputs.add(input(file, rest, text));
        if (!name.isEmpty() && !base(name).equals(base(file))) inputs.add(input(name, rest, text));
        List<String> words = new ArrayList<>(List.of(name.isEmpty() ? file : name));
        words.addAll(rest);
        String inner = shellText(words);
        if (inner != null && !collect(inner, text, 1, inputs)) return List.of();
        return inputs;
    }

    /// The text that a shell is told to run; null for anything else.
    private static String shellText(List<String> words) {
        if (!SHELLS.contains(base(words.getFirst()))) return null;
        for (int i = 1; i < words.size() - 1; i++) {
            String word = words.get(i);
            if (word.matches("-[a-zA-Z]*c[a-zA-Z]*")) return words.get(i + 1);
            if (!word.startsWith("-") && !word.startsWith("+")) return null;
        }
        return null;
    }

    private static String base(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static ObjectNode input(String path, List<String> arguments, String text) {
        ObjectNode input = JSON.objectNode();
        ObjectNode action = input.putObject("action");
        action.put("command", base(path));
        action.put("path", path);
        var list = action.putArray("args");
        arguments.forEach(list::add);
        action.put("text", text);
        return input;
    }
}
