package dev.declaw.cli.mcp;

import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// The sessions of HTTP clients. One that nobody uses for half an hour ends, with its sandboxes. Thread-safe.
final class Sessions implements AutoCloseable {
    private static final int SESSIONS_MAX = 64;
    private static final int ID_BYTES = 24;
    private static final long IDLE_SECONDS_MAX = 1800;
    private static final long LOOK_SECONDS = 30;

    private final Sandboxes sandboxes;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Entry> entries = new HashMap<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "mcp-sessions");
        thread.setDaemon(true);
        return thread;
    });

    private static final class Entry {
        final Session session;
        int uses;
        long idleSince = System.nanoTime();

        Entry(Session session) {
            this.session = session;
        }
    }

    /// A session and the id that its client sends.
    record Opened(String id, Session session) {}

    /// A session while a request uses it.
    final class Use implements AutoCloseable {
        private final Entry entry;

        private Use(Entry entry) {
            this.entry = entry;
        }

        Session session() {
            return entry.session;
        }

        @Override
        public void close() {
            synchronized (Sessions.this) {
                entry.uses--;
                entry.idleSince = System.nanoTime();
            }
        }
    }

    Sessions(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
        clock.scheduleWithFixedDelay(this::endIdle, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    }

    /// A new one; empty when there are as many as there may be.
    synchronized Optional<Opened> open() {
        if (entries.size() >= SESSIONS_MAX) return Optional.empty();
        byte[] id = new byte[ID_BYTES];
        random.nextBytes(id);
        Opened opened = new Opened(HexFormat.of().formatHex(id), new Session(new Tools(sandboxes)));
        entries.put(opened.id(), new Entry(opened.session()));
        return Optional.of(opened);
    }

    /// @return null when there is no such session
    synchronized Use use(String id) {
        Entry entry = entries.get(id);
        if (entry == null) return null;
        entry.uses++;
        return new Use(entry);
    }

    /// @return false when there is no such session
    boolean end(String id) {
        Entry entry;
        synchronized (this) {
            entry = id == null ? null : entries.remove(id);
        }
        if (entry != null) entry.session.close();
        return entry != null;
    }

    private void endIdle() {
        List<String> idle;
        synchronized (this) {
            idle = entries.entrySet().stream()
                    .filter(one -> one.getValue().uses == 0)
                    .filter(one -> System.nanoTime() - one.getValue().idleSince > TimeUnit.SECONDS.toNanos(IDLE_SECONDS_MAX))
                    .map(Map.Entry::getKey)
                    .toList();
        }
        idle.forEach(this::end);
    }

    @Override
    public void close() {
        clock.shutdownNow();
        List<String> all;
        synchronized (this) {
            all = List.copyOf(entries.keySet());
        }
        all.forEach(this::end);
    }
}
