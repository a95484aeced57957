package dev.declaw.server.api;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.runtime.guest.GuestClient.ProcessSpec;
import dev.declaw.runtime.guest.GuestClient.TerminalSize;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.guest.ProcessRef;
import dev.declaw.server.custom.CommandInputs;
import dev.declaw.server.lifecycle.LiveSandbox;
import dev.declaw.server.lifecycle.Sandboxes;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;

/// Terminals in a sandbox (wire-api 5). Every subscriber gets the output from the first byte that the guest still keeps.
final class PtyEndpoints {
    private static final int SIZE_MAX = 4096;
    private static final int COLUMNS = 80;
    private static final int ROWS = 24;
    private static final int STDIN_CHARS_MAX = HttpCall.JSON_BYTES_MAX;

    private final Sandboxes sandboxes;

    PtyEndpoints(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    void create(HttpCall call) {
        JsonBody body = call.body();
        ProcessSpec spec = new ProcessSpec(
                ProcessRef.Kind.PTY,
                "",
                CommandRequest.user("user", body.text("user", 64)),
                CommandRequest.workingDirectory(body),
                Environment.read(body, "envs"),
                CommandRequest.timeout(body),
                false,
                Optional.of(size(body)),
                IdempotentStart.tag(call));
        with(call, sandbox -> {
            CommandCheck.check(sandboxes.commandGate(), sandbox, CommandInputs.ofTerminal());
            sandbox.record(AuditCategory.PTY, "pty_started", facts -> facts.text("user", spec.user()));
            int pid = IdempotentStart.told(call, sandbox, () -> sandbox.guest().launch(spec));
            call.json(201, Json.object().put("pid", pid));
        });
    }

    private static TerminalSize size(JsonBody body) {
        Optional<JsonBody> size = body.node("size").map(node -> JsonBody.of("size", node));
        return new TerminalSize(side(size, "cols", COLUMNS), side(size, "rows", ROWS));
    }

    private static int side(Optional<JsonBody> size, String name, long fallback) {
        long value = size.flatMap(body -> body.wholeNumber(name)).orElse(fallback);
        if (value < 1 || value > SIZE_MAX) throw JsonBody.wrong("size." + name, "must be a whole number from 1 to " + SIZE_MAX);
        return (int) value;
    }

    void stream(HttpCall call) {
        int pid = CommandEndpoints.pid(call);
        with(call, sandbox -> {
            try (GuestProcess process = sandbox.guest().follow(ProcessRef.pty(pid), 0)) {
                ProcessStream.terminal(process, EventStream.open(call));
            }
        });
    }

    void stdin(HttpCall call) {
        int pid = CommandEndpoints.pid(call);
        String data = call.body().requiredText("data", STDIN_CHARS_MAX);
        with(call, sandbox -> {
            sandbox.record(
                    AuditCategory.PTY, "pty_stdin", facts -> facts.number("pid", pid).number("chars", data.length()));
            CommandEndpoints.feed(sandbox, ProcessRef.pty(pid), data.getBytes(StandardCharsets.UTF_8));
            call.json(200, Json.object());
        });
    }

    void resize(HttpCall call) {
        int pid = CommandEndpoints.pid(call);
        JsonBody body = call.body();
        if (body.node("size").isEmpty()) throw JsonBody.wrong("size", "is missing");
        TerminalSize size = size(body);
        with(call, sandbox -> {
            sandbox.guest().resize(pid, size);
            call.json(200, Json.object());
        });
    }

    void kill(HttpCall call) {
        int pid = CommandEndpoints.pid(call);
        with(call, sandbox -> {
            sandbox.record(AuditCategory.PTY, "pty_killed", facts -> facts.number("pid", pid));
            call.json(200, Json.object().put("killed", CommandEndpoints.killed(sandbox, ProcessRef.pty(pid))));
        });
    }

    private void with(HttpCall call, Consumer<LiveSandbox> work) {
        sandboxes.use(call.caller(), call.parameter("id"), sandbox -> {
            work.accept(sandbox);
            return null;
        });
    }
}
