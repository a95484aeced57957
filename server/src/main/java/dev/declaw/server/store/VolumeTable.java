package dev.declaw.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Volumes and the names of the files in them. Contents are blobs elsewhere; a name never is a path of the host.
public final class VolumeTable {
    private final Database database;

    public VolumeTable(Database database) {
        this.database = database;
    }

    /// One volume.
    ///
    /// @param backend `file-granular` or `tarball`
    /// @param blob the archive of a tarball volume
    /// @param files files and directories, the root not counted
    /// @param quotaBytes 0 for none
    /// @param revision counts up with each change; the version of the file that was changed
    public record Row(
            String id,
            String owner,
            String name,
            String backend,
            Optional<String> blob,
            long sizeBytes,
            long files,
            long quotaBytes,
            long revision,
            String contentType,
            Instant created,
            Instant updated) {
        /// The same volume after a change.
        public Row changed(long bytes, long entries, Instant now) {
            return new Row(
                    id, owner, name, backend, blob, sizeBytes + bytes, files + entries, quotaBytes, revision + 1, contentType, created, now);
        }
    }

    /// A file, or a directory, which has no blob.
    ///
    /// @param parent path of the directory that it is in
    public record FileRow(
            String path, String parent, Optional<String> blob, long sizeBytes, int mode, long version, Instant modified) {
        public boolean directory() {
            return blob.isEmpty();
        }
    }

    /// One transaction on one volume.
    public interface Work<T> {
        T run(Change change);
    }

    /// Adds a volume with its files, unless its owner's volumes would then hold more than the limit.
    ///
    /// @param ownerBytesMax 0 for no limit
    /// @return false when it does not fit
    public boolean insert(Row row, List<FileRow> files, long ownerBytesMax) {
        return database.write(handle -> {
            if (ownerBytesMax > 0 && bytesOf(handle, row.owner()) + row.sizeBytes() > ownerBytesMax) return false;
            handle.createUpdate(
                            """
                            INSERT INTO volumes (id, owner, name, backend, blob, size_bytes, files, quota_bytes, revision,
                              content_type, created_micros, updated_micros)
                            VALUES (:id, :owner, :name, :backend, :blob, :size, :files, :quota, :revision, :type, :created,
                              :updated)
                            """)
                    .bind("id", row.id())
                    .bind("owner", row.owner())
                    .bind("name", row.name())
                    .bind("backend", row.backend())
                    .bind("blob", row.blob().orElse(null))
                    .bind("size", row.sizeBytes())
                    .bind("files", row.files())
                    .bind("quota", row.quotaBytes())
                    .bind("revision", row.revision())
                    .bind("type", row.contentType())
                    .bind("created", Micros.of(row.created()))
                    .bind("updated", Micros.of(row.updated()))
                    .execute();
            VolumeChange.insertAll(handle, row.id(), files);
            return true;
        });
    }

    public Optional<Row> find(String id) {
        return database.read(handle -> find(handle, id));
    }

    private static Optional<Row> find(Handle handle, String id) {
        return handle.createQuery("SELECT * FROM volumes WHERE id = :id")
                .bind("id", id)
                .map((results, _) -> row(results))
                .findOne();
    }

    /// Volumes of an owner, newest first.
    public List<Row> of(String owner) {
        return database.read(handle -> handle.createQuery(
                        "SELECT * FROM volumes WHERE owner = :owner ORDER BY created_micros DESC, id")
                .bind("owner", owner)
                .map((results, _) -> row(results))
                .list());
    }

    /// Ids of all volumes there are.
    public List<String> ids() {
        return database.read(handle ->
                handle.createQuery("SELECT id FROM volumes").mapTo(String.class).list());
    }

    /// Bytes in all volumes of an owner.
    public long bytesOf(String owner) {
        return database.read(handle -> bytesOf(handle, owner));
    }

    private static long bytesOf(Handle handle, String owner) {
        return handle.createQuery("SELECT COALESCE(SUM(size_bytes), 0) FROM volumes WHERE owner = :owner")
                .bind("owner", owner)
                .mapTo(Long.class)
                .one();
    }

    /// Blobs that a volume's files are in.
    public List<String> blobs(String volumeId) {
        return database.read(handle -> handle.createQuery(
                        """
                        SELECT blob FROM volume_files WHERE volume_id = :id AND blob IS NOT NULL
                        UNION SELECT blob FROM volumes WHERE id = :id AND blob IS NOT NULL
                        """)
                .bind("id", volumeId)
                .mapTo(String.class)
                .list());
    }

    /// Removes a volume with its files and locks; false when there was none.
    public boolean delete(String id) {
        return database.write(handle -> {
            handle.createUpdate("DELETE FROM volume_files WHERE volume_id = :id").bind("id", id).execute();
            handle.createUpdate("DELETE FROM volume_locks WHERE volume_id = :id").bind("id", id).execute();
            return handle.createUpdate("DELETE FROM volumes WHERE id = :id").bind("id", id).execute() == 1;
        });
    }

    public Optional<FileRow> file(String volumeId, String path) {
        return database.read(handle -> VolumeChange.file(handle, volumeId, path));
    }

    /// Direct children of a directory, behind a name, in the order of their paths.
    public List<FileRow> children(String volumeId, String parent, String behind, int limit) {
        return database.read(handle -> handle.createQuery(
                        """
                        SELECT * FROM volume_files WHERE volume_id = :id AND parent = :parent AND path > :behind
                        ORDER BY path LIMIT :limit
                        """)
                .bind("id", volumeId)
                .bind("parent", parent)
                .bind("behind", behind)
                .bind("limit", limit)
                .map((results, _) -> VolumeChange.file(results))
                .list());
    }

    /// Everything below a directory, behind a path, parents before their children.
    public List<FileRow> below(String volumeId, String directory, String behind, int limit) {
        return database.read(handle -> VolumeChange.below(handle, volumeId, directory, behind, limit));
    }

    /// Runs a change of one volume as one transaction; what it throws undoes it. Empty when there is no such volume.
    public <T> Optional<T> change(String volumeId, Work<T> work) {
        try {
            return database.write(handle -> find(handle, volumeId)
                    .map(row -> work.run(new VolumeChange(handle, row, bytesOf(handle, row.owner())))));
        } catch (StoreException e) {
            if (e.getCause() instanceof dev.declaw.model.failure.PlatformFailure refused) throw refused;
            throw e;
        }
    }

    /// What a change may do. Valid inside [#change] only.
    public interface Change {
        Row volume();

        /// Bytes in all volumes of the owner, before the change.
        long ownerBytes();

        Optional<FileRow> file(String path);

        boolean hasChildren(String path);

        List<FileRow> below(String directory, int limit);

        /// Inserts or replaces.
        void put(FileRow row);

        void remove(String path);

        /// Stores the volume's new size, revision and time.
        void update(Row row);
    }

    private static Row row(ResultSet results) throws SQLException {
        return new Row(
                results.getString("id"),
                results.getString("owner"),
                results.getString("name"),
                results.getString("backend"),
                Optional.ofNullable(results.getString("blob")),
                results.getLong("size_bytes"),
                results.getLong("files"),
                results.getLong("quota_bytes"),
                results.getLong("revision"),
                results.getString("content_type"),
                Micros.instant(results.getLong("created_micros")),
                Micros.instant(results.getLong("updated_micros")));
    }
}
