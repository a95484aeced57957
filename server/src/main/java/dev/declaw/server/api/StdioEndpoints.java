package dev.declaw.server.api;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient.ProcessSpec;
import dev.declaw.runtime.guest.GuestClient.ProcessTag;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.guest.ProcessRef;
import dev.declaw.server.auth.RandomTokens;
import dev.declaw.server.custom.CommandInputs;
import dev.declaw.server.lifecycle.LiveSandbox;
import dev.declaw.server.lifecycle.Sandboxes;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Processes that somebody talks to over their pipes (wire-api 6). Their id is a tag in the guest, so it outlives this server.
final class StdioEndpoints {
    private static final int STDIN_CHARS_MAX = HttpCall.JSON_BYTES_MAX;

    private final Sandboxes sandboxes;
    private final RandomTokens tokens;

    StdioEndpoints(Sandboxes sandboxes, RandomTokens tokens) {
        this.sandboxes = sandboxes;
        this.tokens = tokens;
    }

    void start(HttpCall call) {
        JsonBody body = call.body();
        String command = CommandRequest.command(body);
        String user = CommandRequest.user("user", body.text("user", 64));
        Map<String, String> envs = Environment.read(body, "envs");
        ProcessTag tag = IdempotentStart.tag(call).orElseGet(() -> new ProcessTag(tokens.stdioId(), ""));
        ProcessSpec spec = new ProcessSpec(
                ProcessRef.Kind.STDIO,
                command,
                user,
                CommandRequest.workingDirectory(body),
                envs,
                Optional.empty(),
                true,
                Optional.empty(),
                Optional.of(tag));
        with(call, sandbox -> {
            CommandCheck.check(sandboxes.commandGate(), sandbox, CommandInputs.ofLine(command));
            CommandRecord.of(sandbox, "stdio_started", command, envs, user, "stdio");
            int pid = IdempotentStart.told(call, sandbox, () -> sandbox.guest().launch(spec));
            call.json(201, Json.object().put("cmd_id", tag.name()).put("pid", pid));
        });
    }

    void stream(HttpCall call) {
        ProcessRef process = process(call);
        long after = call.query().given("last_entry_id").map(text -> Query.parse("last_entry_id", text, 0, 1L << 53)).orElse(0L);
        with(call, sandbox -> {
            try (GuestProcess followed = sandbox.guest().follow(process, after)) {
                ProcessStream.pipes(followed, EventStream.open(call));
            }
        });
    }

    void stdin(HttpCall call) {
        ProcessRef process = process(call);
        byte[] data = base64(call.body().requiredText("data", STDIN_CHARS_MAX));
        with(call, sandbox -> {
            sandbox.record(
                    AuditCategory.COMMAND,
                    "stdio_stdin",
                    facts -> facts.text("cmd_id", process.name()).number("bytes", data.length));
            CommandEndpoints.feed(sandbox, process, data);
            call.json(200, Json.object());
        });
    }

    private static byte[] base64(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw JsonBody.wrong("data", "is not base64 (RFC 4648 section 4, with padding)");
        }
    }

    void closeStdin(HttpCall call) {
        ProcessRef process = process(call);
        with(call, sandbox -> {
            sandbox.guest().closeStdin(process);
            call.json(200, Json.object());
        });
    }

    void kill(HttpCall call) {
        ProcessRef process = process(call);
        with(call, sandbox -> {
            sandbox.record(AuditCategory.COMMAND, "stdio_killed", facts -> facts.text("cmd_id", process.name()));
            call.json(200, Json.object().put("killed", CommandEndpoints.killed(sandbox, process)));
        });
    }

    private static ProcessRef process(HttpCall call) {
        String id = call.parameter("cid");
        if (!id.matches("(stdio|key)-[a-z0-9]{1,64}")) {
            throw new PlatformFailure.NotFound("no_such_process", "there is no stdio process of this id");
        }
        return ProcessRef.stdio(id);
    }

    private void with(HttpCall call, Consumer<LiveSandbox> work) {
        sandboxes.use(call.caller(), call.parameter("id"), sandbox -> {
            work.accept(sandbox);
            return null;
        });
    }
}
