package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient.ProcessInfo;
import dev.declaw.runtime.guest.GuestClient.ProcessTag;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.guest.GuestProcess.Event;
import dev.declaw.runtime.guest.ProcessRef;
import dev.declaw.server.custom.CommandInputs;
import dev.declaw.server.lifecycle.LiveSandbox;
import dev.declaw.server.lifecycle.Sandboxes;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/// Commands in a sandbox (wire-api 4).
final class CommandEndpoints {
    private static final int STDIN_CHARS_MAX = HttpCall.JSON_BYTES_MAX;
    private static final int PID_MAX = 1 << 22; // the kernel's PID_MAX_LIMIT

    private final Sandboxes sandboxes;
    private final InstantSource clock;

    CommandEndpoints(Sandboxes sandboxes, InstantSource clock) {
        this.sandboxes = sandboxes;
        this.clock = clock;
    }

    void run(HttpCall call) {
        CommandRequest request = CommandRequest.read(call.body());
        with(call, sandbox -> {
            GuestProcess process = start(call, sandbox, request);
            try (process) {
                if (request.background()) call.json(200, Json.object().put("pid", process.pid()));
                else call.endJson(collect(call, sandbox, process, true));
            }
        });
    }

    /// Records the command, then starts it: what cannot be recorded is not run (I6).
    private GuestProcess start(HttpCall call, LiveSandbox sandbox, CommandRequest request) {
        CommandCheck.check(sandboxes.commandGate(), sandbox, CommandInputs.ofLine(request.command()));
        CommandRecord.of(
                sandbox, "command_run", request.command(), request.envs(), request.user(), request.background() ? "background" : "foreground");
        Optional<ProcessTag> tag = IdempotentStart.tag(call);
        return IdempotentStart.told(
                call, sandbox, () -> sandbox.guest().start(tag.map(request.spec()::tagged).orElseGet(request::spec)));
    }

    void await(HttpCall call) {
        int pid = pid(call);
        with(call, sandbox -> {
            try (GuestProcess process = sandbox.guest().follow(pid)) {
                call.endJson(collect(call, sandbox, process, false));
            }
        });
    }

    /// Reads until the end. After [KeepAlive#FIRST] the answer is under way: blanks that keep the connection alive, then
    /// the result. A command in the foreground whose caller is gone is killed, since that client will run it again; not one with
    /// an idempotency key, which will be found again.
    private ObjectNode collect(HttpCall call, LiveSandbox sandbox, GuestProcess process, boolean killWhenAlone) {
        Output output = new Output();
        KeepAlive keepAlive = new KeepAlive(clock);
        try {
            while (true) {
                switch (process.next()) {
                    case Event.Stdout(byte[] bytes) -> output.stdout(bytes);
                    case Event.Stderr(byte[] bytes) -> output.stderr(bytes);
                    case Event.KeepAlive() -> {}
                    case Event.Exited exited -> {
                        return output.answer(process.pid(), exited);
                    }
                }
                if (keepAlive.due()) call.dribble();
            }
        } catch (HttpCall.CallerGoneException e) {
            if (killWhenAlone && call.idempotencyKey().isEmpty()) sandbox.guest().kill(process.pid());
            throw e;
        } catch (PlatformFailure.GuestUnreachable e) {
            if (!killWhenAlone) throw e;
            // The command may have done its work: an answer that clients repeat (5xx) would run it twice.
            PlatformFailure lost = new PlatformFailure.Conflict(
                    "command_lost", "the connection to the sandbox broke while the command ran; look at its state before you repeat it");
            lost.addSuppressed(e);
            throw lost;
        }
    }

    void stream(HttpCall call) {
        CommandRequest request = CommandRequest.read(call.body());
        with(call, sandbox -> {
            try (GuestProcess process = start(call, sandbox, request)) {
                EventStream stream = EventStream.open(call);
                try {
                    follow(process, stream, call.keyHeaderOnly());
                } catch (HttpCall.CallerGoneException e) {
                    if (call.idempotencyKey().isEmpty()) sandbox.guest().kill(process.pid());
                    throw e;
                } catch (PlatformFailure e) {
                    stream.event("error", Json.object().put("error", e.getMessage()));
                    stream.event("exit", Json.object().put("exit_code", 1));
                }
                stream.close();
            }
        });
    }

