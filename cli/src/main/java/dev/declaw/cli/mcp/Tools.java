package dev.declaw.cli.mcp;

import dev.declaw.sdk.Audit;
import dev.declaw.sdk.AuditEvent;
import dev.declaw.sdk.CommandResult;
import dev.declaw.sdk.Declaw;
import dev.declaw.sdk.DeclawException;
import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.Files;
import dev.declaw.sdk.RunOptions;
import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.SandboxBuilder;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.policy.NetworkRules;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// The tools, and the sandboxes that they made: an agent reaches no others, and all end with this. Thread-safe.
public final class Tools implements AutoCloseable {
    private static final int TEXT_CHARS_MAX = 100_000;
    private static final long COMMAND_SECONDS_DEFAULT = 60;
    private static final long COMMAND_SECONDS_MAX = 3600;

    /// What the operator fixed for every sandbox.
    ///
    /// @param network empty when `security` has rules of its own
    public record Settings(
            String template, Duration timeout, int sandboxesMax, Optional<NetworkRules> network, Optional<JsonObject> security) {}

    private final Declaw client;
    private final Settings settings;
    private final Map<String, Sandbox> sandboxes = new LinkedHashMap<>();
    private final Map<String, Tool> tools = new LinkedHashMap<>();

    public Tools(Declaw client, Settings settings) {
        this.client = client;
        this.settings = settings;
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
        synchronized (sandboxes) {
            sandboxes.values().removeIf(one -> sandboxes.size() >= settings.sandboxesMax() && !one.isRunning());
            if (sandboxes.size() >= settings.sandboxesMax()) {
                throw new InvalidArgument(settings.sandboxesMax() + " sandboxes are running, the limit; kill one first");
            }
            SandboxBuilder builder = client.sandbox().template(settings.template()).timeout(settings.timeout());
            settings.network().ifPresent(builder::network);
            settings.security().ifPresent(builder::securityJson);
            Sandbox sandbox = builder.metadata(Map.of("made_by", "declaw-mcp")).create();
            sandboxes.put(sandbox.id(), sandbox);
            return sandbox.id();
        }
    }

    private Sandbox sandbox(JsonObject arguments) {
        synchronized (sandboxes) {
            Sandbox sandbox = sandboxes.get(arguments.text("sandbox_id"));
            if (sandbox == null) throw new InvalidArgument("there is no such sandbox; create_sandbox makes one");
            return sandbox;
        }
    }

    private String run(JsonObject arguments) {
        long seconds = arguments.optionalNumber("timeout_seconds").orElse(COMMAND_SECONDS_DEFAULT);
        if (seconds < 1 || seconds > COMMAND_SECONDS_MAX) {
            throw new InvalidArgument("timeout_seconds must be from 1 to " + COMMAND_SECONDS_MAX);
        }
        RunOptions options = RunOptions.defaults().within(Duration.ofSeconds(seconds));
        if (arguments.has("directory")) options = options.in(arguments.text("directory"));
        CommandResult result = sandbox(arguments).commands().run(arguments.text("command"), options);
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
        Sandbox sandbox = sandbox(arguments);
        sandbox.kill();
        synchronized (sandboxes) {
            sandboxes.remove(sandbox.id());
        }
        return sandbox.id() + " killed";
    }

    @Override
    public void close() {
        synchronized (sandboxes) {
            try {
                client.killAll(List.copyOf(sandboxes.keySet()));
            } catch (DeclawException e) {
                System.err.println("the sandboxes end with their timeout: " + e.getMessage());
            }
            sandboxes.clear();
        }
    }
}
