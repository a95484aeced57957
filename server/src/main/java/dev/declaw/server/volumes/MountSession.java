package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.server.store.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The live mounts of one sandbox and the thread that looks after them. A guest that does not answer (it is paused, or gone)
/// is asked again at the next look.
final class MountSession {
    /// Longest wait for the last look.
    static final int END_SECONDS_MAX = 10;

    private static final Logger LOG = LoggerFactory.getLogger(MountSession.class);

    private final String sandboxId;
    private final GuestClient guest;
    private final List<LiveMount> mounts;
    private final Duration every;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition stopped = lock.newCondition();
    private boolean ended;
    private boolean failing;

    MountSession(String sandboxId, GuestClient guest, List<LiveMount> mounts, Duration every) {
        this.sandboxId = sandboxId;
        this.guest = guest;
        this.mounts = mounts;
        this.every = every;
    }

    void start() {
        Thread.ofVirtual().name("mounts-" + sandboxId).start(this::run);
    }

    /// One look at every mount; throws what goes wrong.
    void lookOnce() {
        lock.lock();
        try {
            for (LiveMount mount : mounts) mount.look(guest);
        } catch (IOException e) {
            throw new UncheckedIOException("a volume could not be mounted", e);
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        lock.lock();
        try {
            while (!ended) {
                if (stopped.awaitNanos(every.toNanos()) <= 0 && !ended) look();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /// Says once that something is wrong, and once that it is right again.
    private void look() {
        try {
            for (LiveMount mount : mounts) mount.look(guest);
            if (failing) LOG.info("the live mounts of {} are kept in line again", sandboxId);
            failing = false;
        } catch (PlatformFailure | StoreException | IOException | UncheckedIOException e) {
            if (!failing) LOG.warn("the live mounts of {} are not kept in line: {}", sandboxId, e.getMessage());
            failing = true;
        }
    }

    /// Stops without a last look.
    void stop() {
        lock.lock();
        try {
            ended = true;
            stopped.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// A last look, then the end.
    void end() {
        Thread last = Thread.ofVirtual().name("mounts-end-" + sandboxId).start(() -> {
            lock.lock();
            try {
                if (!ended) look();
                ended = true;
                stopped.signalAll();
            } finally {
                lock.unlock();
            }
        });
        try {
            if (!last.join(Duration.ofSeconds(END_SECONDS_MAX))) {
                LOG.warn("the last changes in the live mounts of {} could not be taken over in time", sandboxId);
                last.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
