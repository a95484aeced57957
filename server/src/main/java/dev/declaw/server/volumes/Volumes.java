package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.audit.AdminEvents;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.RandomTokens;
import dev.declaw.server.store.AttachmentTable;
import dev.declaw.server.store.VolumeLockTable;
import dev.declaw.server.store.VolumeTable;
import dev.declaw.server.store.VolumeTable.FileRow;
import dev.declaw.server.store.VolumeTable.Row;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/// All volumes of this server: made, filled, read and removed here. Owners see their own only. Thread-safe; calls block.
public final class Volumes {
    public static final String FILE_GRANULAR = "file-granular";
    public static final String TARBALL = "tarball";

    /// An archive as it is uploaded.
    public static final long UPLOAD_BYTES_MAX = 4L * 1024 * 1024 * 1024;

    static final int FILES_MAX = 20_000;

    private static final int VOLUMES_PER_OWNER_MAX = 1000;
    private static final String GZIP = "application/gzip";

    private final Parts parts;
    private final VolumeFiles files;
    private final VolumeLocks locks;

    /// What volumes are kept in.
    ///
    /// @param ownerBytesMax what the volumes of one owner may hold, all together; 0 for no limit
    public record Parts(
            VolumeTable table,
            VolumeLockTable locks,
            AttachmentTable attachments,
            BlobStore blobs,
            AdminEvents events,
            RandomTokens tokens,
            InstantSource clock,
            long ownerBytesMax) {}

    /// A volume as its owner sees it.
    public record Volume(
            String id,
            String owner,
            String name,
            String backend,
            long sizeBytes,
            long files,
            long quotaBytes,
            String contentType,
            Instant created,
            Instant updated) {
        static Volume of(Row row) {
            return new Volume(
                    row.id(), row.owner(), row.name(), row.backend(), row.sizeBytes(), row.files(), row.quotaBytes(),
                    row.contentType(), row.created(), row.updated());
        }
    }

    /// A volume that was filled.
    ///
    /// @param dropped entries that no volume holds: links, devices, and paths that lead out of the archive
    public record Filled(Volume volume, long dropped) {}

    public Volumes(Parts parts) {
        this.parts = parts;
        this.files = new VolumeFiles(parts, this);
        this.locks = new VolumeLocks(parts, this);
    }

    /// Removes blobs that no volume knows, left by a crash. Called once, before the first request.
    public void start() throws IOException {
        List<String> known = parts.table().ids();
        for (String folder : parts.blobs().folders()) {
            if (known.contains(folder)) parts.blobs().sweep(folder, parts.table().blobs(folder));
            else parts.blobs().removeAll(folder);
        }
        parts.attachments().forgetOrphans();
    }

    public VolumeFiles files() {
        return files;
    }

    public VolumeLocks locks() {
        return locks;
    }

    /// An empty volume with files.
    ///
    /// @param quotaBytes what it may hold; 0 for no limit of its own
    public Volume create(Caller caller, String name, long quotaBytes) {
        Row row = newRow(caller, name, FILE_GRANULAR, quotaBytes, "");
        parts.events().record(caller, "volume_created", facts -> facts.text("volume_id", row.id()).text("name", name));
        insert(row, List.of());
        return Volume.of(row);
    }

    /// A new volume that holds what is in a gzip tar archive. Nothing is left when that fails.
    ///
    /// @throws PlatformFailure.InvalidRequest when it is no such archive
    /// @throws PlatformFailure.TooLarge when it does not fit
    public Filled ingest(Caller caller, String name, long quotaBytes, InputStream archive) throws IOException {
        Row row = newRow(caller, name, FILE_GRANULAR, quotaBytes, GZIP);
        return fill(caller, row, intake -> new ArchiveReader(archive).into(intake));
    }

    /// A new volume out of files that come one by one.
    Filled fill(Caller caller, Row row, Source source) throws IOException {
        parts.events().record(caller, "volume_created", facts -> facts.text("volume_id", row.id()).text("name", row.name()));
        Intake intake = new Intake(row.id(), parts.blobs(), room(row), parts.clock().instant());
        boolean done = false;
        try {
            source.into(intake);
            Row filled = row.changed(intake.bytes(), intake.rows().size(), row.created());
            insert(filled, intake.rows());
            done = true;
            return new Filled(Volume.of(filled), intake.dropped());
        } catch (BlobStore.FullException e) {
            throw full();
        } finally {
            if (!done) parts.blobs().removeAll(row.id());
        }
    }

    /// Where files come from.
    interface Source {
        void into(Intake intake) throws IOException;
    }

