package dev.declaw.linux;

import java.util.List;

/// A program that could not be started, ended with another status than 0, took too long or printed too much. The message
/// has the command, what happened, and the end of what it wrote to stderr.
public final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int COMMAND_CHARACTERS_MAX = 300;

    private final int exitCode;

    /// @param exitCode status of the program, or -1 when it did not end by itself
    CommandFailedException(List<String> arguments, String what, int exitCode, String stderrTail, Throwable cause) {
        super(describe(arguments) + " " + what + (stderrTail.isBlank() ? "" : ": " + stderrTail.strip()), cause);
        this.exitCode = exitCode;
    }

    /// For a program that was started to stay and did not.
    public CommandFailedException(List<String> arguments, String what) {
        this(arguments, what, -1, "", null);
    }

    /// Status of the program, or -1 when it did not end by itself.
    public int exitCode() {
        return exitCode;
    }

    private static String describe(List<String> arguments) {
        String text = String.join(" ", arguments);
        return "`"
                + (text.length() <= COMMAND_CHARACTERS_MAX ? text : text.substring(0, COMMAND_CHARACTERS_MAX) + "…")
                + "`";
    }
}
