package dev.declaw.cli;

import dev.declaw.sdk.DeclawException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// What went wrong, on one line, and the next step on another.
final class Failures {
    private Failures() {}

    static int usage(ParameterException failure, String[] arguments) {
        CommandLine command = failure.getCommandLine();
        PrintWriter err = command.getErr();
        say(err, failure.getMessage(), "`" + command.getCommandSpec().qualifiedName() + " --help` shows how");
        UnmatchedArgumentException.printSuggestions(failure, err);
        err.flush();
        return ExitCodes.USAGE;
    }

    static int execution(Exception failure, CommandLine command, ParseResult parsed) throws Exception {
        if (failure instanceof DeclawException known) {
            String reference = known.reference().isEmpty() ? "" : " (reference " + known.reference() + ")";
            say(command.getErr(), known.getMessage() + reference, next(known));
            return ExitCodes.of(known);
        }
        if (failure instanceof UncheckedIOException broken) {
            say(command.getErr(), broken.getMessage() + ": " + broken.getCause().getMessage(), null);
            return ExitCodes.FAILURE;
        }
        throw failure;
    }

    private static void say(PrintWriter err, String what, String next) {
        err.println(Style.red("✗ ") + what);
        if (next != null) err.println("  → " + next);
        err.flush();
    }

    private static String next(DeclawException failure) {
        if (failure instanceof DeclawException.Unauthenticated) {
            return "set DECLAW_API_KEY; `./declaw up` on the server prints it";
        }
        if (failure instanceof DeclawException.ConnectionFailed) {
            return "set DECLAW_DOMAIN=host:port, or give --server";
        }
        if (failure instanceof DeclawException.RateLimited limited) {
            return limited.retryAfter().map(wait -> "try again in " + wait.toSeconds() + " s").orElse("`declaw ls`, then `declaw kill`");
        }
        return switch (failure.code()) {
            case "sandbox_not_found", "sandbox_killed" -> "`declaw ls` shows what is there, `declaw ls --all` what was";
            case "template_not_found" -> "`declaw template ls` shows what is there";
            case "sandbox_paused" -> "`declaw resume SANDBOX`";
            case "unknown_endpoint", "not_available" -> "this server is older than the command line, or does not offer it";
            default -> null;
        };
    }
}
