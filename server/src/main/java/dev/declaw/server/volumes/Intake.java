package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.store.VolumeTable.FileRow;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Collects the files of a volume that is being made. Contents go to blobs at once; names wait here, so that the volume
/// appears whole or not at all. Not thread-safe.
final class Intake {
    private static final int DIRECTORY_MODE = 0755;
    private static final long VERSION = 1;

    private final String volumeId;
    private final BlobStore blobs;
    private final Instant now;
    private final Map<String, FileRow> rows = new LinkedHashMap<>();
    private long room;
    private long bytes;
    private long dropped;

    Intake(String volumeId, BlobStore blobs, long roomBytes, Instant now) {
        this.volumeId = volumeId;
        this.blobs = blobs;
        this.room = roomBytes;
        this.now = now;
    }

    void directory(VolumePath path) {
        if (path.root()) return;
        FileRow there = rows.get(path.text());
        if (there != null && there.directory()) return;
        if (there != null) forget(there);
        parents(path);
        put(new FileRow(path.text(), path.parent().text(), Optional.empty(), 0, DIRECTORY_MODE, VERSION, now));
    }

    /// A later file of the same name replaces the earlier one, as when an archive is unpacked.
    ///
    /// @throws BlobStore.FullException when there is no room for it
    void file(VolumePath path, int mode, InputStream content) throws IOException {
        FileRow there = rows.get(path.text());
        if (path.root() || there != null && there.directory()) {
            drop();
            return;
        }
        parents(path);
        BlobStore.Blob blob = blobs.write(volumeId, content, room);
        if (there != null) forget(there);
        room -= blob.bytes();
        bytes += blob.bytes();
        put(new FileRow(path.text(), path.parent().text(), Optional.of(blob.id()), blob.bytes(), mode & 0777, VERSION, now));
    }

    /// Counts an entry that no volume holds.
    void drop() {
        dropped++;
    }

    private void parents(VolumePath path) {
        for (VolumePath up : path.ancestors()) {
            FileRow there = rows.get(up.text());
            if (there != null && there.directory()) continue;
            if (there != null) forget(there);
            put(new FileRow(up.text(), up.parent().text(), Optional.empty(), 0, DIRECTORY_MODE, VERSION, now));
        }
    }

    private void put(FileRow row) {
        rows.put(row.path(), row);
        if (rows.size() > Volumes.FILES_MAX) {
            throw new PlatformFailure.TooLarge(
                    "too_many_files", "a volume holds at most " + Volumes.FILES_MAX + " files and directories");
        }
    }

    private void forget(FileRow row) {
        rows.remove(row.path());
        row.blob().ifPresent(blob -> blobs.remove(volumeId, blob));
        room += row.sizeBytes();
        bytes -= row.sizeBytes();
    }

    List<FileRow> rows() {
        return List.copyOf(rows.values());
    }

    long bytes() {
        return bytes;
    }

    long dropped() {
        return dropped;
    }
}
