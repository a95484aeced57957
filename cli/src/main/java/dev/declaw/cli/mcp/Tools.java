package dev.declaw.cli.mcp;

import dev.declaw.sdk.Audit;
import dev.declaw.sdk.AuditEvent;
import dev.declaw.sdk.CommandResult;
import dev.declaw.sdk.DeclawException;
import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.Files;
import dev.declaw.sdk.RunOptions;
import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// The tools of one session. An agent reaches only sandboxes that its own session made, and all end with it. Thread-safe.
final class Tools implements AutoCloseable {
    private static final int TEXT_CHARS_MAX = 100_000;
    private static final long COMMAND_SECONDS_DEFAULT = 60;
    private static final long COMMAND_SECONDS_MAX = 3600;

    private final Sandboxes sandboxes;
    private final Map<String, Tool> tools = new LinkedHashMap<>();

    Tools(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
        Tool.Parameter sandbox = Tool.text("sandbox_id", "What create_sandbox gave.");
        Tool.Parameter path = Tool.text("path", "Absolute, or relative to /home/user.");
        add(new Tool("create_sandbox", "Starts a virtual machine and returns its id.", List.of(), arguments -> create()));
        add(new Tool(
                "run_command",
                "Runs a shell command and returns its output and exit code.",
                List.of(
                        sandbox,
                        Tool.text("command", "A line for bash."),
                        Tool.optional("timeout_seconds", "integer", "Default 60, at most 3600."),
                        Tool.optional("directory", "string", "Where it runs; default /home/user.")),
                this::run));
        add(new Tool("read_file", "Returns a text file.", List.of(sandbox, path), this::read));
        add(new Tool(
                "write_file",
                "Writes a text file, making missing directories.",
                List.of(sandbox, path, Tool.text("content", "The whole text.")),
                this::write));
        add(new Tool("list_files", "Lists a directory.", List.of(sandbox, path), this::list));
        add(new Tool(
                "explain_denials",
                "Says which connections of the sandbox were refused, and why.",
                List.of(sandbox),
                this::denials));
        add(new Tool("kill_sandbox", "Ends a sandbox.", List.of(sandbox), this::kill));
    }

    private void add(Tool tool) {
        tools.put(tool.name(), tool);
    }

    List<Tool> all() {
        return List.copyOf(tools.values());
    }

    Tool named(String name) {
        return tools.get(name);
    }

    /// The result for the agent: what the tool says, or what went wrong, which it may mend.
    JsonObject call(Tool tool, JsonObject arguments) {
        try {
            check(tool, arguments);
            return result(tool.work().apply(arguments), false);
        } catch (DeclawException | UncheckedIOException e) {
            return result(e.getMessage(), true);
        }
    }

    private static JsonObject result(String text, boolean error) {
        JsonObject content = new JsonObject().put("type", "text").put("text", cut(text));
        return new JsonObject().put("content", List.of(content)).put("isError", error);
    }

    private static String cut(String text) {
        return text.length() <= TEXT_CHARS_MAX
                ? text
                : text.substring(0, TEXT_CHARS_MAX) + "\n… cut after " + TEXT_CHARS_MAX + " characters";
    }

    private static void check(Tool tool, JsonObject arguments) {
        Set<String> known = tool.parameters().stream().map(Tool.Parameter::name).collect(Collectors.toSet());
        arguments.forEach((name, value) -> {
            if (!known.contains(name)) throw new InvalidArgument(tool.name() + " has no argument '" + name + "'");
        });
        for (Tool.Parameter parameter : tool.parameters()) {
            Object value = arguments.get(parameter.name());
            boolean fits = parameter.type().equals("string") ? value instanceof String : value instanceof Long;
            if (value == null ? parameter.required() : !fits) {
                throw new InvalidArgument(parameter.name() + " must be given as " + parameter.type());
            }
        }
    }

    private String create() {
        return sandboxes.create(this).id();
    }

    private Sandbox sandbox(JsonObject arguments) {
        return sandboxes.get(this, arguments.text("sandbox_id"));
    }

    private String run(JsonObject arguments) {
        long seconds = arguments.optionalNumber("timeout_seconds").orElse(COMMAND_SECONDS_DEFAULT);
        if (seconds < 1 || seconds > COMMAND_SECONDS_MAX) {
            throw new InvalidArgument("timeout_seconds must be from 1 to " + COMMAND_SECONDS_MAX);
        }
        RunOptions options = RunOptions.defaults().within(Duration.ofSeconds(seconds));
        if (arguments.has("directory")) options = options.in(arguments.text("directory"));
        CommandResult result = sandbox(arguments).commands().runInterruptibly(arguments.text("command"), options);
        StringBuilder text = new StringBuilder("exit code " + result.exitCode() + "\n").append(cut(result.stdout()));
        if (!result.stderr().isEmpty()) text.append("\nstderr:\n").append(cut(result.stderr()));
        return text.toString();
    }

    private String read(JsonObject arguments) {
        try (InputStream in = sandbox(arguments).files().read(arguments.text("path"))) {
            return new String(in.readNBytes(TEXT_CHARS_MAX * 3), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("reading broke off", e);
        }
    }

    private String write(JsonObject arguments) {
        return sandbox(arguments).files().write(arguments.text("path"), arguments.text("content")) + " bytes written";
    }

    private String list(JsonObject arguments) {
        StringBuilder lines = new StringBuilder();
        for (Files.Entry entry : sandbox(arguments).files().list(arguments.text("path"))) {
            lines.append(entry.name()).append(entry.directory() ? "/" : " " + entry.size()).append('\n');
        }
        return lines.toString();
    }

    private String denials(JsonObject arguments) {
        StringBuilder lines = new StringBuilder();
        for (AuditEvent event : sandbox(arguments).audit().query(Audit.Filter.all().decision("deny"), 100)) {
            lines.append(event.time()).append(' ').append(event.attributes().text("host")).append(' ')
                    .append(event.reason().orElse("")).append('\n');
        }
        return lines.isEmpty() ? "nothing was refused" : lines.toString();
    }

    private String kill(JsonObject arguments) {
        String id = arguments.text("sandbox_id");
        sandboxes.kill(this, id);
        return id + " killed";
    }

    @Override
    public void close() {
        sandboxes.killAll(this);
    }
}
