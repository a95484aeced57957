package dev.declaw.server.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestTunnel;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Answers a guest that asks before a program starts (protocol/guest.md), and connects again while the sandbox lives. What the guest says
/// is hostile: sizes are bounded here, and it can only have its own programs judged wrongly.
public final class ExecGateLink implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ExecGateLink.class);
    private static final int FRAME_BYTES_MAX = 64 * 1024;
    private static final int QUESTIONS_MAX = 64;
    private static final Duration RETRY_FIRST = Duration.ofMillis(50);
    private static final Duration RETRY_MAX = Duration.ofSeconds(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    /// A program that is about to start.
    ///
    /// @param file path of the file, links resolved
    /// @param name path that was asked for; may be empty
    /// @param arguments argv, as far as it could be read
    public record Program(String file, String name, List<String> arguments) {}

    private final Supplier<GuestTunnel> connect;
    private final Predicate<Program> judge;
    private final BooleanSupplier living;
    private final Semaphore questions = new Semaphore(QUESTIONS_MAX);
    private final Thread reader;
    private volatile boolean closed;
    private volatile GuestTunnel tunnel;

    /// @param connect opens a connection to the guest's gate
    /// @param judge whether a program may start
    /// @param living whether it is worth connecting again
    public ExecGateLink(String name, Supplier<GuestTunnel> connect, Predicate<Program> judge, BooleanSupplier living) {
        this.connect = connect;
        this.judge = judge;
        this.living = living;
        this.reader = Thread.ofVirtual().name("exec-gate-" + name).unstarted(this::run);
    }

    /// Connects, and answers from then on.
    ///
    /// @throws PlatformFailure when the guest cannot be reached
    public void start() {
        tunnel = connect.get();
        reader.start();
    }

    private void run() {
        Duration retry = RETRY_FIRST;
        while (!closed) {
            try (GuestTunnel current = tunnel) {
                while (true) {
                    serve(current);
                    retry = RETRY_FIRST;
                }
            } catch (IOException e) {
                LOG.debug("{}: the connection has ended: {}", reader.getName(), e.getMessage());
            }
            while (!closed) {
                try {
                    Thread.sleep(retry);
                    if (closed || !living.getAsBoolean()) return;
                    tunnel = connect.get();
                    if (closed) tunnel.close();
                    break;
                } catch (PlatformFailure | IllegalStateException e) {
                    retry = retry.multipliedBy(2).compareTo(RETRY_MAX) > 0 ? RETRY_MAX : retry.multipliedBy(2);
                } catch (InterruptedException e) {
                    return;
                }
            }
        }
    }

    private void serve(GuestTunnel current) throws IOException {
        DataInputStream in = new DataInputStream(current.in());
        int length = in.readInt();
        if (length < 2 || length > FRAME_BYTES_MAX) throw new IOException("a frame over its limit");
        byte[] frame = in.readNBytes(length);
        if (frame.length < length) throw new EOFException("the guest has closed the connection");
        JsonNode question = JSON.readTree(frame);
        long id = question.path("id").asLong(-1);
        List<String> arguments = new ArrayList<>();
        question.path("args").forEach(argument -> arguments.add(argument.asText("")));
        Program program = new Program(question.path("file").asText(""), question.path("name").asText(""), arguments);
        if (!questions.tryAcquire()) {
            answer(current, id, false);
            return;
        }
        Thread.ofVirtual().name(reader.getName() + "-" + id).start(() -> {
            try {
                answer(current, id, allows(program));
            } catch (IOException e) {
                current.close(); // the guest refuses what waits, and is connected again
            } finally {
                questions.release();
            }
        });
    }

    private boolean allows(Program program) {
        try {
            return judge.test(program);
        } catch (RuntimeException e) {
            LOG.warn("{}: a program could not be judged", reader.getName(), e);
            return false;
        }
    }

    private static void answer(GuestTunnel current, long id, boolean allow) throws IOException {
        byte[] text = ("{\"id\":" + id + ",\"allow\":" + allow + "}").getBytes(StandardCharsets.US_ASCII);
        byte[] frame = ByteBuffer.allocate(4 + text.length).putInt(text.length).put(text).array();
        synchronized (current) {
            current.write(frame, frame.length);
        }
    }

    @Override
    public void close() {
        closed = true;
        GuestTunnel current = tunnel;
        if (current != null) current.close();
        reader.interrupt();
    }
}
