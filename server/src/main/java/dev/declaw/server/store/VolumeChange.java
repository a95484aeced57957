package dev.declaw.server.store;

import dev.declaw.server.store.VolumeTable.FileRow;
import dev.declaw.server.store.VolumeTable.Row;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The transaction behind [VolumeTable#change].
final class VolumeChange implements VolumeTable.Change {
    private final Handle handle;
    private final Row volume;
    private final long ownerBytes;

    VolumeChange(Handle handle, Row volume, long ownerBytes) {
        this.handle = handle;
        this.volume = volume;
        this.ownerBytes = ownerBytes;
    }

    static Optional<FileRow> file(Handle handle, String volumeId, String path) {
        return handle.createQuery("SELECT * FROM volume_files WHERE volume_id = :id AND path = :path")
                .bind("id", volumeId)
                .bind("path", path)
                .map((results, _) -> file(results))
                .findOne();
    }

    /// Paths below a directory stand between `directory/` and `directory0`: the character after the slash.
    static List<FileRow> below(Handle handle, String volumeId, String directory, String behind, int limit) {
        String prefix = directory.equals("/") ? "" : directory;
        return handle.createQuery(
                        """
                        SELECT * FROM volume_files WHERE volume_id = :id AND path > :low AND path < :high AND path > :behind
                        ORDER BY path LIMIT :limit
                        """)
                .bind("id", volumeId)
                .bind("low", prefix + "/")
                .bind("high", prefix + "0")
                .bind("behind", behind)
                .bind("limit", limit)
                .map((results, _) -> file(results))
                .list();
    }

    static FileRow file(ResultSet results) throws SQLException {
        return new FileRow(
                results.getString("path"),
                results.getString("parent"),
                Optional.ofNullable(results.getString("blob")),
                results.getLong("size_bytes"),
                results.getInt("mode"),
                results.getLong("version"),
                Micros.instant(results.getLong("modified_micros")));
    }

    /// Inserts many at once.
    static void insertAll(Handle handle, String volumeId, List<FileRow> files) {
        if (files.isEmpty()) return;
        var batch = handle.prepareBatch(
                """
                INSERT INTO volume_files (volume_id, path, parent, blob, size_bytes, mode, version, modified_micros)
                VALUES (:id, :path, :parent, :blob, :size, :mode, :version, :modified)
                """);
        for (FileRow file : files) {
            batch.bind("id", volumeId)
                    .bind("path", file.path())
                    .bind("parent", file.parent())
                    .bind("blob", file.blob().orElse(null))
                    .bind("size", file.sizeBytes())
                    .bind("mode", file.mode())
                    .bind("version", file.version())
                    .bind("modified", Micros.of(file.modified()))
                    .add();
        }
        batch.execute();
    }

    @Override
    public Row volume() {
        return volume;
    }

    @Override
    public long ownerBytes() {
        return ownerBytes;
    }

    @Override
    public Optional<FileRow> file(String path) {
        return file(handle, volume.id(), path);
    }

    @Override
    public boolean hasChildren(String path) {
        return !below(path, 1).isEmpty();
    }

    @Override
    public List<FileRow> below(String directory, int limit) {
        return below(handle, volume.id(), directory, "", limit);
    }

    @Override
    public void put(FileRow row) {
        handle.createUpdate(
                        """
                        INSERT INTO volume_files (volume_id, path, parent, blob, size_bytes, mode, version, modified_micros)
                        VALUES (:id, :path, :parent, :blob, :size, :mode, :version, :modified)
                        ON CONFLICT (volume_id, path) DO UPDATE SET blob = :blob, size_bytes = :size, mode = :mode,
                          version = :version, modified_micros = :modified
                        """)
                .bind("id", volume.id())
                .bind("path", row.path())
                .bind("parent", row.parent())
                .bind("blob", row.blob().orElse(null))
                .bind("size", row.sizeBytes())
                .bind("mode", row.mode())
                .bind("version", row.version())
                .bind("modified", Micros.of(row.modified()))
                .execute();
    }

    @Override
    public void remove(String path) {
        handle.createUpdate("DELETE FROM volume_files WHERE volume_id = :id AND path = :path")
                .bind("id", volume.id())
                .bind("path", path)
                .execute();
    }

    @Override
    public void update(Row row) {
        handle.createUpdate(
                        """
                        UPDATE volumes SET size_bytes = :size, files = :files, revision = :revision, updated_micros = :updated
                        WHERE id = :id
                        """)
                .bind("id", volume.id())
                .bind("size", row.sizeBytes())
                .bind("files", row.files())
                .bind("revision", row.revision())
                .bind("updated", Micros.of(row.updated()))
                .execute();
    }
}
