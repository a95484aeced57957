package dev.declaw.sdk;

import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/// How a command is run. Immutable; start from [#defaults].
///
/// @param timeout after which it is killed and ends with 124; zero: no limit but the sandbox's; empty: 60 s in the
///     foreground, no limit in the background
/// @param onStdout called with each line while it runs, on the calling thread; null for none
/// @param onStderr the same for the other output
public record RunOptions(
        String user,
        Optional<String> directory,
        Map<String, String> variables,
        Optional<Duration> timeout,
        Consumer<String> onStdout,
        Consumer<String> onStderr) {
    private static final Duration FOREGROUND_DEFAULT = Duration.ofSeconds(60);
    private static final RunOptions DEFAULTS = new RunOptions("user", Optional.empty(), Map.of(), Optional.empty(), null, null);

    public RunOptions {
        Objects.requireNonNull(user);
        variables = Checks.variables(variables);
        directory.ifPresent(Checks::path);
        timeout.ifPresent(limit -> Checks.seconds("timeout", limit));
    }

    /// As `user`, in its home, for at most 60 s.
    public static RunOptions defaults() {
        return DEFAULTS;
    }

    public RunOptions as(String newUser) {
        return new RunOptions(newUser, directory, variables, timeout, onStdout, onStderr);
    }

    public RunOptions in(String newDirectory) {
        return new RunOptions(user, Optional.of(newDirectory), variables, timeout, onStdout, onStderr);
    }

    public RunOptions with(Map<String, String> newVariables) {
        return new RunOptions(user, directory, newVariables, timeout, onStdout, onStderr);
    }

    public RunOptions within(Duration newTimeout) {
        return new RunOptions(user, directory, variables, Optional.of(newTimeout), onStdout, onStderr);
    }

    public RunOptions onStdout(Consumer<String> line) {
        return new RunOptions(user, directory, variables, timeout, line, onStderr);
    }

    public RunOptions onStderr(Consumer<String> line) {
        return new RunOptions(user, directory, variables, timeout, onStdout, line);
    }

    boolean listens() {
        return onStdout != null || onStderr != null;
    }

    JsonObject request(String command, boolean background) {
        JsonObject body = new JsonObject().put("cmd", Checks.command(command)).put("user", user);
        if (!variables.isEmpty()) body.put("envs", JsonObject.of(variables));
        directory.ifPresent(path -> body.put("cwd", path));
        Optional<Duration> limit = timeout.or(() -> background ? Optional.empty() : Optional.of(FOREGROUND_DEFAULT));
        // The server takes exactly 60 in the background for what one client always sends, so it is sent a little longer.
        limit.map(value -> background && value.equals(FOREGROUND_DEFAULT) ? value.plusMillis(1) : value)
                .ifPresent(value -> body.put("timeout", value.toMillis() / 1000.0));
        return body;
    }

    @Override
    public String toString() {
        return "RunOptions[" + user + "]"; // variables may hold secrets
    }
}