    /// A volume that keeps an archive as it is: it can be downloaded and copied into sandboxes, nothing else.
    public Volume createTarball(Caller caller, String name, long quotaBytes, InputStream archive) throws IOException {
        Row row = newRow(caller, name, TARBALL, quotaBytes, GZIP);
        parts.events().record(caller, "volume_created", facts -> facts.text("volume_id", row.id()).text("name", name));
        boolean done = false;
        try {
            BlobStore.Blob blob = parts.blobs().write(row.id(), archive, room(row));
            try (InputStream stored = parts.blobs().open(row.id(), blob.id())) {
                new ArchiveReader(stored).check();
            }
            Row filled = new Row(
                    row.id(), row.owner(), name, TARBALL, Optional.of(blob.id()), blob.bytes(), 0, quotaBytes, 1, GZIP,
                    row.created(), row.created());
            insert(filled, List.of());
            done = true;
            return Volume.of(filled);
        } catch (BlobStore.FullException e) {
            throw full();
        } finally {
            if (!done) parts.blobs().removeAll(row.id());
        }
    }

    Row newRow(Caller caller, String name, String backend, long quotaBytes, String contentType) {
        if (parts.table().of(caller.owner()).size() >= VOLUMES_PER_OWNER_MAX) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_many_volumes", "there are " + VOLUMES_PER_OWNER_MAX + " volumes, the limit; delete one", 60);
        }
        Instant now = parts.clock().instant();
        return new Row(
                parts.tokens().resourceId("vol"), caller.owner(), name, backend, Optional.empty(), 0, 0, quotaBytes, 0,
                contentType, now, now);
    }

    private void insert(Row row, List<FileRow> rows) {
        if (!parts.table().insert(row, rows, parts.ownerBytesMax())) throw full();
    }

    /// Bytes that may be added to a volume now. What really fits is judged again when they are there.
    long room(Row row) {
        long room = row.quotaBytes() == 0 ? Long.MAX_VALUE : row.quotaBytes() - row.sizeBytes();
        if (parts.ownerBytesMax() > 0) room = Math.min(room, parts.ownerBytesMax() - parts.table().bytesOf(row.owner()));
        return Math.max(0, room);
    }

    static PlatformFailure full() {
        return new PlatformFailure.TooLarge(
                "volume_full", "the content does not fit: the quota of the volume or of the account is used up; delete something");
    }

    /// Newest first.
    public List<Volume> list(String owner) {
        return parts.table().of(owner).stream().map(Volume::of).toList();
    }

    /// @throws PlatformFailure.NotFound when the owner has no such volume
    public Volume get(String owner, String id) {
        return Volume.of(row(owner, id));
    }

    Row row(String owner, String id) {
        return parts.table()
                .find(id)
                .filter(row -> row.owner().equals(owner))
                .orElseThrow(Volumes::missing);
    }

    static PlatformFailure missing() {
        return new PlatformFailure.NotFound("volume_not_found", "there is no volume of this id");
    }

    /// A volume whose files can be reached one by one.
    ///
    /// @throws PlatformFailure.Conflict when it keeps an archive
    Row granular(String owner, String id) {
        Row row = row(owner, id);
        if (row.backend().equals(TARBALL)) {
            throw new PlatformFailure.Conflict(
                    "volume_is_tarball", "this volume keeps an archive as it is; make one with /volumes/ingest to reach its files");
        }
        return row;
    }

    /// Removes a volume. Does nothing when there is none, so that a repeated call succeeds.
    ///
    /// @return whether there was one
    /// @throws PlatformFailure.Conflict while it is mounted live in a sandbox
    public boolean delete(Caller caller, String id) {
        Optional<Row> row = parts.table().find(id).filter(found -> found.owner().equals(caller.owner()));
        if (row.isEmpty()) return false;
        List<String> mounted = parts.attachments().mountedIn(id);
        if (!mounted.isEmpty()) {
            throw new PlatformFailure.Conflict("volume_in_use", "this volume is mounted in " + mounted.getFirst() + "; kill that first");
        }
        parts.events().record(caller, "volume_deleted", facts -> facts.text("volume_id", id));
        boolean deleted = parts.table().delete(id);
        parts.blobs().removeAll(id);
        return deleted;
    }

    /// Writes the archive of a volume: the stored one, or one that is packed now.
    public void download(String owner, String id, OutputStream out) throws IOException {
        Row row = row(owner, id);
        if (row.blob().isPresent()) {
            try (InputStream in = parts.blobs().open(id, row.blob().get())) {
                in.transferTo(out);
            }
        } else {
            new ArchiveWriter(parts, row).write(out);
        }
    }
}
