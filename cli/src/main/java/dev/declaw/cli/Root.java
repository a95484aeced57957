package dev.declaw.cli;

import java.io.PrintWriter;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// The program's name and its commands.
@Command(
        name = "declaw",
        version = "declaw 0.1.0",
        mixinStandardHelpOptions = true,
        description = "Runs agents' code in microVMs and guards everything that leaves them.",
        footer = {
            "",
            "DECLAW_DOMAIN (host:port) and DECLAW_API_KEY say which server; `./declaw up` prints both.",
            "Exit codes: 0 done, 1 failed, 2 wrong use, 3 not there, 4 refused, 5 wrong state, 6 a limit, 7 no server.",
            "Completion: source <(declaw completion)"
        })
final class Root implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }

    /// Prints a completion script for bash and zsh.
    @Command(name = "completion", description = "Prints a completion script for bash and zsh.")
    void completion() {
        PrintWriter out = spec.commandLine().getOut();
        out.print(AutoComplete.bash("declaw", Main.everything()));
        out.flush();
    }

    /// What a start needs is loaded once here, for the start-up cache.
    @Command(name = "warm-up", hidden = true)
    void warmUp() {
        Main.everything().usage(spec.commandLine().getOut());
        Main.run("ls", "--server", "127.0.0.1:1");
        Main.run("exec", "--help");
    }
}
