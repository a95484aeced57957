package dev.declaw.server.api;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient.ProcessSpec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Reads the body of a command call (wire-api 4.1).
///
/// @param timeout after which the process is killed; empty for none
record CommandRequest(
        String command,
        boolean background,
        String user,
        Map<String, String> envs,
        Optional<String> workingDirectory,
        Optional<Duration> timeout) {
    /// MAX_ARG_STRLEN (execve(2)) less the terminating NUL: the shell gets the line as one argument.
    private static final int COMMAND_BYTES_MAX = 128 * 1024 - 1;

    private static final double TIMEOUT_SECONDS_MAX = 366L * 24 * 3600;

    /// The default of two clients, which they send for background commands too, where nobody means it (wire-api U6).
    private static final double TIMEOUT_SECONDS_OF_CLIENTS = 60;

    private static final String USER_DEFAULT = "user";
    private static final Pattern USER = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_.-]{0,31}\\$?");

    static CommandRequest read(JsonBody body) {
        String command = command(body);
        boolean background = body.flag("background", false);
        body.flag("stdin", false); // stdin is always open in the background and never in the foreground (U10, U11)
        return new CommandRequest(
                command,
                background,
                user("user", body.text("user", 64)),
                Environment.read(body, "envs"),
                workingDirectory(body),
                timeout(body.seconds("timeout", TIMEOUT_SECONDS_MAX), background));
    }

    /// The shell command line of a request.
    static String command(JsonBody body) {
        return command(body, "cmd");
    }

    static String command(JsonBody body, String member) {
        String command = body.requiredText(member, COMMAND_BYTES_MAX);
        if (command.indexOf('\0') >= 0) throw JsonBody.wrong(member, "contains a NUL character");
        if (command.getBytes(StandardCharsets.UTF_8).length > COMMAND_BYTES_MAX) {
            throw new PlatformFailure.TooLarge(
                    "command_too_long", member + " is longer than " + COMMAND_BYTES_MAX + " bytes; write it to a file and run that");
        }
        return command;
    }

    static Optional<String> workingDirectory(JsonBody body) {
        Optional<String> directory = body.text("cwd", JsonBody.PATH_CHARS_MAX).filter(path -> !path.isEmpty());
        directory.ifPresent(path -> JsonBody.checkPath("cwd", path));
        return directory;
    }

    /// Seconds after which a process is killed; empty for none.
    static Optional<Duration> timeout(JsonBody body) {
        return timeout(body.seconds("timeout", TIMEOUT_SECONDS_MAX), false);
    }

    static String user(String field, Optional<String> name) {
        String user = name.filter(text -> !text.isEmpty()).orElse(USER_DEFAULT);
        if (!USER.matcher(user).matches()) throw JsonBody.wrong(field, "is not a user name");
        return user;
    }

    private static Optional<Duration> timeout(Optional<Double> seconds, boolean background) {
        return seconds.filter(value -> value > 0)
                .filter(value -> !background || value != TIMEOUT_SECONDS_OF_CLIENTS)
                .map(value -> Duration.ofMillis(Math.max(1, Math.round(value * 1000))));
    }

    ProcessSpec spec() {
        return new ProcessSpec(command, user, workingDirectory, envs, timeout, background);
    }

    @Override
    public String toString() {
        return "CommandRequest[" + user + "]"; // the line and the variables may hold secrets
    }
}
