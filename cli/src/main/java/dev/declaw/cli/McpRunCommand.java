package dev.declaw.cli;

import dev.declaw.sdk.DeclawException;
import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.Output;
import dev.declaw.sdk.OutputStreamed;
import dev.declaw.sdk.PipedProcess;
import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.SandboxBuilder;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.policy.NetworkRules;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `declaw mcp run`
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = {
            "Runs somebody's MCP server (stdio) in a sandbox of its own: what an agent starts instead of the server itself.",
            "It sees only the variables and files that are named here, and reaches only what --allow names. The sandbox ends with it.",
            "Ends with the server's exit code; 125: the sandbox could not be had. Options stand before COMMAND."
        })
final class McpRunCommand implements Callable<Integer> {
    private static final int NO_SANDBOX = 125;
    private static final int PIECE_BYTES_MAX = 64 * 1024;
    private static final long END_MILLIS_MAX = 5000;

    @Mixin
    private Ask ask;

    @Spec
    private CommandSpec spec;

    @Option(names = {"-t", "--template"}, description = "Default ${DEFAULT-VALUE}.")
    private String template = "base";

    @Option(names = "--timeout", converter = Times.Reader.class, description = "How long the sandbox lives at most; default 1h.")
    private Duration timeout = Duration.ofHours(1);

    @Option(names = "--allow", paramLabel = "HOST", description = "Destinations that may be reached; default none.")
    private List<String> allow = new ArrayList<>();

    @Option(names = "--policy", paramLabel = "FILE", description = "Security policy, JSON; with network rules it replaces --allow.")
    private Path policy;

    @Option(names = {"-e", "--env"}, paramLabel = "NAME[=VALUE]", description = "Variable of the server; NAME alone takes it from here.")
    private List<String> variables = new ArrayList<>();

    @Option(names = "--secret", paramLabel = "NAME=SECRET", description = "Variable that stands for a secret of the vault.")
    private Map<String, String> secrets = new LinkedHashMap<>();

    @Option(names = "--file", paramLabel = "HERE:THERE", description = "File that it finds at the absolute path THERE.")
    private List<String> files = new ArrayList<>();

    @Parameters(index = "0..*", arity = "1..*", paramLabel = "COMMAND")
    private List<String> command;

    private volatile boolean inputEnded;

    @Override
    public Integer call() throws Exception {
        PrintStream protocol = new PrintStream(new FileOutputStream(FileDescriptor.out), false);
        System.setOut(System.err); // nothing but the server's output may be on standard output
        Map<Path, String> copies = copies();
        SandboxBuilder builder = builder();
        List<String> words = command.get(0).equals("--") ? command.subList(1, command.size()) : command;
        String line = words.size() == 1 ? words.get(0) : ExecCommand.quoted(words);
        Map<String, String> environment = Variables.read(variables, spec);
        try (Sandbox sandbox = builder.create()) {
            Runtime.getRuntime().addShutdownHook(new Thread(sandbox::close, "end"));
            copies.forEach((here, there) -> sandbox.files().upload(here, there));
            PipedProcess process = sandbox.startPiped(line, "user", environment, Optional.empty());
            return relay(process, protocol);
        } catch (DeclawException e) {
            Failures.execution(e, spec.commandLine(), null);
            return NO_SANDBOX;
        }
    }

    private SandboxBuilder builder() {
        SandboxBuilder builder = ask.client().sandbox().template(template).timeout(timeout);
        Optional<JsonObject> security = Optional.ofNullable(policy).map(PolicyFile::read);
        if (security.filter(parts -> parts.has("network")).isEmpty()) {
            builder.network(new NetworkRules(allow, List.of("*"), true, Optional.empty()));
        }
        security.ifPresent(builder::securityJson);
        secrets.forEach(builder::secret);
        return builder.metadata(Map.of("made_by", "declaw-mcp-run"));
    }

    private Map<Path, String> copies() {
        Map<Path, String> copies = new LinkedHashMap<>();
        for (String file : files) {
            int colon = file.indexOf(":/");
            Path here = Path.of(colon < 1 ? file : file.substring(0, colon));
            if (colon < 1) throw new InvalidArgument("'" + file + "' is not HERE:THERE with an absolute path THERE");
            if (!java.nio.file.Files.isRegularFile(here)) throw new InvalidArgument("there is no file " + here);
            copies.put(here, file.substring(colon + 1));
        }
        return copies;
    }

    /// Passes both directions on, byte for byte. When the agent hangs up, the server gets a moment to end by itself.
    private int relay(PipedProcess process, PrintStream protocol) {
        try (OutputStreamed output = process.output()) {
            Thread input = new Thread(() -> feed(process, output), "input");
            input.setDaemon(true);
            input.start();
            for (Output piece : output) {
                if (piece.stream() == Output.Stream.STDERR) {
                    System.err.write(piece.bytes(), 0, piece.bytes().length);
                    System.err.flush();
                } else {
                    protocol.write(piece.bytes(), 0, piece.bytes().length);
                    protocol.flush();
                }
            }
            return output.exitCode().orElse(inputEnded ? 0 : ExitCodes.FAILURE);
        }
    }

    private void feed(PipedProcess process, OutputStreamed output) {
        InputStream in = System.in;
        byte[] bytes = new byte[PIECE_BYTES_MAX];
        try {
            for (int count; (count = in.read(bytes)) >= 0; ) process.write(Arrays.copyOf(bytes, count));
            inputEnded = true;
            process.closeInput();
            Thread.sleep(END_MILLIS_MAX);
            output.close();
        } catch (IOException | DeclawException e) {
            output.close(); // the server has ended or cannot be reached: the reader says which
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
