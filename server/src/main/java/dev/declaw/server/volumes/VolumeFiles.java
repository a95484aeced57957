package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.store.VolumeTable;
import dev.declaw.server.store.VolumeTable.Change;
import dev.declaw.server.store.VolumeTable.FileRow;
import dev.declaw.server.store.VolumeTable.Row;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Files of file-granular volumes, one by one. Each change is one transaction, and gives what it changed a new version.
/// Thread-safe.
public final class VolumeFiles {
    public static final int ENTRIES_MAX = 10_000;

    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0755;

    private final Volumes.Parts parts;
    private final Volumes volumes;

    VolumeFiles(Volumes.Parts parts, Volumes volumes) {
        this.parts = parts;
        this.volumes = volumes;
    }

    /// Stores a file; missing directories are made, an existing file is replaced at once and keeps its mode.
    ///
    /// @param ifVersion the version that it must have; empty text for a file that must not be there; absent for any
    /// @throws PlatformFailure.Conflict when it has another version, or a directory stands there
    /// @throws BlobStore.FullException never: turned into [PlatformFailure.TooLarge]
    public VolumeFile write(String owner, String volumeId, VolumePath path, InputStream content, Optional<String> ifVersion)
            throws IOException {
        return VolumeFile.of(write(owner, volumeId, path, FILE_MODE, content, ifVersion));
    }

    FileRow write(
            String owner, String volumeId, VolumePath path, int mode, InputStream content, Optional<String> ifVersion)
            throws IOException {
        Row volume = volumes.granular(owner, volumeId);
        Optional<FileRow> now = parts.table().file(volumeId, path.text());
        checkReplaceable(path, now, ifVersion); // early, before much is uploaded in vain
        long room = volumes.room(volume);
        long replaced = now.map(FileRow::sizeBytes).orElse(0L);
        BlobStore.Blob blob;
        try {
            blob = parts.blobs().write(volumeId, content, room > Long.MAX_VALUE - replaced ? room : room + replaced);
        } catch (BlobStore.FullException e) {
            throw Volumes.full();
        }
        List<String> old = new ArrayList<>();
        boolean done = false;
        try {
            FileRow written = change(volumeId, change -> {
                old.clear();
                Optional<FileRow> there = change.file(path.text());
                checkReplaceable(path, there, ifVersion);
                there.flatMap(FileRow::blob).ifPresent(old::add);
                int made = makeParents(change, path);
                FileRow row = new FileRow(
                        path.text(),
                        path.parent().text(),
                        Optional.of(blob.id()),
                        blob.bytes(),
                        there.map(FileRow::mode).orElse(mode & 0777),
                        change.volume().revision() + 1,
                        parts.clock().instant());
                change.put(row);
                update(change, blob.bytes() - there.map(FileRow::sizeBytes).orElse(0L), made + (there.isEmpty() ? 1 : 0));
                return row;
            });
            done = true;
            return written;
        } finally {
            if (done) old.forEach(id -> parts.blobs().remove(volumeId, id));
            else parts.blobs().remove(volumeId, blob.id());
        }
    }

    private static void checkReplaceable(VolumePath path, Optional<FileRow> there, Optional<String> ifVersion) {
        if (path.root() || there.isPresent() && there.get().directory()) {
            throw new PlatformFailure.Conflict("is_directory", "a directory stands at this path");
        }
        if (ifVersion.isEmpty()) return;
        String current = there.map(VolumeFile::version).orElse("");
        if (!current.equals(ifVersion.get())) {
            throw new PlatformFailure.Conflict(
                    "version_mismatch",
                    there.isEmpty() ? "the file is not there any more" : "the file has the version " + current + " now; read it again");
        }
    }

    private <T> T change(String volumeId, VolumeTable.Work<T> work) {
        return parts.table().change(volumeId, work).orElseThrow(Volumes::missing);
    }

    private int makeParents(Change change, VolumePath path) {
        int made = 0;
        for (VolumePath up : path.ancestors()) {
            Optional<FileRow> there = change.file(up.text());
            if (there.isPresent() && there.get().directory()) continue;
            if (there.isPresent()) throw new PlatformFailure.Conflict("not_a_directory", "a file stands at " + up.text());
            change.put(directory(change, up));
            made++;
        }
        return made;
    }

    private FileRow directory(Change change, VolumePath path) {
        return new FileRow(
                path.text(), path.parent().text(), Optional.empty(), 0, DIRECTORY_MODE, change.volume().revision() + 1,
                parts.clock().instant());
    }

    private void update(Change change, long bytes, long entries) {
        Row volume = change.volume().changed(bytes, entries, parts.clock().instant());
        boolean overQuota = volume.quotaBytes() > 0 && volume.sizeBytes() > volume.quotaBytes();
        boolean overOwner = parts.ownerBytesMax() > 0 && change.ownerBytes() + bytes > parts.ownerBytesMax();
        if (bytes > 0 && (overQuota || overOwner)) throw Volumes.full();
        if (entries > 0 && volume.files() > Volumes.FILES_MAX) {
            throw new PlatformFailure.TooLarge(
                    "too_many_files", "a volume holds at most " + Volumes.FILES_MAX + " files and directories");
        }
        change.update(volume);
    }

