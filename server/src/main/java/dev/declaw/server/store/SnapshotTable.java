package dev.declaw.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The snapshots of all sandboxes, living or killed. A row is there before the runtime begins to save and after it has
/// deleted, so nothing that takes space is unknown here.
public final class SnapshotTable {
    private final Database database;

    public SnapshotTable(Database database) {
        this.database = database;
    }

    public void insert(SnapshotRow row) {
        database.write(handle -> handle.createUpdate(
                        """
                        INSERT INTO snapshots (id, sandbox_id, owner, source, complete, template, vcpus, memory_mib,
                          memory_bytes, disk_bytes, still_millis, created_micros, size_bytes, stored_bytes, expires_micros)
                        VALUES (:id, :sandbox, :owner, :source, :complete, :template, :vcpus, :memory, :bytes, :disk, :still, :created,
                          :size, :stored, :expires)
                        """)
                .bind("id", row.id())
                .bind("sandbox", row.sandboxId())
                .bind("owner", row.owner())
                .bind("source", row.source())
                .bind("complete", row.complete() ? 1 : 0)
                .bind("template", row.template())
                .bind("vcpus", row.vcpus())
                .bind("memory", row.memoryMib())
                .bind("bytes", row.memoryBytes())
                .bind("disk", row.diskBytes())
                .bind("still", row.stillMillis())
                .bind("created", Micros.of(row.created()))
                .bind("size", row.sizeBytes())
                .bind("stored", row.storedBytes())
                .bind("expires", row.expires().map(Micros::of).orElse(null))
                .execute());
    }

    /// The runtime has all of it.
    public void complete(String id, Sizes sizes, long stillMillis) {
        database.write(handle -> handle.createUpdate(
                        """
                        UPDATE snapshots SET complete = 1, memory_bytes = :bytes, still_millis = :still,
                          size_bytes = :size, stored_bytes = :stored WHERE id = :id
                        """)
                .bind("bytes", sizes.memoryBytes())
                .bind("size", sizes.sizeBytes())
                .bind("stored", sizes.storedBytes())
                .bind("still", stillMillis)
                .bind("id", id)
                .execute());
    }

    /// As in [SnapshotRow].
    public record Sizes(long memoryBytes, long sizeBytes, long storedBytes) {
        public static final Sizes UNKNOWN = new Sizes(0, 0, 0);
    }

    /// Complete ones whose time is over, some at a time.
    public List<SnapshotRow> expired(Instant now, int limit) {
        return database.read(handle -> handle.createQuery(
                        """
                        SELECT * FROM snapshots WHERE complete = 1 AND expires_micros <= :now
                        ORDER BY expires_micros LIMIT :limit
                        """)
                .bind("now", Micros.of(now))
                .bind("limit", limit)
                .map((results, _) -> row(results))
                .list());
    }

    /// Snapshots of an owner, those of pauses and unfinished ones among them.
    public int count(String owner) {
        return database.read(handle -> handle.createQuery("SELECT COUNT(*) FROM snapshots WHERE owner = :owner")
                .bind("owner", owner)
                .mapTo(Integer.class)
                .one());
    }

    public void delete(String id) {
        database.write(handle ->
                handle.createUpdate("DELETE FROM snapshots WHERE id = :id").bind("id", id).execute());
    }

    public Optional<SnapshotRow> find(String id) {
        return database.read(handle -> handle.createQuery("SELECT * FROM snapshots WHERE id = :id")
                .bind("id", id)
                .map((results, _) -> row(results))
                .findOne());
    }

    /// Those of one sandbox, newest first.
    public List<SnapshotRow> ofSandbox(String sandboxId) {
        return database.read(handle -> handle.createQuery(
                        "SELECT * FROM snapshots WHERE sandbox_id = :sandbox ORDER BY created_micros DESC, id DESC")
                .bind("sandbox", sandboxId)
                .map((results, _) -> row(results))
                .list());
    }

    /// A page of an owner's complete ones, newest first.
    ///
    /// @param sandboxId those of this sandbox only; empty for all
    public List<SnapshotRow> page(String owner, Optional<String> sandboxId, Optional<SandboxTable.Cursor> after, int limit) {
        return database.read(handle -> handle.createQuery(
                        """
                        SELECT * FROM snapshots WHERE owner = :owner AND complete = 1
                          AND (:sandbox = '' OR sandbox_id = :sandbox)
                          AND (created_micros < :micros OR (created_micros = :micros AND id < :id))
                        ORDER BY created_micros DESC, id DESC LIMIT :limit
                        """)
                .bind("owner", owner)
                .bind("sandbox", sandboxId.orElse(""))
                .bind("micros", after.map(SandboxTable.Cursor::createdMicros).orElse(Long.MAX_VALUE))
                .bind("id", after.map(SandboxTable.Cursor::id).orElse(""))
                .bind("limit", limit)
                .map((results, _) -> row(results))
                .list());
    }

    /// What all of an owner's take on disk, those that are being made counted with what they may come to.
    public long bytesOfOwner(String owner) {
        return database.read(handle -> handle.createQuery(
                        "SELECT COALESCE(SUM(memory_bytes + disk_bytes), 0) FROM snapshots WHERE owner = :owner")
                .bind("owner", owner)
                .mapTo(Long.class)
                .one());
    }

    public List<SnapshotRow> all() {
        return database.read(handle -> handle.createQuery("SELECT * FROM snapshots")
                .map((results, _) -> row(results))
                .list());
    }

    private static SnapshotRow row(ResultSet results) throws SQLException {
        Instant created = Micros.instant(results.getLong("created_micros"));
        long micros = results.getLong("expires_micros");
        Optional<Instant> expires = results.wasNull() ? Optional.empty() : Optional.of(Micros.instant(micros));
        return new SnapshotRow(
                results.getString("id"),
                results.getString("sandbox_id"),
                results.getString("owner"),
                results.getString("source"),
                results.getInt("complete") == 1,
                results.getString("template"),
                results.getInt("vcpus"),
                results.getInt("memory_mib"),
                results.getLong("memory_bytes"),
                results.getLong("disk_bytes"),
                results.getLong("still_millis"),
                created,
                results.getLong("size_bytes"),
                results.getLong("stored_bytes"),
                expires);
    }
}
