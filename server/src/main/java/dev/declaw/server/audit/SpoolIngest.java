package dev.declaw.server.audit;

import dev.declaw.egress.audit.AuditSpoolReader;
import dev.declaw.egress.audit.AuditSpoolReader.Batch;
import dev.declaw.egress.audit.AuditSpoolReader.Position;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditUnavailableException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes the events of the egress proxy over from its spool: in the background every [#POLL], and at once when somebody asks
/// the log a question. The position is stored with the events, so each is taken exactly once. Thread-safe.
public final class SpoolIngest implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolIngest.class);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration POLL_AFTER_FAILURE = Duration.ofSeconds(2);
    private static final String SPOOL = "egress";
    private static final int BATCH_EVENTS_MAX = 500;

    /// One question must not wait for a spool that grows faster than it is read.
    private static final int BATCHES_PER_DRAIN_MAX = 20;

    private final AuditSpoolReader reader;
    private final AuditLog log;
    private final Predicate<String> wanted;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition stop = lock.newCondition();
    private final Thread thread;
    private Position position;
    private boolean closed;

    /// @param wanted whether the policy of the sandbox with this id wants its events recorded
    public SpoolIngest(AuditSpoolReader reader, AuditLog log, Predicate<String> wanted) {
        this.reader = reader;
        this.log = log;
        this.wanted = wanted;
        this.position = log.spoolPosition(SPOOL);
        this.thread = Thread.ofVirtual().name("spool-ingest").unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    /// Takes over what is in the spool now.
    ///
    /// @throws AuditUnavailableException when it cannot be read or stored
    public void drain() {
        lock.lock();
        try {
            for (int i = 0; i < BATCHES_PER_DRAIN_MAX; i++) {
                Batch batch = reader.poll(position, BATCH_EVENTS_MAX);
                if (batch.next().equals(position)) return;
                take(batch);
            }
        } catch (IOException e) {
            throw new AuditUnavailableException("the egress proxy's spool cannot be read", e);
        } finally {
            lock.unlock();
        }
    }

    private void take(Batch batch) throws IOException {
        if (batch.skippedLines() > 0) LOG.warn("{} lines of the egress spool are no events", batch.skippedLines());
        List<AuditEvent> events = batch.events().stream()
                .filter(event -> event.category() == AuditCategory.LIFECYCLE
                        || event.category() == AuditCategory.ADMIN
                        || wanted.test(event.sandboxId()))
                .toList();
        log.recordSpooled(SPOOL, events, batch.next());
        boolean nextSegment = batch.next().segment() != position.segment();
        position = batch.next();
        if (nextSegment) reader.discardBefore(position);
    }

    private void run() {
        lock.lock();
        try {
            while (!closed) {
                Duration pause = POLL;
                try {
                    drain();
                } catch (AuditUnavailableException e) {
                    LOG.error("the events of the egress proxy cannot be taken over", e);
                    pause = POLL_AFTER_FAILURE;
                }
                stop.await(pause.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /// Takes over what is left and stops.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            stop.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            thread.join(Duration.ofSeconds(5));
            drain();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (AuditUnavailableException e) {
            LOG.error("the last events of the egress proxy stay in its spool for the next start", e);
        }
    }
}
