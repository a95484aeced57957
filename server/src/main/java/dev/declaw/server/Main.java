package dev.declaw.server;

import dev.declaw.egress.control.EgressProcess;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The one program of all roles. What it is started as decides which role it plays.
@Command(
        name = "declaw-server",
        description = "Runs agents' code in microVMs and guards everything that leaves them.",
        mixinStandardHelpOptions = true,
        version = "declaw 0.1.0",
        subcommands = {
            ServerCommand.class,
            PsCommand.class,
            EgressCommand.class,
            TemplatesCommand.class,
            ScanCommand.class,
            CommandLine.HelpCommand.class
        })
public final class Main {
    /// Role of the child process that the server starts; its arguments are not for people.
    static final String EGRESS_WORKER = "egress-worker";

    private Main() {}

    public static void main(String[] args) {
        LineLog.install();
        if (args.length > 0 && args[0].equals(EGRESS_WORKER)) {
            EgressProcess.run(List.copyOf(Arrays.asList(args).subList(1, args.length)));
            return;
        }
        System.exit(new CommandLine(new Main()).execute(args));
    }
}
