package dev.declaw.sdk;

/// What a command printed and how it ended.
///
/// @param exitCode 0 to 255: 124 after its timeout, 128 + n after signal n
public record CommandResult(String stdout, String stderr, int exitCode) {
    public boolean ok() {
        return exitCode == 0;
    }

    /// This result, or an exception when the exit code is not 0.
    ///
    /// @throws DeclawException.CommandFailed with the last line of the output
    public CommandResult orThrow() {
        if (ok()) return this;
        String text = (stderr.isBlank() ? stdout : stderr).strip();
        String last = text.substring(text.lastIndexOf('\n') + 1);
        if (last.length() > 300) last = last.substring(0, 300);
        throw new DeclawException.CommandFailed(
                "the command ended with exit code " + exitCode + (last.isEmpty() ? "" : ": " + last), this);
    }
}
