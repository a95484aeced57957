package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.runtime.guest.GuestProcess;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// Collects what a process writes, up to a limit per stream: more is counted and left out, and said on stderr.
final class Output {
    static final int STREAM_BYTES_MAX = 10 * 1024 * 1024;

    private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
    private long stdoutLeftOut;
    private long stderrLeftOut;

    void stdout(byte[] bytes) {
        stdoutLeftOut += append(stdout, bytes);
    }

    void stderr(byte[] bytes) {
        stderrLeftOut += append(stderr, bytes);
    }

    private static int append(ByteArrayOutputStream stream, byte[] bytes) {
        int taken = Math.min(bytes.length, STREAM_BYTES_MAX - stream.size());
        stream.write(bytes, 0, taken);
        return bytes.length - taken;
    }

    /// The answer of a command that has ended (wire-api 4.1). Bytes that are not UTF-8 become U+FFFD.
    ObjectNode answer(int pid, GuestProcess.Event.Exited exited) {
        StringBuilder errors = new StringBuilder(stderr.toString(StandardCharsets.UTF_8));
        if (exited.timedOut()) note(errors, "declaw: the command was killed because its timeout was over");
        if (exited.truncated()) note(errors, "declaw: the oldest output was not kept");
        if (stdoutLeftOut > 0) note(errors, "declaw: stdout was cut, " + stdoutLeftOut + " bytes are left out");
        if (stderrLeftOut > 0) note(errors, "declaw: stderr was cut, " + stderrLeftOut + " bytes are left out");
        return Json.object()
                .put("stdout", stdout.toString(StandardCharsets.UTF_8))
                .put("stderr", errors.toString())
                .put("exit_code", exited.exitCode())
                .put("pid", pid);
    }

    private static void note(StringBuilder errors, String text) {
        if (!errors.isEmpty() && errors.charAt(errors.length() - 1) != '\n') errors.append('\n');
        errors.append(text).append('\n');
    }
}
