package dev.declaw.server.audit;

import dev.declaw.egress.audit.AuditSpoolReader.Position;
import dev.declaw.model.audit.AuditChain;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditSink;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.server.store.AuditTable;
import dev.declaw.server.store.StoreException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The audit log of all sandboxes: what `record` has returned for stays, in order, bound by a hash chain. Thread-safe.
public final class AuditLog implements AuditSink {
    private static final int VERIFY_PAGE = 1000;

    private final AuditTable table;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition grown = lock.newCondition();
    private long appends;

    public AuditLog(AuditTable table) {
        this.table = table;
    }

    /// The chain of one sandbox as it was found.
    ///
    /// @param events how many were read before the end or the first break
    /// @param head hash of the last event that fits
    /// @param brokenAt number of the first event that does not fit its predecessor; empty for an intact chain
    public record Verification(long events, String head, OptionalLong brokenAt) {}

    /// An event among those of all sandboxes of an owner.
    ///
    /// @param position counts up over the whole server
    /// @param chain the sandbox whose chain it stands in, or the owner
    public record PlacedEntry(long position, String chain, AuditEntry entry) {}

    @Override
    public void record(AuditEvent event) {
        try {
            table.append(List.of(event));
        } catch (StoreException e) {
            throw new AuditUnavailableException("the audit log cannot be written", e);
        }
        announce();
    }

    /// Records what was read from a spool, together with the position to go on from.
    void recordSpooled(String spool, List<AuditEvent> events, Position next) {
        try {
            table.appendSpooled(spool, events, new AuditTable.SpoolPosition(next.segment(), next.offset()));
        } catch (StoreException e) {
            throw new AuditUnavailableException("the audit log cannot be written", e);
        }
        announce();
    }

    Position spoolPosition(String spool) {
        return table.spoolPosition(spool)
                .map(stored -> new Position(stored.segment(), stored.offset()))
                .orElse(Position.START);
    }

    private void announce() {
        lock.lock();
        try {
            appends++;
            grown.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// One page of a sandbox's events.
    public List<AuditEntry> page(String sandboxId, AuditQuery query) {
        return table.page(sandboxId, query.filter(), query.newestFirst(), query.beyond(), query.limit()).stream()
                .map(row -> new AuditEntry(row.sequence(), row.json(), row.hash()))
                .toList();
    }

    /// One page of the events of all sandboxes of an owner, and of its account.
    ///
    /// @param chain one sandbox only, or the account itself (its owner id)
    /// @param query its `beyond` is a position
    public List<PlacedEntry> pageOfOwner(String owner, Optional<String> chain, AuditQuery query) {
        return table
                .pageOfOwner(owner, chain, query.filter(), query.newestFirst(), query.beyond(), query.limit())
                .stream()
                .map(placed -> new PlacedEntry(
                        placed.position(),
                        placed.chain(),
                        new AuditEntry(placed.row().sequence(), placed.row().json(), placed.row().hash())))
                .toList();
    }

    /// Chains of an owner behind one of them, in the order of their ids; empty text for the first.
    public List<String> chains(String owner, String behind, int limit) {
        return table.chains(owner, behind, limit);
    }

    /// A mark to give to [#awaitGrowth]: taken before a question, it makes sure that no event is missed after it.
    public long mark() {
        lock.lock();
        try {
            return appends;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until something was recorded since the mark; false when the time was over first.
    public boolean awaitGrowth(long mark, Duration longest) throws InterruptedException {
        long nanos = longest.toNanos();
        lock.lock();
        try {
            while (appends == mark && nanos > 0) nanos = grown.awaitNanos(nanos);
            return appends != mark;
        } finally {
            lock.unlock();
        }
    }

    /// Reads the whole chain of a sandbox and checks every link.
    public Verification verify(String sandboxId) {
        String head = AuditChain.GENESIS;
        long last = 0;
        while (true) {
            List<AuditTable.Row> rows = table.page(sandboxId, AuditTable.Filter.ALL, false, last, VERIFY_PAGE);
            for (AuditTable.Row row : rows) {
                String expected = AuditChain.next(head, last + 1, row.json());
                if (row.sequence() != last + 1 || !row.hash().equals(expected)) {
                    return new Verification(last, head, OptionalLong.of(last + 1));
                }
                head = expected;
                last = row.sequence();
            }
            if (rows.size() < VERIFY_PAGE) return new Verification(last, head, OptionalLong.empty());
        }
    }
}
