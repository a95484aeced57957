package dev.declaw.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Tenants: who owns keys, sandboxes, volumes and secrets.
public final class TenantTable {
    private final Database database;

    public TenantTable(Database database) {
        this.database = database;
    }

    /// @param sandboxesMax own limit; empty for the server's default, as are the others
    public record Row(
            String id,
            String name,
            Instant created,
            Optional<Integer> sandboxesMax,
            Optional<Integer> createsPerSecondMax,
            Optional<Long> memoryMibMax,
            Optional<Integer> egressConnectionsMax,
            Optional<Long> savedMibMax) {}

    /// Adds a tenant; does nothing when it is there.
    public void add(Row row) {
        database.write(handle -> handle.createUpdate(
                        """
                        INSERT INTO tenants (id, name, created_micros, sandboxes_max, creates_per_second_max, memory_mib_max,
                          egress_connections_max, saved_mib_max)
                        VALUES (:id, :name, :created, :sandboxes, :creates, :memory, :egress, :saved) ON CONFLICT (id) DO NOTHING
                        """)
                .bind("id", row.id())
                .bind("name", row.name())
                .bind("created", Micros.of(row.created()))
                .bind("sandboxes", row.sandboxesMax().orElse(null))
                .bind("creates", row.createsPerSecondMax().orElse(null))
                .bind("memory", row.memoryMibMax().orElse(null))
                .bind("egress", row.egressConnectionsMax().orElse(null))
                .bind("saved", row.savedMibMax().orElse(null))
                .execute());
    }

    /// Replaces the limits of a tenant; false when there is none.
    public boolean limit(Row row) {
        return database.write(handle -> handle.createUpdate(
                        """
                        UPDATE tenants SET sandboxes_max = :sandboxes, creates_per_second_max = :creates,
                          memory_mib_max = :memory, egress_connections_max = :egress, saved_mib_max = :saved WHERE id = :id
                        """)
                .bind("id", row.id())
                .bind("sandboxes", row.sandboxesMax().orElse(null))
                .bind("creates", row.createsPerSecondMax().orElse(null))
                .bind("memory", row.memoryMibMax().orElse(null))
                .bind("egress", row.egressConnectionsMax().orElse(null))
                .bind("saved", row.savedMibMax().orElse(null))
                .execute())
                == 1;
    }

    /// All tenants, oldest first.
    public List<Row> all() {
        return database.read(handle -> handle.createQuery("SELECT * FROM tenants ORDER BY created_micros, id")
                .map((results, _) -> row(results))
                .list());
    }

    private static Row row(ResultSet results) throws SQLException {
        return new Row(
                results.getString("id"),
                results.getString("name"),
                Micros.instant(results.getLong("created_micros")),
                integer(results, "sandboxes_max"),
                integer(results, "creates_per_second_max"),
                wide(results, "memory_mib_max"),
                integer(results, "egress_connections_max"),
                wide(results, "saved_mib_max"));
    }

    private static Optional<Integer> integer(ResultSet results, String column) throws SQLException {
        int value = results.getInt(column);
        return results.wasNull() ? Optional.empty() : Optional.of(value);
    }

    private static Optional<Long> wide(ResultSet results, String column) throws SQLException {
        long value = results.getLong(column);
        return results.wasNull() ? Optional.empty() : Optional.of(value);
    }
}
