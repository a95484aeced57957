package dev.declaw.server.audit;

import dev.declaw.server.store.AuditTable;
import java.time.Instant;
import java.util.Optional;

/// A question to the audit log; an empty part asks for all.
///
/// @param since first instant, inclusive
/// @param until last instant, exclusive
/// @param newestFirst the order of the page
/// @param beyond sequence number that the page starts behind; 0 for the start
/// @param limit longest page
public record AuditQuery(
        Optional<String> category,
        Optional<String> event,
        Optional<String> decision,
        Optional<String> host,
        Optional<String> scanner,
        Optional<Instant> since,
        Optional<Instant> until,
        boolean newestFirst,
        long beyond,
        int limit) {
    public static final int LIMIT_DEFAULT = 100;
    public static final int LIMIT_MAX = 1000;

    public AuditQuery {
        if (limit < 1 || limit > LIMIT_MAX) throw new IllegalArgumentException("limit out of range");
    }

    /// Everything of a sandbox in order, page by page.
    public static AuditQuery all(long beyond) {
        return new AuditQuery(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                beyond,
                LIMIT_MAX);
    }

    public AuditQuery behind(long sequence) {
        return new AuditQuery(
                category, event, decision, host, scanner, since, until, newestFirst, sequence, limit);
    }

    /// The same question in pages of the greatest size.
    public AuditQuery longest() {
        return new AuditQuery(
                category, event, decision, host, scanner, since, until, newestFirst, beyond, LIMIT_MAX);
    }

    AuditTable.Filter filter() {
        return new AuditTable.Filter(category, event, decision, host, scanner, since, until);
    }
}
