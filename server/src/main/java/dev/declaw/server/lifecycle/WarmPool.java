package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.MicroVm;
import dev.declaw.runtime.MicroVmHost;
import dev.declaw.runtime.template.Template;
import dev.declaw.server.auth.RandomTokens;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// MicroVMs that wait for a create: started like any other, with an id, a name and a token of their own, a way out that leads
/// nowhere, and one command behind them. They stand still and cost no processor time. A claim takes the oldest at once; a
/// background thread starts new ones, one at a time and not while creates come in quick succession, as many as
/// [WarmPoolSizes] and the demand of the last half minute say and memory allows. Thread-safe.
final class WarmPool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WarmPool.class);
    private static final Duration BACKOFF_FIRST = Duration.ofSeconds(1);
    private static final Duration BACKOFF_MAX = Duration.ofSeconds(30);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration DEMAND_COUNTS = Duration.ofSeconds(30);
    private static final int DEMANDS_MAX = 1024;

    /// Who has just claimed one wants the processor for his first command; after the longest delay the pool gets its share.
    private static final Duration QUIET = Duration.ofMillis(250);
    private static final Duration QUIET_WAIT_MAX = Duration.ofSeconds(1);

    /// Growth beyond the configured size leaves this part of the machines' memory to creates.
    private static final int FREE_MEMORY_SHARE = 4;
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(60);

    private final MicroVmHost host;
    private final EgressSlots slots;
    private final WarmPoolSizes sizes;
    private final RandomTokens tokens;
    private final InstantSource clock;
    private final SortedMap<String, Stock> stocks = new TreeMap<>();
    private final Thread filler;
    private long lastClaimNanos = System.nanoTime() - QUIET.toNanos();
    private boolean closed;

    /// What waits of one template.
    private static final class Stock {
        final String template;
        final int atLeast;
        final Deque<Warm> ready = new ArrayDeque<>();
        final Deque<Instant> demands = new ArrayDeque<>();

        Stock(String template, int atLeast) {
            this.template = template;
            this.atLeast = atLeast;
        }
    }

    /// @param guestToken that its agent has
    /// @param digest of the template that it was started from
    record Warm(MicroVm vm, String guestToken, String digest) {}

    WarmPool(MicroVmHost host, EgressSlots slots, WarmPoolSizes sizes, RandomTokens tokens, InstantSource clock) {
        this.host = host;
        this.slots = slots;
        this.sizes = sizes;
        this.tokens = tokens;
        this.clock = clock;
        sizes.atLeast().forEach((template, size) -> {
            if (size > 0) stocks.put(template, new Stock(template, size));
        });
        this.filler = Thread.ofVirtual().name("warm-pool").unstarted(this::fill);
    }

    void start() {
        if (!stocks.isEmpty()) filler.start();
    }

    /// A create of this template is asked for: demand that the pool adapts to.
    synchronized void asked(String template) {
        Stock stock = stocks.get(template);
        if (stock == null) return;
        lastClaimNanos = System.nanoTime();
        stock.demands.addLast(clock.instant());
        if (stock.demands.size() > DEMANDS_MAX) stock.demands.removeFirst();
        notifyAll();
    }

    /// A machine that waited, now the caller's; empty when there is none. One of an earlier build of the template is removed.
    synchronized Optional<Warm> claim(Template template) {
        Stock stock = stocks.get(template.name());
        while (stock != null && !stock.ready.isEmpty()) {
            Warm warm = stock.ready.removeFirst();
            lastClaimNanos = System.nanoTime();
            notifyAll();
            boolean dead = warm.vm().exited().toCompletableFuture().isDone();
            if (!dead && warm.digest().equals(template.digest())) return Optional.of(warm);
            releaseLater(warm);
        }
        return Optional.empty();
    }

    /// Gives up one machine whose memory a create needs; false when there is none.
    boolean giveUpOne() {
        Warm given = null;
        synchronized (this) {
            for (Stock stock : stocks.values()) {
                if (!stock.ready.isEmpty()) given = stock.ready.removeFirst();
                if (given != null) break;
            }
        }
        if (given == null) return false;
        release(given);
        return true;
    }

    synchronized int available() {
        return stocks.values().stream().mapToInt(stock -> stock.ready.size()).sum();
    }

    private void fill() {
        Duration backoff = BACKOFF_FIRST;
        try {
            while (true) {
                Optional<Stock> wanting = awaitShortage();
                if (wanting.isEmpty()) return;
                Optional<Warm> made = make(wanting.get().template);
                if (made.isEmpty()) {
                    pause(backoff);
                    backoff = backoff.multipliedBy(2).compareTo(BACKOFF_MAX) < 0 ? backoff.multipliedBy(2) : BACKOFF_MAX;
                    continue;
                }
                backoff = BACKOFF_FIRST;
                if (!offer(wanting.get(), made.get())) release(made.get());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // close() ends this thread
        }
    }

    /// Waits until a template has fewer machines than it should; what is too many goes meanwhile. Empty at the end.
    private synchronized Optional<Stock> awaitShortage() throws InterruptedException {
        long since = 0;
        while (!closed) {
            Stock wanting = null;
            for (Stock stock : stocks.values()) {
                int wanted = wanted(stock);
                while (stock.ready.size() > wanted) releaseLater(stock.ready.removeFirst());
                if (stock.ready.size() < wanted && (wanting == null || stock.ready.size() < wanting.ready.size())) wanting = stock;
            }
            long now = System.nanoTime();
            if (wanting == null) {
                since = 0;
                wait(LOOK_EVERY.toMillis());
                continue;
            }
            if (since == 0) since = now;
            long quietIn = lastClaimNanos + QUIET.toNanos() - now;
            if (quietIn <= 0 || now - since > QUIET_WAIT_MAX.toNanos()) return Optional.of(wanting);
            wait(Math.max(1, quietIn / 1_000_000));
        }
        return Optional.empty();
    }

    private int wanted(Stock stock) {
        Instant since = clock.instant().minus(DEMAND_COUNTS);
        while (!stock.demands.isEmpty() && stock.demands.peekFirst().isBefore(since)) stock.demands.removeFirst();
        int others = stocks.values().stream()
                .filter(other -> other != stock)
                .mapToInt(other -> Math.max(other.atLeast, other.ready.size()))
                .sum();
        int wanted = Math.max(stock.atLeast, Math.min(stock.demands.size(), sizes.atMost() - others));
        if (wanted <= Math.max(stock.atLeast, stock.ready.size())) return wanted;
        MicroVmHost.Memory memory = host.memory();
        boolean scarce = memory.limitMib() - memory.promisedMib() < memory.limitMib() / FREE_MEMORY_SHARE;
        return scarce ? Math.max(stock.atLeast, stock.ready.size()) : wanted;
    }

    /// Waits for the given time at most: a claim or the end of the pool cuts it short.
    private synchronized void pause(Duration time) throws InterruptedException {
        if (!closed) wait(time.toMillis());
    }

    private synchronized boolean offer(Stock stock, Warm warm) {
        if (closed) return false;
        stock.ready.addLast(warm);
        return true;
    }

    private Optional<Warm> make(String templateName) {
        MicroVm vm = null;
        try {
            Template template = host.template(templateName).orElse(null);
            if (template == null || !slots.ready()) return Optional.empty();
            vm = host.boot(tokens.sandboxId(), template);
            Warm warm = new Warm(vm, tokens.guestToken(), template.digest());
            slots.prepare(vm, warm.guestToken());
            vm.standStill();
            return Optional.of(warm);
        } catch (RuntimeException e) {
            if (e instanceof PlatformFailure known) {
                LOG.warn("the warm pool could not start a microVM: {}", known.getMessage());
            } else {
                LOG.warn("the warm pool could not start a microVM", e);
            }
            if (vm != null) release(new Warm(vm, "", ""));
            return Optional.empty();
        }
    }

    private void releaseLater(Warm unfit) {
        Thread.startVirtualThread(() -> release(unfit));
    }

    /// Kills a machine that was claimed, or never got ready, and removes what it held.
    void release(Warm unfit) {
        for (Runnable step : List.<Runnable>of(() -> slots.forget(unfit.vm()), unfit.vm()::kill)) {
            try {
                step.run();
            } catch (RuntimeException e) {
                LOG.warn("what a warm microVM held could not be removed", e);
            }
        }
    }

    /// Stops filling and kills what nobody claimed; returns when all is gone.
    @Override
    public void close() {
        Deque<Warm> left = new ArrayDeque<>();
        synchronized (this) {
            closed = true;
            notifyAll();
            for (Stock stock : stocks.values()) {
                left.addAll(stock.ready);
                stock.ready.clear();
            }
        }
        left.forEach(this::release);
        try {
            if (!stocks.isEmpty()) filler.join(CLOSE_WAIT); // a start that is under way ends in a kill
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