    /// Gives a file's content to the reader.
    ///
    /// @throws PlatformFailure.NotFound when there is no such file
    /// @throws PlatformFailure.InvalidRequest when it is a directory
    public void read(String owner, String volumeId, VolumePath path, Reader reader) throws IOException {
        volumes.granular(owner, volumeId);
        FileRow row = parts.table().file(volumeId, path.text()).orElseThrow(() -> missing(path));
        if (row.directory()) throw new PlatformFailure.InvalidRequest("is_directory", "this path is a directory");
        try (ArchiveWriter.OpenFile file =
                ArchiveWriter.OpenFile.open(parts, volumeId, row).orElseThrow(() -> missing(path))) {
            reader.read(VolumeFile.of(file.row()), file.content());
        }
    }

    /// Takes the content of a file; the stream is closed behind it.
    public interface Reader {
        void read(VolumeFile file, InputStream content) throws IOException;
    }

    private static PlatformFailure missing(VolumePath path) {
        return new PlatformFailure.NotFound("file_not_found", "there is nothing at this path of the volume");
    }

    /// Direct children of a directory, by name; at most [#ENTRIES_MAX].
    public List<VolumeFile> list(String owner, String volumeId, VolumePath path) {
        if (!info(owner, volumeId, path).directory()) {
            throw new PlatformFailure.InvalidRequest("not_a_directory", "this path is a file");
        }
        return parts.table().children(volumeId, path.text(), "", ENTRIES_MAX).stream().map(VolumeFile::of).toList();
    }

    /// @throws PlatformFailure.NotFound when there is nothing
    public VolumeFile info(String owner, String volumeId, VolumePath path) {
        return find(owner, volumeId, path).orElseThrow(() -> missing(path));
    }

    /// What is at a path; the root is always there.
    public Optional<VolumeFile> find(String owner, String volumeId, VolumePath path) {
        Row volume = volumes.granular(owner, volumeId);
        if (path.root()) {
            FileRow root = new FileRow("/", "/", Optional.empty(), 0, DIRECTORY_MODE, volume.revision(), volume.updated());
            return Optional.of(VolumeFile.of(root));
        }
        return parts.table().file(volumeId, path.text()).map(VolumeFile::of);
    }

    /// Removes a file or directory; does nothing when there is none.
    ///
    /// @return whether there was something
    /// @throws PlatformFailure.Conflict for a directory with content, unless `recursive`
    public boolean remove(String owner, String volumeId, VolumePath path, boolean recursive) {
        volumes.granular(owner, volumeId);
        if (path.root()) throw new PlatformFailure.InvalidRequest("invalid_path", "the root of a volume stays; delete the volume");
        List<String> blobs = new ArrayList<>();
        boolean removed = change(volumeId, change -> {
            blobs.clear();
            Optional<FileRow> there = change.file(path.text());
            if (there.isEmpty()) return false;
            List<FileRow> rows = new ArrayList<>(change.below(path.text(), Volumes.FILES_MAX));
            if (!rows.isEmpty() && !recursive) {
                throw new PlatformFailure.Conflict("directory_not_empty", "this directory is not empty; pass recursive=true");
            }
            rows.add(there.get());
            long bytes = 0;
            for (FileRow row : rows) {
                change.remove(row.path());
                row.blob().ifPresent(blobs::add);
                bytes += row.sizeBytes();
            }
            update(change, -bytes, -rows.size());
            return true;
        });
        blobs.forEach(id -> parts.blobs().remove(volumeId, id));
        return removed;
    }

    /// Moves a file or directory; missing directories are made, an existing file is replaced by a file.
    public void rename(String owner, String volumeId, VolumePath from, VolumePath to) {
        volumes.granular(owner, volumeId);
        if (from.root() || to.root() || !from.equals(to) && from.covers(to)) {
            throw new PlatformFailure.InvalidRequest("invalid_path", "a directory cannot be moved into itself, nor the root at all");
        }
        List<String> blobs = new ArrayList<>();
        change(volumeId, change -> {
            blobs.clear();
            FileRow source = change.file(from.text()).orElseThrow(() -> missing(from));
            if (from.equals(to)) return source;
            Optional<FileRow> target = change.file(to.text());
            if (target.isPresent() && (target.get().directory() || source.directory())) {
                throw new PlatformFailure.Conflict("in_the_way", "something stands at new_path; remove it first");
            }
            target.flatMap(FileRow::blob).ifPresent(blobs::add);
            int made = makeParents(change, to);
            List<FileRow> rows = new ArrayList<>(change.below(from.text(), Volumes.FILES_MAX));
            rows.addFirst(source);
            for (FileRow row : rows) {
                VolumePath moved = new VolumePath(row.path()).moved(from, to);
                change.remove(row.path());
                change.put(new FileRow(
                        moved.text(), moved.parent().text(), row.blob(), row.sizeBytes(), row.mode(),
                        change.volume().revision() + 1, row.modified()));
            }
            update(change, -target.map(FileRow::sizeBytes).orElse(0L), made - (target.isPresent() ? 1 : 0));
            return source;
        });
        blobs.forEach(id -> parts.blobs().remove(volumeId, id));
    }

    /// Makes a directory and what is missing above it.
    ///
    /// @return false when it was there
    public boolean makeDirectory(String owner, String volumeId, VolumePath path) {
        volumes.granular(owner, volumeId);
        if (path.root()) return false;
        return change(volumeId, change -> {
            Optional<FileRow> there = change.file(path.text());
            if (there.isPresent() && there.get().directory()) return false;
            if (there.isPresent()) throw new PlatformFailure.Conflict("not_a_directory", "a file stands at this path");
            int made = makeParents(change, path);
            change.put(directory(change, path));
            update(change, 0, made + 1);
            return true;
        });
    }
}
