package dev.declaw.egress.control;

import dev.declaw.linux.Credentials;
import dev.declaw.linux.ServiceProcess;
import dev.declaw.linux.SlotSockets;
import dev.declaw.linux.UnixChannel;
import dev.declaw.linux.UnixListener;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.PolicyException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The real proxy process: started, watched, and started again when it dies or falls silent.
///
/// One thread, the supervisor, starts each process, watches it and reaps it. The process asks the kernel to be killed when
/// that thread ends (prctl(2), PR_SET_PDEATHSIG), and ends by itself when the control channel closes: so no proxy
/// outlives its server. While no process is up, nothing accepts on the slots' sockets and nothing leaves a sandbox.
public final class SupervisedEgressProxy implements EgressProxy {
    /// @param command program and arguments; [EgressProcess.Arguments#toCommandLine] makes the latter
    /// @param controlSocket where the process connects to, the same path as in the arguments; in a directory of root's
    /// @param spool directory of the audit spool, made when it is missing; the working directory of the process
    /// @param uid user that the process must have become before it is trusted with a slot
    /// @param gid its group
    public record Settings(List<String> command, Path controlSocket, Path spool, int uid, int gid) {
        public Settings {
            command = List.copyOf(command);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(SupervisedEgressProxy.class);
    private static final Duration START_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration ACCEPT_SLICE = Duration.ofMillis(100);
    private static final Duration PING_INTERVAL = Duration.ofSeconds(2);
    private static final Duration BACK_OFF_FIRST = Duration.ofMillis(50);
    private static final Duration BACK_OFF_MAX = Duration.ofSeconds(5);
    /// After so many pings in a row a process counts as healthy, and its death as a new one.
    private static final int HEALTHY_PINGS = 15;

    private final Settings settings;
    private final RestartListener listener;
    private final Thread supervisor;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final CompletableFuture<Void> firstStart = new CompletableFuture<>();
    /// The process that takes calls, or null. Written by the supervisor only.
    private volatile Running running;
    /// False between the death of a process and the end of the listener's work. Written by the supervisor only.
    private volatile boolean slotsRestored;

    private record Running(ServiceProcess process, ProxyConnection connection) implements AutoCloseable {
        @Override
        public void close() {
            connection.close();
            process.close();
        }
    }

    private SupervisedEgressProxy(Settings settings, RestartListener listener) {
        this.settings = settings;
        this.listener = listener;
        this.supervisor = Thread.ofPlatform().daemon().name("egress-supervisor").unstarted(this::supervise);
    }

    /// Starts the process and waits until it takes calls.
    ///
    /// @throws PlatformFailure.NoCapacity when it does not within 20 seconds; nothing is left behind then
    public static SupervisedEgressProxy start(Settings settings, RestartListener listener) {
        SupervisedEgressProxy proxy = new SupervisedEgressProxy(settings, listener);
        proxy.supervisor.start();
        try {
            proxy.firstStart.get(2 * START_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            return proxy;
        } catch (ExecutionException e) {
            proxy.close();
            throw unavailable("the egress proxy does not start: " + e.getCause().getMessage());
        } catch (TimeoutException e) {
            proxy.close();
            throw unavailable("the egress proxy does not start in time");
        } catch (InterruptedException e) {
            proxy.close();
            Thread.currentThread().interrupt();
            throw unavailable("the start of the egress proxy was interrupted");
        }
    }

    @Override
    public OpenedSlot open(SlotRequest request, SlotSockets sockets) {
        ControlMessage answer = connection()
                .call(
                        id -> new ControlMessage.Open(id, request),
                        sockets.tcp().descriptor(),
                        sockets.dns().descriptor());
        return opened(answer);
    }

    @Override
    public OpenedSlot update(SlotRequest request) {
        return opened(connection().call(id -> new ControlMessage.Update(id, request)));
    }

    private static OpenedSlot opened(ControlMessage answer) {
        return switch (answer) {
            case ControlMessage.Done(long _, Optional<String> caPem) -> new OpenedSlot(caPem);
            case ControlMessage.Failed(long _, Optional<String> field, String message) when field.isPresent() ->
                throw new PolicyException(field.get(), message);
            default -> throw new PlatformFailure.InternalFailure("the egress proxy cannot serve the sandbox", null);
        };
    }

    @Override
    public void close(String sandboxId) {
        Running current = running;
        if (current == null) return; // no process, no slot
        try {
            current.connection().call(id -> new ControlMessage.Close(id, sandboxId));
        } catch (PlatformFailure.NoCapacity processHasGone) {
            LOG.debug("the proxy ended while a slot was closed");
        }
    }

    @Override
    public String metrics() {
        Running current = running;
        if (current == null) return "";
        try {
            return current.connection().call(ControlMessage.Stats::new) instanceof ControlMessage.Counted(long _, String text) ? text : "";
        } catch (PlatformFailure.NoCapacity processHasGone) {
            return "";
        }
    }

    @Override
    public boolean ready() {
        Running current = running;
        return current != null && current.connection().open() && slotsRestored;
    }

    /// Process id of the proxy that is up.
    public Optional<Long> pid() {
        return Optional.ofNullable(running).map(current -> current.process().pid());
    }

    private ProxyConnection connection() {
        Running current = running;
        if (current == null) throw unavailable("the egress proxy is being restarted; try again");
        return current.connection();
    }

    private void supervise() {
        Duration backOff = BACK_OFF_FIRST;
        try {
            while (stop.getCount() > 0) {
                boolean healthy = runOnce();
                if (firstStart.isCompletedExceptionally()) return;
                backOff = healthy ? BACK_OFF_FIRST : doubled(backOff);
                if (stop.await(backOff.toMillis(), TimeUnit.MILLISECONDS)) return;
                LOG.warn("the egress proxy has ended and is started again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            firstStart.completeExceptionally(new IOException("the supervisor has ended"));
        }
    }

    private static Duration doubled(Duration backOff) {
        Duration next = backOff.multipliedBy(2);
        return next.compareTo(BACK_OFF_MAX) > 0 ? BACK_OFF_MAX : next;
    }

    /// One life of the process; true when it was a healthy one.
    private boolean runOnce() throws InterruptedException {
        try (Running started = startProcess()) {
            running = started;
            if (firstStart.isDone()) listener.restarted(this);
            slotsRestored = true;
            firstStart.complete(null);
            return watch(started);
        } catch (IOException | RuntimeException e) {
            // Whatever failed, the listener included: this process goes, and the next one begins with nothing.
            LOG.error("the egress proxy cannot be started or used", e);
            firstStart.completeExceptionally(e);
            return false;
        } finally {
            slotsRestored = false;
            running = null;
        }
    }

    private boolean watch(Running current) throws InterruptedException {
        int pings = 0;
        while (!current.connection().awaitEnd(PING_INTERVAL) && stop.getCount() > 0) {
            current.connection().call(ControlMessage.Ping::new);
            pings++;
        }
        return pings >= HEALTHY_PINGS;
    }

    private Running startProcess() throws IOException, InterruptedException {
        Files.createDirectories(
                settings.spool(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try (UnixListener socket = UnixListener.listen(settings.controlSocket())) {
            ServiceProcess process = ServiceProcess.start(settings.command(), settings.spool());
            try {
                ProxyConnection connection = new ProxyConnection(accept(socket, process));
                try {
                    connection.awaitHello(START_TIMEOUT);
                    Credentials.verify(process.pid(), settings.uid(), settings.gid());
                    return new Running(process, connection);
                } catch (RuntimeException | InterruptedException e) {
                    connection.close();
                    throw e;
                }
            } catch (RuntimeException | IOException | InterruptedException e) {
                process.close();
                throw e;
            }
        }
    }

    /// The connection of the process that was started, and of no other.
    private UnixChannel accept(UnixListener socket, ServiceProcess process) throws IOException {
        long slices = START_TIMEOUT.dividedBy(ACCEPT_SLICE);
        for (long slice = 0; slice < slices && process.alive() && stop.getCount() > 0; slice++) {
            Optional<UnixChannel> accepted = socket.accept(ACCEPT_SLICE);
            if (accepted.isEmpty()) continue;
            if (accepted.get().peer().pid() == process.pid()) return accepted.get();
            accepted.get().close();
        }
        throw new IOException("the egress proxy did not connect to its control socket");
    }

    private static PlatformFailure.NoCapacity unavailable(String message) {
        return new PlatformFailure.NoCapacity("egress_unavailable", message);
    }

    @Override
    public void close() {
        stop.countDown();
        Running current = running;
        if (current != null) current.connection().close();
        boolean interrupted = false;
        while (supervisor.isAlive() && Thread.currentThread() != supervisor) {
            try {
                supervisor.join(); // bounded: each wait of the supervisor is
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }
}
