package dev.declaw.cli;

import dev.declaw.sdk.CommandResult;
import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.Output;
import dev.declaw.sdk.OutputStreamed;
import dev.declaw.sdk.RunOptions;
import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.json.JsonObject;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `declaw exec`
@Command(
        name = "exec",
        mixinStandardHelpOptions = true,
        description = "Runs a command and ends with its exit code; the output comes as it is written. Options stand before SANDBOX.")
final class ExecCommand implements Callable<Integer> {
    @Mixin
    private Ask ask;

    @Option(names = {"-u", "--user"}, description = "Default ${DEFAULT-VALUE}.")
    private String user = "user";

    @Option(names = {"-w", "--workdir"}, description = "Default: the user's home.")
    private String directory;

    @Option(names = {"-e", "--env"}, paramLabel = "NAME=VALUE", description = "Variable of this command.")
    private Map<String, String> variables = new LinkedHashMap<>();

    @Option(names = "--timeout", converter = Times.Reader.class, description = "When it is killed; default: never.")
    private Duration timeout = Duration.ZERO;

    @Option(names = {"-d", "--detach"}, description = "Start it in the background and print its pid.")
    private boolean detach;

    @Parameters(index = "0", paramLabel = "SANDBOX")
    private String id;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "COMMAND", description = "One word: a line for the shell; several: a program and its arguments.")
    private List<String> command;

    @Override
    public Integer call() {
        Sandbox sandbox = ask.client().at(id);
        RunOptions options = RunOptions.defaults().as(user).with(variables).within(timeout);
        if (directory != null) options = options.in(directory);
        List<String> words = command.get(0).equals("--") ? command.subList(1, command.size()) : command;
        if (words.isEmpty()) throw new InvalidArgument("a command is missing");
        String line = words.size() == 1 ? words.get(0) : quoted(words);
        if (detach) {
            long pid = sandbox.commands().start(line, options).pid();
            ask.say(Long.toString(pid));
            ask.value(new JsonObject().put("pid", pid));
            ask.hint("  → declaw logs " + id + " " + pid);
            return 0;
        }
        if (ask.json()) {
            CommandResult result = sandbox.commands().run(line, options);
            ask.value(new JsonObject()
                    .put("stdout", result.stdout())
                    .put("stderr", result.stderr())
                    .put("exit_code", result.exitCode()));
            return result.exitCode();
        }
        try (OutputStreamed output = sandbox.commands().stream(line, options)) {
            for (Output piece : output) {
                (piece.stream() == Output.Stream.STDERR ? ask.err() : ask.out()).print(piece.text());
                (piece.stream() == Output.Stream.STDERR ? ask.err() : ask.out()).flush();
            }
            return output.exitCode().orElse(ExitCodes.FAILURE);
        }
    }

    /// A line for a POSIX shell that means exactly these words.
    static String quoted(List<String> words) {
        StringBuilder line = new StringBuilder();
        for (String word : words) {
            if (!line.isEmpty()) line.append(' ');
            boolean plain = word.matches("[A-Za-z0-9_@%+=:,./-]+");
            line.append(plain ? word : "'" + word.replace("'", "'\"'\"'") + "'");
        }
        return line.toString();
    }
}
