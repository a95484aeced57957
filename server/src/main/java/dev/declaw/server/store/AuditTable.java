package dev.declaw.server.store;

import dev.declaw.model.audit.AuditChain;
import dev.declaw.model.audit.AuditEvent;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/// Audit events, numbered and chained per sandbox. Appending is the only way in; whole sandboxes are the only way out.
public final class AuditTable {
    private final Database database;

    public AuditTable(Database database) {
        this.database = database;
    }

    /// @param json the event as it was hashed
    /// @param hash link of the chain, see [AuditChain]
    public record Row(long sequence, String json, String hash) {}

    /// A row among those of all sandboxes of an owner.
    ///
    /// @param position counts up with each event that this server records, over all owners
    /// @param chain whose chain it stands in: a sandbox, or the owner itself for what was done to its keys and secrets
    public record PlacedRow(long position, String chain, Row row) {}

    /// Which events are asked for; an empty part asks for all.
    ///
    /// @param since first instant, inclusive
    /// @param until last instant, exclusive
    public record Filter(
            Optional<String> category,
            Optional<String> event,
            Optional<String> decision,
            Optional<String> host,
            Optional<String> scanner,
            Optional<Instant> since,
            Optional<Instant> until) {
        public static final Filter ALL = new Filter(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /// How far a spool has been taken over.
    public record SpoolPosition(long segment, long offset) {}

    /// Appends the events in order, all or none.
    public void append(List<AuditEvent> events) {
        database.write(handle -> {
            for (AuditEvent event : events) append(handle, event);
            return null;
        });
    }

    /// Appends what was read from a spool and remembers, in the same transaction, where to go on: each event is taken once.
    public void appendSpooled(String spool, List<AuditEvent> events, SpoolPosition next) {
        database.write(handle -> {
            for (AuditEvent event : events) append(handle, event);
            return handle.createUpdate(
                            """
                            INSERT INTO spool (name, segment, byte_offset) VALUES (:name, :segment, :offset)
                            ON CONFLICT (name) DO UPDATE SET segment = :segment, byte_offset = :offset
                            """)
                    .bind("name", spool)
                    .bind("segment", next.segment())
                    .bind("offset", next.offset())
                    .execute();
        });
    }

    /// Where to go on reading a spool; empty for its begin.
    public Optional<SpoolPosition> spoolPosition(String spool) {
        return database.read(handle -> handle.createQuery("SELECT segment, byte_offset FROM spool WHERE name = :name")
                .bind("name", spool)
                .map((results, _) -> new SpoolPosition(results.getLong("segment"), results.getLong("byte_offset")))
                .findOne());
    }

    /// One that is there already (same id) is left out: an event stands once in a chain, whoever sends it again.
    private static void append(Handle handle, AuditEvent event) {
        boolean known = handle.createQuery("SELECT 1 FROM audit WHERE event_id = :id")
                .bind("id", event.id())
                .mapTo(Integer.class)
                .findOne()
                .isPresent();
        if (known) return;
        Row head = handle.createQuery(
                        "SELECT sequence, json, hash FROM audit WHERE sandbox_id = :id ORDER BY sequence DESC LIMIT 1")
                .bind("id", event.sandboxId())
                .map((results, _) -> row(results))
                .findOne()
                .orElse(new Row(0, "", AuditChain.GENESIS));
        long sequence = head.sequence() + 1;
        handle.execute("UPDATE counters SET value = value + 1 WHERE name = 'audit'");
        String json = event.toJson().toString();
        handle.createUpdate(
                        """
                        INSERT INTO audit (sandbox_id, sequence, event_id, time_micros, category, event, decision, host,
                          scanner, json, hash, owner, position)
                        VALUES (:sandbox, :sequence, :id, :time, :category, :event, :decision, :host, :scanner, :json, :hash,
                          COALESCE((SELECT owner FROM sandboxes WHERE sandboxes.id = :sandbox), :sandbox),
                          (SELECT value FROM counters WHERE name = 'audit'))
                        """)
                .bind("sandbox", event.sandboxId())
                .bind("sequence", sequence)
                .bind("id", event.id())
                .bind("time", Micros.of(event.time()))
                .bind("category", event.category().wire())
                .bind("event", event.event())
                .bind("decision", event.decision().orElse(null))
                .bind("host", event.attributes().get(AuditEvent.Attribute.HOST) instanceof String host ? host : null)
                .bind(
                        "scanner",
                        event.attributes().get(AuditEvent.Attribute.SCANNER) instanceof String scanner ? scanner : null)
                .bind("json", json)
                .bind("hash", AuditChain.next(head.hash(), sequence, json))
                .execute();
    }

    /// Events of one sandbox beyond a sequence number, in the asked order.
    ///
    /// @param beyond number that the page starts behind; in descending order 0 stands for the newest
    public List<Row> page(String sandboxId, Filter filter, boolean descending, long beyond, int limit) {
        String sql = "SELECT sequence, json, hash FROM audit WHERE sandbox_id = :scope"
                + conditions("sequence", filter, descending, beyond);
        return database.read(handle -> bound(handle.createQuery(sql), sandboxId, filter, descending, beyond, limit)
                .map((results, _) -> row(results))
                .list());
    }

    /// Events of all sandboxes of an owner, or of one of its chains, beyond a position.
    public List<PlacedRow> pageOfOwner(
            String owner, Optional<String> chain, Filter filter, boolean descending, long beyond, int limit) {
        String sql = "SELECT position, sandbox_id, sequence, json, hash FROM audit WHERE owner = :scope"
                + (chain.isPresent() ? " AND sandbox_id = :chain" : "")
                + conditions("position", filter, descending, beyond);
        return database.read(handle -> {
            Query query = bound(handle.createQuery(sql), owner, filter, descending, beyond, limit);
            chain.ifPresent(id -> query.bind("chain", id));
            return query.map((results, _) ->
                            new PlacedRow(results.getLong("position"), results.getString("sandbox_id"), row(results)))
                    .list();
        });
    }

    /// Chains of an owner, in the order of their names, behind one of them.
    public List<String> chains(String owner, String behind, int limit) {
        return database.read(handle -> handle.createQuery(
                        """
                        SELECT DISTINCT sandbox_id FROM audit WHERE owner = :owner AND sandbox_id > :behind
                        ORDER BY sandbox_id LIMIT :limit
                        """)
                .bind("owner", owner)
                .bind("behind", behind)
                .bind("limit", limit)
                .mapTo(String.class)
                .list());
    }

    private static String conditions(String order, Filter filter, boolean descending, long beyond) {
        StringBuilder sql = new StringBuilder();
        if (!descending) sql.append(" AND ").append(order).append(" > :beyond");
        if (descending && beyond > 0) sql.append(" AND ").append(order).append(" < :beyond");
        if (filter.category().isPresent()) sql.append(" AND category = :category");
        if (filter.event().isPresent()) sql.append(" AND event = :event");
        if (filter.decision().isPresent()) sql.append(" AND decision = :decision");
        if (filter.host().isPresent()) sql.append(" AND host = :host");
        if (filter.scanner().isPresent()) sql.append(" AND scanner = :scanner");
        if (filter.since().isPresent()) sql.append(" AND time_micros >= :since");
        if (filter.until().isPresent()) sql.append(" AND time_micros < :until");
        return sql.append(" ORDER BY ").append(order).append(descending ? " DESC" : " ASC").append(" LIMIT :limit").toString();
    }

    private static Query bound(Query query, String scope, Filter filter, boolean descending, long beyond, int limit) {
        query.bind("scope", scope).bind("limit", limit);
        if (!descending || beyond > 0) query.bind("beyond", beyond);
        filter.category().ifPresent(value -> query.bind("category", value));
        filter.event().ifPresent(value -> query.bind("event", value));
        filter.decision().ifPresent(value -> query.bind("decision", value));
        filter.host().ifPresent(value -> query.bind("host", value));
        filter.scanner().ifPresent(value -> query.bind("scanner", value));
        filter.since().ifPresent(value -> query.bind("since", Micros.of(value)));
        filter.until().ifPresent(value -> query.bind("until", Micros.of(value)));
        return query;
    }

    /// Forgets all events of sandboxes whose last event is older than this instant, so that a chain is never cut.
    public int forgetSilentSince(Instant instant) {
        return database.write(handle -> handle.createUpdate(
                        """
                        DELETE FROM audit WHERE sandbox_id IN
                          (SELECT sandbox_id FROM audit GROUP BY sandbox_id HAVING MAX(time_micros) < :micros)
                          AND NOT EXISTS (SELECT 1 FROM sandboxes WHERE sandboxes.id = audit.sandbox_id
                            AND sandboxes.state <> 'KILLED')
                        """)
                .bind("micros", Micros.of(instant))
                .execute());
    }

    private static Row row(ResultSet results) throws SQLException {
        return new Row(results.getLong("sequence"), results.getString("json"), results.getString("hash"));
    }
}
