package dev.declaw.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;

/// Where the program starts.
public final class Main {
    private Main() {}

    /// The commands in the order of the help. Each is made only when it is needed: reading the annotations of all takes
    /// longer than everything else at a start.
    private static final Map<String, Supplier<Object>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("create", CreateCommand::new);
        COMMANDS.put("ls", SandboxCommands.Ls::new);
        COMMANDS.put("info", SandboxCommands.Info::new);
        COMMANDS.put("exec", ExecCommand::new);
        COMMANDS.put("shell", ShellCommand::new);
        COMMANDS.put("cp", CopyCommand::new);
        COMMANDS.put("logs", LogsCommand::new);
        COMMANDS.put("pause", SandboxCommands.Pause::new);
        COMMANDS.put("resume", SandboxCommands.Resume::new);
        COMMANDS.put("snapshot", SnapshotCommand::new);
        COMMANDS.put("fork", SandboxCommands.Fork::new);
        COMMANDS.put("kill", SandboxCommands.Kill::new);
        COMMANDS.put("ports", PortsCommand::new);
        COMMANDS.put("template", TemplateCommand::new);
        COMMANDS.put("volume", VolumeCommand::new);
        COMMANDS.put("vault", VaultCommand::new);
        COMMANDS.put("policy", PolicyCommand::new);
        COMMANDS.put("audit", AuditCommand::new);
        COMMANDS.put("tail", TailCommand::new);
        COMMANDS.put("usage", UsageCommand::new);
        COMMANDS.put("mcp", McpCommand::new);
    }

    public static void main(String[] arguments) {
        int code = run(arguments);
        System.out.flush();
        System.exit(code);
    }

    static int run(String... arguments) {
        return commandLine(arguments).execute(arguments);
    }

    /// The program with the command that the arguments name; with all when they name none.
    static CommandLine commandLine(String... arguments) {
        if (arguments.length == 1 && arguments[0].matches("--version|-V")) return configured(new CommandLine(new Root()));
        if (arguments.length == 0 || !COMMANDS.containsKey(arguments[0])) return everything();
        CommandLine root = new CommandLine(new Root());
        root.addSubcommand(arguments[0], COMMANDS.get(arguments[0]).get());
        return configured(root);
    }

    static CommandLine everything() {
        CommandLine root = new CommandLine(new Root());
        COMMANDS.forEach((name, command) -> root.addSubcommand(name, command.get()));
        return configured(root);
    }

    private static CommandLine configured(CommandLine root) {
        CommandLine exec = root.getSubcommands().get("exec");
        if (exec != null) exec.setStopAtPositional(true); // what follows the sandbox belongs to its command
        CommandLine mcp = root.getSubcommands().get("mcp");
        if (mcp != null) mcp.getSubcommands().get("run").setStopAtPositional(true);
        return root.setColorScheme(Style.scheme())
                .setUsageHelpAutoWidth(true)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(Failures::usage)
                .setExecutionExceptionHandler(Failures::execution);
    }
}
