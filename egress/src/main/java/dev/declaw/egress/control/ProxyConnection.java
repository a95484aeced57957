package dev.declaw.egress.control;

import dev.declaw.linux.UnixChannel;
import dev.declaw.model.failure.PlatformFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The server's end of one control channel. Calls may come from any thread; one thread of its own reads the answers.
/// Whatever goes wrong ends the channel, and with it the proxy process: a slot is never in doubt.
final class ProxyConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProxyConnection.class);
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);
    private static final int CALLS_WAITING_MAX = 1024;

    private final UnixChannel channel;
    private final AtomicLong lastId = new AtomicLong();
    private final Map<Long, CompletableFuture<ControlMessage>> waiting = new ConcurrentHashMap<>();
    private final CompletableFuture<ControlMessage> hello = new CompletableFuture<>();
    private final CountDownLatch ended = new CountDownLatch(1);

    ProxyConnection(UnixChannel channel) {
        this.channel = channel;
        Thread.ofPlatform().daemon().name("egress-control-reader").start(this::readAnswers);
    }

    /// Waits until the proxy has said that it takes calls.
    void awaitHello(Duration timeout) throws InterruptedException {
        ControlMessage message = await(hello, timeout);
        if (!(message instanceof ControlMessage.Hello(int protocol)) || protocol != ControlMessage.PROTOCOL) {
            throw gone("speaks another protocol");
        }
    }

    /// Calls the proxy and waits for its answer, [ControlMessage.Done] or [ControlMessage.Failed].
    ///
    /// @throws PlatformFailure.NoCapacity when the proxy has gone or does not answer in time
    ControlMessage call(LongFunction<ControlMessage> message, int... descriptors) {
        long id = lastId.incrementAndGet();
        CompletableFuture<ControlMessage> answer = new CompletableFuture<>();
        if (waiting.size() >= CALLS_WAITING_MAX) throw gone("has too many calls waiting");
        waiting.put(id, answer);
        try {
            channel.send(message.apply(id).encode(), descriptors);
            if (ended.getCount() == 0) throw gone("has ended");
            return await(answer, CALL_TIMEOUT);
        } catch (IOException e) {
            throw gone("has ended");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw gone("was not waited for");
        } finally {
            waiting.remove(id);
        }
    }

    private ControlMessage await(CompletableFuture<ControlMessage> answer, Duration timeout)
            throws InterruptedException {
        try {
            return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            close(); // a call that may or may not be done: the process goes, and all doubt with it
            throw gone("did not answer within " + timeout.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw gone("has ended");
        }
    }

    private void readAnswers() {
        try {
            while (true) {
                try (UnixChannel.Received received = channel.receive()) {
                    deliver(ControlMessage.decode(received.bytes()));
                }
            }
        } catch (IOException e) {
            LOG.debug("the control channel has ended: {}", e.toString());
        } finally {
            ended.countDown();
            channel.close();
            IOException end = new IOException("the control channel has ended");
            hello.completeExceptionally(end);
            waiting.values().forEach(answer -> answer.completeExceptionally(end));
        }
    }

    private void deliver(ControlMessage message) throws IOException {
        CompletableFuture<ControlMessage> answer = switch (message) {
            case ControlMessage.Hello _ -> hello;
            case ControlMessage.Done done -> waiting.get(done.id());
            case ControlMessage.Counted counted -> waiting.get(counted.id());
            case ControlMessage.Failed failed -> waiting.get(failed.id());
            case ControlMessage.Open _, ControlMessage.Update _, ControlMessage.Close _, ControlMessage.Ping _, ControlMessage.Stats _ ->
                throw new IOException("the proxy may only answer");
        };
        if (answer != null) answer.complete(message); // else its caller was interrupted
    }

    boolean open() {
        return ended.getCount() > 0;
    }

    /// True when the channel has ended within the time.
    boolean awaitEnd(Duration timeout) throws InterruptedException {
        return ended.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        channel.close();
    }

    private static PlatformFailure.NoCapacity gone(String what) {
        return new PlatformFailure.NoCapacity("egress_unavailable", "the egress proxy " + what + "; try again");
    }
}
