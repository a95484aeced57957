package dev.declaw.runtime;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes saved machines of templates anew in the background: each template once at a time, and never after [#close].
/// Thread-safe.
final class Renewal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Renewal.class);
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(90);

    private final Consumer<String> work;
    private final Set<String> underWay = new HashSet<>();
    private final Set<Thread> threads = new HashSet<>();
    private boolean closed;

    /// @param work makes that of the template with this name
    Renewal(Consumer<String> work) {
        this.work = work;
    }

    synchronized void request(String template) {
        if (!closed && underWay.add(template)) {
            threads.add(Thread.ofVirtual().name("renew-" + template).start(() -> run(template)));
        }
    }

    private void run(String template) {
        try {
            work.accept(template);
        } catch (RuntimeException failure) {
            LOG.warn("no saved machine of template {} could be made; its sandboxes boot their kernel", template, failure);
        } finally {
            ended(template);
        }
    }

    private synchronized void ended(String template) {
        underWay.remove(template);
        threads.remove(Thread.currentThread());
    }

    /// Waits for what is under way.
    @Override
    public void close() {
        Set<Thread> left;
        synchronized (this) {
            closed = true;
            left = Set.copyOf(threads);
        }
        try {
            for (Thread thread : left) {
                thread.join(CLOSE_DEADLINE);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
