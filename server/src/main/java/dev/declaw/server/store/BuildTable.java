package dev.declaw.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The builds of templates, and the cached layers that they left.
public final class BuildTable {
    private final Database database;

    public BuildTable(Database database) {
        this.database = database;
    }

    /// Writes a build, new or changed.
    public void put(BuildRow row) {
        database.write(handle -> handle.createUpdate(
                        """
                        INSERT OR REPLACE INTO builds (id, owner, alias, status, template_id, sandbox_id, step, steps,
                          error_code, error_message, error_step, created_micros, finished_micros)
                        VALUES (:id, :owner, :alias, :status, :template, :sandbox, :step, :steps,
                          :code, :message, :errorStep, :created, :finished)
                        """)
                .bind("id", row.id())
                .bind("owner", row.owner())
                .bind("alias", row.alias().orElse(null))
                .bind("status", row.status())
                .bind("template", row.templateId().orElse(null))
                .bind("sandbox", row.sandboxId().orElse(null))
                .bind("step", row.step())
                .bind("steps", row.steps())
                .bind("code", row.error().map(BuildRow.Failure::code).orElse(null))
                .bind("message", row.error().map(BuildRow.Failure::message).orElse(null))
                .bind("errorStep", row.error().map(BuildRow.Failure::step).orElse(null))
                .bind("created", Micros.of(row.created()))
                .bind("finished", row.finished().map(Micros::of).orElse(null))
                .execute());
    }

    public Optional<BuildRow> find(String id) {
        return database.read(handle -> handle.createQuery("SELECT * FROM builds WHERE id = :id")
                .bind("id", id)
                .map((results, _) -> row(results))
                .findOne());
    }

    /// Those of an owner, newest first.
    public List<BuildRow> of(String owner) {
        return database.read(handle -> handle.createQuery(
                        "SELECT * FROM builds WHERE owner = :owner ORDER BY created_micros DESC, id DESC")
                .bind("owner", owner)
                .map((results, _) -> row(results))
                .list());
    }

    /// Those that have not ended.
    public List<BuildRow> unfinished() {
        return database.read(handle -> handle.createQuery("SELECT * FROM builds WHERE finished_micros IS NULL")
                .map((results, _) -> row(results))
                .list());
    }

    public void delete(String id) {
        database.write(handle ->
                handle.createUpdate("DELETE FROM builds WHERE id = :id").bind("id", id).execute());
    }

    /// @param key SHA-256 over everything that the layer depends on, hex
    /// @param artifact id of the saved disk
    public record Layer(String key, String owner, String artifact, Instant used) {}

    public Optional<Layer> layer(String key) {
        return database.read(handle -> handle.createQuery("SELECT * FROM build_layers WHERE layer_key = :key")
                .bind("key", key)
                .map((results, _) -> layer(results))
                .findOne());
    }

    /// Writes a layer, new or used again.
    public void putLayer(Layer layer) {
        database.write(handle -> handle.createUpdate(
                        """
                        INSERT OR REPLACE INTO build_layers (layer_key, owner, artifact, used_micros)
                        VALUES (:key, :owner, :artifact, :used)
                        """)
                .bind("key", layer.key())
                .bind("owner", layer.owner())
                .bind("artifact", layer.artifact())
                .bind("used", Micros.of(layer.used()))
                .execute());
    }

    /// All of them, the longest unused first.
    public List<Layer> layers() {
        return database.read(handle -> handle.createQuery("SELECT * FROM build_layers ORDER BY used_micros, layer_key")
                .map((results, _) -> layer(results))
                .list());
    }

    public void deleteLayer(String key) {
        database.write(handle -> handle.createUpdate("DELETE FROM build_layers WHERE layer_key = :key")
                .bind("key", key)
                .execute());
    }

    private static Layer layer(ResultSet results) throws SQLException {
        return new Layer(
                results.getString("layer_key"),
                results.getString("owner"),
                results.getString("artifact"),
                Micros.instant(results.getLong("used_micros")));
    }

    private static BuildRow row(ResultSet results) throws SQLException {
        String code = results.getString("error_code");
        return new BuildRow(
                results.getString("id"),
                results.getString("owner"),
                Optional.ofNullable(results.getString("alias")),
                results.getString("status"),
                Optional.ofNullable(results.getString("template_id")),
                Optional.ofNullable(results.getString("sandbox_id")),
                results.getInt("step"),
                results.getInt("steps"),
                code == null
                        ? Optional.empty()
                        : Optional.of(new BuildRow.Failure(
                                code, results.getString("error_message"), results.getInt("error_step"))),
                Micros.instant(results.getLong("created_micros")),
                Micros.optional(results, "finished_micros"));
    }
}
