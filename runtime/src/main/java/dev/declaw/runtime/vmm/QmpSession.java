package dev.declaw.runtime.vmm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.linux.LinuxException;
import dev.declaw.linux.NativeSocket;
import dev.declaw.linux.UnixStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// One conversation with a QEMU process over its control socket (QEMU's interop/qmp-spec): a command, its answer, events
/// skipped. QEMU talks to one client at a time, so a session is opened for an operation and closed after it. Used by one
/// thread; the answers are read by a platform thread of its own, because the read would hold a carrier of virtual threads.
///
/// The VMM may have been broken out of by its guest: what it says is bounded in size and time here.
final class QmpSession implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LINE_BYTES_MAX = 1 << 20;
    private static final int ANSWERS_MAX = 64;
    private static final Duration CONNECT_POLL = Duration.ofMillis(2);

    /// A VMM that hangs accepts nobody, and soon its queue is full.
    private static final Duration SEND_PATIENCE = Duration.ofSeconds(5);
    private static final Duration COMMAND_DEADLINE = Duration.ofSeconds(20);
    private static final JsonNode END = JSON.createObjectNode();

    private final UnixStream stream;
    private final BlockingQueue<JsonNode> answers = new ArrayBlockingQueue<>(ANSWERS_MAX);

    private QmpSession(UnixStream stream) {
        this.stream = stream;
        Thread.ofPlatform().daemon().name("qmp").start(this::read);
    }

    /// Connects as soon as the socket is there.
    ///
    /// @param alive asked before every try; false ends the waiting
    static QmpSession open(Path socket, Duration deadline, BooleanSupplier alive) throws QmpException {
        long end = System.nanoTime() + deadline.toNanos();
        while (true) {
            try {
                QmpSession session = new QmpSession(UnixStream.connect(socket, SEND_PATIENCE));
                try {
                    session.run("qmp_capabilities");
                    return session;
                } catch (QmpException failure) {
                    session.close();
                    throw failure;
                }
            } catch (LinuxException notYet) {
                if (!alive.getAsBoolean()) {
                    throw new QmpException("the VMM ended at its start", notYet);
                }
                if (System.nanoTime() > end) {
                    throw new QmpException("the VMM has no control socket after " + deadline.toMillis() + " ms", notYet);
                }
            }
            pause(CONNECT_POLL);
        }
    }

    static void pause(Duration time) throws QmpException {
        try {
            Thread.sleep(time);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new QmpException("interrupted while talking to the VMM", interrupted);
        }
    }

    static ObjectNode arguments() {
        return JSON.createObjectNode();
    }

    JsonNode run(String command) throws QmpException {
        return run(command, arguments());
    }

    /// Runs a command and returns what it returns. A copy of the descriptor, if there is one, goes with it.
    JsonNode run(String command, ObjectNode arguments, NativeSocket... descriptors) throws QmpException {
        ObjectNode message = JSON.createObjectNode().put("execute", command);
        if (!arguments.isEmpty()) {
            message.set("arguments", arguments);
        }
        int[] numbers = new int[descriptors.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = descriptors[i].descriptor();
        }
        try {
            stream.write(message.toString().getBytes(StandardCharsets.UTF_8), numbers);
            JsonNode answer = answers.poll(COMMAND_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
            if (answer == null) {
                throw new QmpException(
                        command + " was not answered within " + COMMAND_DEADLINE.toSeconds() + " s");
            }
            if (answer == END) {
                throw new QmpException("the VMM ended during " + command);
            }
            if (answer.has("error")) {
                throw new QmpException(
                        command + " was refused: " + answer.path("error").path("desc").asText());
            }
            return answer.path("return");
        } catch (QmpException known) {
            throw known;
        } catch (IOException gone) {
            throw new QmpException("the VMM is gone", gone);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new QmpException("interrupted during " + command, interrupted);
        }
    }

    private void read() {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try {
            while (true) {
                for (byte next : stream.read()) {
                    if (next == '\n') {
                        take(line.toByteArray());
                        line.reset();
                    } else {
                        line.write(next);
                    }
                }
                if (line.size() > LINE_BYTES_MAX) {
                    throw new QmpException("the VMM sent a line over its limit");
                }
            }
        } catch (IOException | IllegalStateException ended) {
            answers.offer(END);
        }
    }

    private void take(byte[] line) throws IOException {
        try {
            JsonNode message = JSON.readTree(line);
            if (message != null && (message.has("return") || message.has("error"))) {
                answers.add(message); // throws when nobody asked for so many
            }
        } catch (JsonProcessingException nonsense) {
            throw new QmpException("the VMM sent no JSON", nonsense);
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
