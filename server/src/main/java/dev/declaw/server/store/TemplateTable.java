package dev.declaw.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/// The templates that were built on this server. A row is written once, when the saved machine is complete.
public final class TemplateTable {
    private final Database database;

    public TemplateTable(Database database) {
        this.database = database;
    }

    public void insert(TemplateRow row) {
        database.write(handle -> handle.createUpdate(
                        """
                        INSERT INTO templates (id, owner, alias, version, digest, definition, artifact, config, vcpus,
                          memory_mib, disk_mib, created_micros)
                        VALUES (:id, :owner, :alias, :version, :digest, :definition, :artifact, :config, :vcpus,
                          :memory, :disk, :created)
                        """)
                .bind("id", row.id())
                .bind("owner", row.owner())
                .bind("alias", row.alias().orElse(null))
                .bind("version", row.version())
                .bind("digest", row.digest())
                .bind("definition", row.definition())
                .bind("artifact", row.artifact())
                .bind("config", row.config())
                .bind("vcpus", row.vcpus())
                .bind("memory", row.memoryMib())
                .bind("disk", row.diskMib())
                .bind("created", Micros.of(row.created()))
                .execute());
    }

    public void delete(String id) {
        database.write(handle ->
                handle.createUpdate("DELETE FROM templates WHERE id = :id").bind("id", id).execute());
    }

    /// Those of an owner, newest version of each alias first.
    public List<TemplateRow> of(String owner) {
        return database.read(handle -> handle.createQuery(
                        "SELECT * FROM templates WHERE owner = :owner ORDER BY alias, version DESC, created_micros DESC")
                .bind("owner", owner)
                .map((results, _) -> row(results))
                .list());
    }

    public List<TemplateRow> all() {
        return database.read(handle -> handle.createQuery("SELECT * FROM templates")
                .map((results, _) -> row(results))
                .list());
    }

    private static TemplateRow row(ResultSet results) throws SQLException {
        return new TemplateRow(
                results.getString("id"),
                results.getString("owner"),
                Optional.ofNullable(results.getString("alias")),
                results.getInt("version"),
                results.getString("digest"),
                results.getString("definition"),
                results.getString("artifact"),
                results.getString("config"),
                results.getInt("vcpus"),
                results.getInt("memory_mib"),
                results.getInt("disk_mib"),
                Micros.instant(results.getLong("created_micros")));
    }
}
