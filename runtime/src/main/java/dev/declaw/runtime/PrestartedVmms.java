package dev.declaw.runtime;

import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.template.Template;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// VMMs that were started in advance, each with files, slot and id of its own, and wait for the saved machine of their template:
/// a start from one takes half the time. They use no processor time and little memory. Kept for templates that are asked
/// for. Thread-safe.
final class PrestartedVmms implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PrestartedVmms.class);
    private static final int TEMPLATES_MAX = 8;

    /// Whoever has just taken one wants the processor for his own start.
    private static final Duration REFILL_AFTER = Duration.ofMillis(300);

    private final int each;
    private final Starter starter;
    private final Map<String, Deque<Waiting>> waiting = new HashMap<>();
    private final Map<SandboxId, VmStart.Prepared> taken = new HashMap<>();
    private final Map<String, Boolean> filling = new HashMap<>();
    private boolean closed;

    private record Waiting(VmStart.Prepared vmm, String digest) {}

    /// Starts a VMM for a template.
    @FunctionalInterface
    interface Starter {
        /// Empty when the template has no saved machine.
        Optional<VmStart.Prepared> start(Template template) throws IOException;
    }

    /// @param each how many wait for each template
    PrestartedVmms(int each, Starter starter) {
        this.each = each;
        this.starter = starter;
    }

    /// The id of one that waited; [#take] with it, or [#drop], follows.
    synchronized Optional<SandboxId> reserve(Template template) {
        if (each == 0 || closed) return Optional.empty();
        Deque<Waiting> ready = waiting.get(template.name());
        if (ready == null) {
            if (waiting.size() >= TEMPLATES_MAX) return Optional.empty();
            ready = new ArrayDeque<>();
            waiting.put(template.name(), ready);
        }
        refillLater(template);
        while (!ready.isEmpty()) {
            Waiting first = ready.removeFirst();
            if (first.digest().equals(template.digest()) && first.vmm().alive()) {
                taken.put(first.vmm().id(), first.vmm());
                return Optional.of(first.vmm().id());
            }
            Thread.startVirtualThread(() -> drop(first.vmm()));
        }
        return Optional.empty();
    }

    /// The VMM of a reserved id, now the caller's.
    synchronized Optional<VmStart.Prepared> take(SandboxId id) {
        return Optional.ofNullable(taken.remove(id));
    }

    /// Takes a reservation back; does nothing when there is none.
    void drop(SandboxId id) {
        take(id).ifPresent(PrestartedVmms::drop);
    }

    /// Gives up one that waits, whose memory is needed; false when there is none.
    boolean giveUpOne() {
        Waiting given = null;
        synchronized (this) {
            for (Deque<Waiting> ready : waiting.values()) {
                given = ready.pollFirst();
                if (given != null) break;
            }
        }
        if (given == null) return false;
        drop(given.vmm());
        return true;
    }

    private void refillLater(Template template) {
        if (filling.putIfAbsent(template.name(), true) == null) {
            Thread.ofVirtual().name("prestart-" + template.name()).start(() -> refill(template));
        }
    }

    private void refill(Template template) {
        try {
            Thread.sleep(REFILL_AFTER);
            while (wanting(template)) {
                Optional<VmStart.Prepared> started = starter.start(template);
                if (started.isEmpty() || !offer(template, started.get())) return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException e) {
            LOG.warn("no VMM could be started in advance for template {}: {}", template.name(), e.getMessage());
        } finally {
            synchronized (this) {
                filling.remove(template.name());
                notifyAll();
            }
        }
    }

    private synchronized boolean wanting(Template template) {
        return !closed && waiting.get(template.name()).size() < each;
    }

    private boolean offer(Template template, VmStart.Prepared vmm) {
        synchronized (this) {
            if (!closed) {
                waiting.get(template.name()).addLast(new Waiting(vmm, template.digest()));
                return true;
            }
        }
        drop(vmm);
        return false;
    }

    private static void drop(VmStart.Prepared vmm) {
        try {
            vmm.drop();
        } catch (RuntimeException e) {
            LOG.warn("a VMM that was started in advance could not be removed", e);
        }
    }

    /// Ends all that wait; returns when they are gone.
    @Override
    public void close() {
        Deque<VmStart.Prepared> left = new ArrayDeque<>();
        synchronized (this) {
            closed = true;
            waiting.values().forEach(ready -> ready.forEach(vmm -> left.add(vmm.vmm())));
            waiting.values().forEach(Deque::clear);
            left.addAll(taken.values());
            taken.clear();
        }
        left.forEach(PrestartedVmms::drop);
        synchronized (this) {
            try {
                while (!filling.isEmpty()) wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
