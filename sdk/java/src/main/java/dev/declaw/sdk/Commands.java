package dev.declaw.sdk;

import dev.declaw.sdk.internal.Events;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Runs commands in a sandbox. A command is a line for the shell of its user. Thread-safe.
///
/// ```java
/// CommandResult result = sandbox.commands().run("uname -a").orThrow();
/// ```
public final class Commands {
    private final Http http;
    private final String path;

    Commands(Http http, String sandbox) {
        this.http = http;
        this.path = sandbox + "/commands";
    }

    /// A command or terminal that runs now.
    public record Running(long pid, String command, boolean terminal) {}

    public CommandResult run(String command) {
        return run(command, RunOptions.defaults());
    }

    /// Runs and waits. It is never sent twice. With listeners its lines come while it runs, and it is killed when its thread
    /// is interrupted.
    public CommandResult run(String command, RunOptions options) {
        if (options.listens()) return follow(command, options);
        JsonObject body = options.request(command, false).put("background", false);
        return result(http.send(Call.of("POST", path).with(body).within(Http.LONG_MAX)));
    }

    /// Starts a command and returns its output as it comes. Closing before its end kills the command.
    public OutputStreamed stream(String command) {
        return stream(command, RunOptions.defaults());
    }

    public OutputStreamed stream(String command, RunOptions options) {
        JsonObject body = options.request(command, false).put("stream", true);
        Events events = new Events(http.open(Call.of("POST", path + "/stream").with(body)));
        return new OutputStreamed(events, "the command", false);
    }

    /// Starts a command and returns at once. It lives as long as the sandbox unless `options` limits it.
    public CommandHandle start(String command) {
        return start(command, RunOptions.defaults());
    }

    public CommandHandle start(String command, RunOptions options) {
        if (options.listens()) {
            throw new DeclawException.InvalidArgument("a command in the background has no listeners; use stream, or await");
        }
        JsonObject body = options.request(command, true).put("background", true);
        return connect(http.send(Call.of("POST", path).with(body).withKey()).number("pid"));
    }

    /// A handle for a command that is there. Makes no request.
    public CommandHandle connect(long pid) {
        if (pid < 1) throw new DeclawException.InvalidArgument("a pid is a number from 1");
        return new CommandHandle(http, path, pid);
    }

    public List<Running> list() {
        return JsonObject.objectsOf(http.value(Call.of("GET", path))).stream()
                .map(row -> new Running(row.number("pid"), row.text("cmd"), row.flag("is_pty")))
                .toList();
    }

    static CommandResult result(JsonObject answer) {
        return new CommandResult(answer.text("stdout"), answer.text("stderr"), (int) answer.number("exit_code"));
    }

    /// As [#run], and killed when the thread is interrupted also without listeners. Its output has no limit but memory.
    public CommandResult runInterruptibly(String command, RunOptions options) {
        return follow(command, options);
    }

    private CommandResult follow(String command, RunOptions options) {
        List<Lines> lines = List.of(new Lines(options.onStdout()), new Lines(options.onStderr()));
        try (OutputStreamed output = stream(command, options)) {
            for (Output piece : output) lines.get(piece.stream().ordinal()).take(piece.text());
            lines.forEach(Lines::end);
            return new CommandResult(lines.get(0).text(), lines.get(1).text(), output.exitCode().orElseThrow());
        }
    }

    /// Cuts a stream into lines and keeps it whole.
    private static final class Lines {
        private final Consumer<String> listener;
        private final List<String> texts = new ArrayList<>();
        private final StringBuilder line = new StringBuilder();

        Lines(Consumer<String> listener) {
            this.listener = listener;
        }

        void take(String text) {
            texts.add(text);
            line.append(text);
            for (int end; (end = line.indexOf("\n")) >= 0; line.delete(0, end + 1)) tell(line.substring(0, end));
        }

        void end() {
            if (!line.isEmpty()) tell(line.toString());
        }

        private void tell(String text) {
            if (listener != null) listener.accept(text);
        }

        String text() {
            return String.join("", texts);
        }
    }
}
