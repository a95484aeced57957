package dev.declaw.rego;

import dev.declaw.linux.Credentials;
import dev.declaw.linux.ServiceProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The policy service's process: started, watched, and started again when it dies. One thread, the supervisor, does all of it; the
/// process ends with that thread. While it is away, what a custom policy must judge is refused.
public final class PolicyService implements AutoCloseable {
    /// Numeric user and group of the process: no entry in /etc/passwd, and no other program's.
    public static final int DEFAULT_UID = 1_999_998;

    private static final Logger LOG = LoggerFactory.getLogger(PolicyService.class);
    private static final Duration START_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration LOOK_EVERY = Duration.ofMillis(50);
    private static final Duration BACK_OFF_FIRST = Duration.ofMillis(50);
    private static final Duration BACK_OFF_MAX = Duration.ofSeconds(5);
    private static final Duration HEALTHY_AFTER = Duration.ofSeconds(30);

    /// @param binary the program
    /// @param socketName abstract name under which it listens
    /// @param clients user ids that may ask it
    public record Settings(Path binary, String socketName, List<Integer> clients) {
        public Settings {
            clients = List.copyOf(clients);
        }

        List<String> command() {
            String users = String.join(",", clients.stream().map(String::valueOf).toList());
            String user = Integer.toString(DEFAULT_UID);
            return List.of(binary.toString(), "--socket", socketName, "--uid", user, "--gid", user, "--clients", users);
        }
    }

    private final Settings settings;
    private final PolicyEngine engine;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final CountDownLatch firstTry = new CountDownLatch(1);
    private final Thread supervisor;
    private volatile ServiceProcess running;

    private PolicyService(Settings settings) {
        this.settings = settings;
        this.engine = new PolicyEngine(settings.socketName());
        this.supervisor = Thread.ofPlatform().daemon().name("policy-supervisor").unstarted(this::supervise);
    }

    /// Starts the process and waits until it answers or its first start failed; it is tried again then.
    public static PolicyService start(Settings settings) throws InterruptedException {
        PolicyService service = new PolicyService(settings);
        service.supervisor.start();
        service.firstTry.await(2 * START_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        return service;
    }

    /// Abstract name under which it listens.
    public String socketName() {
        return settings.socketName();
    }

    public PolicyEngine engine() {
        return engine;
    }

    /// Process id of the service that is up.
    public Optional<Long> pid() {
        return Optional.ofNullable(running).map(ServiceProcess::pid);
    }

    private void supervise() {
        Duration backOff = BACK_OFF_FIRST;
        try {
            while (stop.getCount() > 0) {
                long started = System.nanoTime();
                runOnce();
                firstTry.countDown();
                boolean healthy = System.nanoTime() - started > HEALTHY_AFTER.toNanos();
                backOff = healthy ? BACK_OFF_FIRST : doubled(backOff);
                if (stop.await(backOff.toMillis(), TimeUnit.MILLISECONDS)) return;
                LOG.warn("the policy service has ended and is started again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            firstTry.countDown();
        }
    }

    private static Duration doubled(Duration backOff) {
        Duration next = backOff.multipliedBy(2);
        return next.compareTo(BACK_OFF_MAX) > 0 ? BACK_OFF_MAX : next;
    }

    private void runOnce() throws InterruptedException {
        try (ServiceProcess process = ServiceProcess.start(settings.command(), Path.of("/"))) {
            long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
            while (!engine.answers()) {
                if (!process.alive() || System.nanoTime() > deadline || stop.getCount() == 0) return;
                if (stop.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) return;
            }
            Credentials.verify(process.pid(), DEFAULT_UID, DEFAULT_UID);
            running = process;
            firstTry.countDown();
            while (stop.getCount() > 0 && !process.awaitEnd(LOOK_EVERY)) {
                // only its end, or ours, is of interest: a decision that gets no answer fails by itself
            }
        } catch (IOException | RuntimeException e) {
            LOG.error("the policy service cannot be started", e);
        } finally {
            running = null;
        }
    }

    @Override
    public void close() {
        stop.countDown();
        boolean interrupted = false;
        while (supervisor.isAlive()) {
            try {
                supervisor.join(); // bounded: each wait of the supervisor is
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        engine.close();
        if (interrupted) Thread.currentThread().interrupt();
    }
}
