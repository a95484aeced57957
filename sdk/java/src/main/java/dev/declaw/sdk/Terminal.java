package dev.declaw.sdk;

import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.internal.Events;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// A login shell on a terminal of a sandbox. It lives on when its output is no longer read. Thread-safe.
///
/// ```java
/// Terminal terminal = sandbox.openTerminal(Terminal.Options.defaults().sized(120, 40));
/// try (OutputStreamed output = terminal.output()) {
///     terminal.type("ls; exit\n");
///     for (Output piece : output) System.out.print(piece.text());
/// }
/// ```
public final class Terminal {
    private final Http http;
    private final String path;
    private final long pid;

    Terminal(Http http, String sandbox, long pid) {
        this.http = http;
        this.path = sandbox + "/pty/" + pid;
        this.pid = pid;
    }

    /// @param lifetime after which it is killed; zero: as long as the sandbox lives
    public record Options(
            int columns, int rows, String user, Optional<String> directory, Map<String, String> variables, Duration lifetime) {
        private static final int SIZE_MAX = 1000;
        private static final Options DEFAULTS =
                new Options(80, 24, "user", Optional.empty(), Map.of(), Duration.ofHours(1));

        public Options {
            Checks.count("columns", columns, SIZE_MAX);
            Checks.count("rows", rows, SIZE_MAX);
            Objects.requireNonNull(user);
            variables = Checks.variables(variables);
            Checks.seconds("lifetime", lifetime);
        }

        /// 80 by 24, as `user`, for an hour.
        public static Options defaults() {
            return DEFAULTS;
        }

        public Options sized(int newColumns, int newRows) {
            return new Options(newColumns, newRows, user, directory, variables, lifetime);
        }

        public Options as(String newUser) {
            return new Options(columns, rows, newUser, directory, variables, lifetime);
        }

        public Options in(String newDirectory) {
            return new Options(columns, rows, user, Optional.of(newDirectory), variables, lifetime);
        }

        public Options with(Map<String, String> newVariables) {
            return new Options(columns, rows, user, directory, newVariables, lifetime);
        }

        public Options living(Duration newLifetime) {
            return new Options(columns, rows, user, directory, variables, newLifetime);
        }

        @Override
        public String toString() {
            return "Options[" + columns + "x" + rows + ", " + user + "]"; // variables may hold secrets
        }
    }

    static Terminal open(Http http, String sandbox, Options options) {
        JsonObject body = new JsonObject()
                .put("size", size(options.columns(), options.rows()))
                .put("user", options.user())
                .put("timeout", Checks.seconds("lifetime", options.lifetime()));
        options.directory().ifPresent(directory -> body.put("cwd", directory));
        if (!options.variables().isEmpty()) body.put("envs", JsonObject.of(options.variables()));
        return new Terminal(http, sandbox, http.send(Call.of("POST", sandbox + "/pty").with(body).withKey()).number("pid"));
    }

    public long pid() {
        return pid;
    }

    /// What it prints, as raw bytes, from the first byte that the server has kept.
    public OutputStreamed output() {
        return new OutputStreamed(new Events(http.open(Call.of("GET", path + "/stream"))), "the terminal", true);
    }

    /// Types. A line ends with a newline; `\u0003` is Ctrl-C.
    public void type(String text) {
        http.send(Call.of("POST", path + "/stdin").with(new JsonObject().put("data", text)));
    }

    public void resize(int columns, int rows) {
        http.send(Call.of("PATCH", path).with(new JsonObject().put("size", size(columns, rows))).asRepeatable());
    }

    /// @return false when it had ended
    public boolean kill() {
        return http.send(Call.of("DELETE", path)).flag("killed");
    }

    private static JsonObject size(int columns, int rows) {
        return new JsonObject().put("cols", columns).put("rows", rows);
    }
}