    private static void follow(GuestProcess process, EventStream stream, boolean joinedWithNewlines) {
        LineEvents stdout = new LineEvents("stdout", joinedWithNewlines, line -> stream.event("output", line));
        LineEvents stderr = new LineEvents("stderr", joinedWithNewlines, line -> stream.event("output", line));
        while (true) {
            switch (process.next()) {
                case Event.Stdout(byte[] bytes) -> stdout.bytes(bytes);
                case Event.Stderr(byte[] bytes) -> stderr.bytes(bytes);
                case Event.KeepAlive() -> stream.keepAlive();
                case Event.Exited exited -> {
                    stdout.end();
                    stderr.end();
                    if (exited.timedOut()) {
                        stream.event(
                                "output",
                                Json.object()
                                        .put("type", "stderr")
                                        .put("stream", "stderr")
                                        .put("data", "declaw: the command was killed because its timeout was over"));
                    }
                    stream.event("exit", Json.object().put("exit_code", exited.exitCode()));
                    return;
                }
            }
        }
    }

    void list(HttpCall call) {
        with(call, sandbox -> {
            ArrayNode list = Json.array();
            for (ProcessInfo process : sandbox.guest().processes()) {
                ObjectNode node = Json.object()
                        .put("pid", process.pid())
                        .put("cmd", process.command())
                        .put("is_pty", process.kind() == ProcessRef.Kind.PTY);
                node.putObject("envs"); // what a command was given stays with it
                list.add(node);
            }
            call.json(200, list);
        });
    }

    void kill(HttpCall call) {
        int pid = pid(call);
        with(call, sandbox -> {
            sandbox.record(AuditCategory.COMMAND, "command_killed", facts -> facts.number("pid", pid));
            call.json(200, Json.object().put("killed", killed(sandbox, ProcessRef.pid(pid))));
        });
    }

    static boolean killed(LiveSandbox sandbox, ProcessRef process) {
        try {
            return sandbox.guest().kill(process);
        } catch (PlatformFailure.NotFound e) {
            return false; // unknown and gone are the same to whoever wants it dead
        }
    }

    void stdin(HttpCall call) {
        int pid = pid(call);
        String data = call.body().requiredText("data", STDIN_CHARS_MAX);
        with(call, sandbox -> {
            sandbox.record(
                    AuditCategory.COMMAND,
                    "command_stdin",
                    facts -> facts.number("pid", pid).number("chars", data.length()));
            feed(sandbox, ProcessRef.pid(pid), data.getBytes(StandardCharsets.UTF_8));
            call.json(200, Json.object());
        });
    }

    /// Input that may have arrived is no failure that clients repeat: it would arrive twice.
    static void feed(LiveSandbox sandbox, ProcessRef process, byte[] bytes) {
        try {
            sandbox.guest().writeStdin(process, bytes);
        } catch (PlatformFailure.GuestUnreachable e) {
            PlatformFailure uncertain = new PlatformFailure.Conflict(
                    "input_uncertain", "the connection to the sandbox broke while it took the input; look at the output before you repeat it");
            uncertain.addSuppressed(e);
            throw uncertain;
        }
    }

    private interface Work {
        void run(LiveSandbox sandbox);
    }

    private void with(HttpCall call, Work work) {
        sandboxes.use(call.caller(), call.parameter("id"), sandbox -> {
            work.run(sandbox);
            return null;
        });
    }

    static int pid(HttpCall call) {
        String text = call.parameter("pid");
        if (!text.matches("[1-9][0-9]{0,6}") || Integer.parseInt(text) > PID_MAX) {
            throw new PlatformFailure.NotFound("no_such_process", "there is no process of this number");
        }
        return Integer.parseInt(text);
    }
}
