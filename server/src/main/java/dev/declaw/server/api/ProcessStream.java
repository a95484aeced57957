package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.guest.GuestProcess.Event;
import java.util.Base64;
import java.util.function.BiConsumer;

/// Sends what a process writes as server-sent events of base64, until its exit (wire-api 5.2, 6.2). A caller that leaves ends
/// the stream and not the process.
final class ProcessStream {
    /// What clients report when a stream ends without an exit.
    private static final int EXIT_CODE_UNKNOWN = -1;

    private ProcessStream() {}

    /// A terminal's: `data` events.
    static void terminal(GuestProcess process, EventStream stream) {
        relay(process, stream, (output, event) -> stream.event("data", event));
    }

    /// A stdio process's: `stdout` and `stderr` events, whose `entry_id` is the number of bytes up to their end, so that a
    /// reader can resume behind any of them.
    static void pipes(GuestProcess process, EventStream stream) {
        relay(process, stream, (output, event) -> stream.event(output, event.put("entry_id", process.position())));
    }

    private static void relay(GuestProcess process, EventStream stream, BiConsumer<String, ObjectNode> output) {
        try {
            while (true) {
                switch (process.next()) {
                    case Event.Stdout(byte[] bytes) -> output.accept("stdout", data(bytes));
                    case Event.Stderr(byte[] bytes) -> output.accept("stderr", data(bytes));
                    case Event.KeepAlive() -> stream.keepAlive();
                    case Event.Exited exited -> {
                        exit(stream, exited.exitCode());
                        return;
                    }
                }
            }
        } catch (PlatformFailure e) {
            stream.event("error", Json.object().put("error", e.getMessage()).put("code", e.code()));
            exit(stream, EXIT_CODE_UNKNOWN);
        }
    }

    private static void exit(EventStream stream, int code) {
        stream.event("exit", Json.object().put("exit_code", code));
        stream.close();
    }

    private static ObjectNode data(byte[] bytes) {
        return Json.object().put("data", Base64.getEncoder().encodeToString(bytes));
    }
}
