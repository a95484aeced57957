package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.guest.GuestClient.FileContent;
import dev.declaw.runtime.guest.GuestClient.FileEntry;
import dev.declaw.server.store.VolumeTable.FileRow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// Keeps a directory of a guest and a volume in line. Each look compares both sides with what they were at the look before: a
/// side that changed is copied to the other. When both changed, the volume's content stays, and the guest's is kept beside
/// it under another name, so that nothing anybody wrote is lost.
///
/// This is no file system: changes travel within seconds, a file at a time, and locks and `fsync` of the guest mean nothing
/// to others. Used by one thread at a time.
final class LiveMount {
    private final Volumes.Parts parts;
    private final VolumeFiles files;
    private final String owner;
    private final String sandboxId;
    private final VolumeAttachment attachment;
    private final Map<String, Known> known = new HashMap<>();
    private final List<String> vanishedInVolume = new ArrayList<>();
    private final List<String> vanishedInGuest = new ArrayList<>();
    private boolean first = true;

    /// Both sides of a path as they were when they agreed.
    ///
    /// @param version of the volume's file; directories have none that matters
    private record Known(boolean directory, long version, long guestBytes, long guestMillis) {}

    LiveMount(Volumes.Parts parts, VolumeFiles files, String owner, String sandboxId, VolumeAttachment attachment) {
        this.parts = parts;
        this.files = files;
        this.owner = owner;
        this.sandboxId = sandboxId;
        this.attachment = attachment;
    }

    VolumeAttachment attachment() {
        return attachment;
    }

    private boolean readOnly() {
        return attachment.mode() == VolumeAttachment.Mode.MOUNT_READ_ONLY;
    }

    /// Who owns the guest's copies. Those of a read-only mount belong to root, so that `user` cannot write them.
    String user() {
        return readOnly() ? "root" : "user";
    }

    /// One look.
    ///
    /// @throws PlatformFailure when guest or volume cannot be read; the next look goes on
    void look(GuestClient guest) throws IOException {
        Map<String, FileRow> rows = volumeSide();
        Map<String, FileEntry> entries = guestSide(guest);
        TreeSet<String> paths = new TreeSet<>(rows.keySet()); // parents before their children
        paths.addAll(entries.keySet());
        paths.addAll(known.keySet());
        for (String path : paths) agree(guest, path, Optional.ofNullable(rows.get(path)), Optional.ofNullable(entries.get(path)));
        emptied(guest);
        first = false;
    }

    private Map<String, FileRow> volumeSide() {
        Map<String, FileRow> rows = new HashMap<>();
        for (FileRow row : parts.table().below(attachment.volumeId(), attachment.subpath().text(), "", Volumes.FILES_MAX)) {
            rows.put(new VolumePath(row.path()).relativeTo(attachment.subpath()), row);
        }
        return rows;
    }

    private Map<String, FileEntry> guestSide(GuestClient guest) {
        guest.makeDirectory(attachment.mountPath().text(), user());
        List<FileEntry> listed = guest.list(attachment.mountPath().text(), "root", GuestCapture.DEPTH_MAX);
        if (listed.size() >= GuestCapture.ENTRIES_MAX) {
            throw new PlatformFailure.TooLarge(
                    "too_many_files", "the mounted directory has " + GuestCapture.ENTRIES_MAX + " entries or more, the limit");
        }
        Map<String, FileEntry> entries = new HashMap<>();
        for (FileEntry entry : listed) {
            GuestCapture.relative(attachment.mountPath(), entry.path())
                    .ifPresent(path -> entries.put(path.relativeTo(VolumePath.ROOT), entry));
        }
        return entries;
    }

    private void agree(GuestClient guest, String path, Optional<FileRow> row, Optional<FileEntry> entry) throws IOException {
        Known before = known.get(path);
        boolean volumeChanged = before == null ? row.isPresent() : row.isEmpty() || differs(before, row.get());
        boolean guestChanged = before == null ? entry.isPresent() : entry.isEmpty() || differs(before, entry.get());
        if (!volumeChanged && !guestChanged) return;
        if (row.isEmpty() && entry.isEmpty()) {
            known.remove(path);
        } else if (row.isPresent() && entry.isPresent() && row.get().directory() && entry.get().directory()) {
            known.put(path, remembered(row.get(), entry.get()));
        } else if (first && before == null && same(guest, row, entry)) {
            known.put(path, remembered(row.orElseThrow(), entry.orElseThrow()));
        } else if (readOnly() || !guestChanged) {
            toGuest(guest, path, row, entry);
        } else if (!volumeChanged) {
            toVolume(guest, path, row, entry);
        } else {
            bothChanged(guest, path, row, entry);
        }
    }

    /// Directories that one side removed go last, and only when nothing new is in them: deepest first.
    private void emptied(GuestClient guest) {
        for (String path : vanishedInVolume.reversed()) {
            if (guest.list(guestPath(path), "root", 1).isEmpty()) {
                guest.remove(guestPath(path), "root");
                known.remove(path);
            } else {
                files.makeDirectory(owner, attachment.volumeId(), attachment.subpath().resolve(path));
            }
        }
        vanishedInVolume.clear();
        for (String path : vanishedInGuest.reversed()) {
            try {
                files.remove(owner, attachment.volumeId(), attachment.subpath().resolve(path), false);
                known.remove(path);
            } catch (PlatformFailure.Conflict e) {
                guest.makeDirectory(guestPath(path), user()); // somebody put something into it
            }
        }
        vanishedInGuest.clear();
    }

    private static boolean differs(Known before, FileRow row) {
        return row.directory() != before.directory() || !row.directory() && row.version() != before.version();
    }

    private static boolean differs(Known before, FileEntry entry) {
        if (entry.directory() || before.directory()) return entry.directory() != before.directory();
        return entry.sizeBytes() != before.guestBytes() || entry.modifiedMillis() != before.guestMillis();
    }

    private static Known remembered(FileRow row, FileEntry entry) {
        return new Known(row.directory(), row.version(), entry.sizeBytes(), entry.modifiedMillis());
    }

    /// After a restart of the server nothing is remembered: equal content is no change.
    private boolean same(GuestClient guest, Optional<FileRow> row, Optional<FileEntry> entry) throws IOException {
        if (row.isEmpty() || entry.isEmpty() || row.get().directory() || entry.get().directory()) return false;
        if (row.get().sizeBytes() != entry.get().sizeBytes()) return false;
        Optional<ArchiveWriter.OpenFile> open = ArchiveWriter.OpenFile.open(parts, attachment.volumeId(), row.get());
        if (open.isEmpty()) return false;
        try (ArchiveWriter.OpenFile file = open.get();
                FileContent content = guest.read(entry.get().path(), "root")) {
            return equal(file.content(), content.stream());
        }
    }

    private static boolean equal(java.io.InputStream a, java.io.InputStream b) throws IOException {
        while (true) {
            byte[] one = a.readNBytes(64 * 1024);
            byte[] other = b.readNBytes(64 * 1024);
            if (!java.util.Arrays.equals(one, other)) return false;
            if (one.length == 0) return true;
        }
    }

    private String guestPath(String path) {
        return attachment.mountPath().resolve(path).text();
    }

    private void toGuest(GuestClient guest, String path, Optional<FileRow> row, Optional<FileEntry> entry) {
        String target = guestPath(path);
        if (row.isEmpty() && entry.isPresent() && entry.get().directory() && !readOnly()) {
            vanishedInVolume.add(path);
            return;
        }
        boolean replaced = entry.isPresent() && (row.isEmpty() || row.get().directory() != entry.get().directory());
        if (replaced) guest.remove(target, "root");
        if (row.isEmpty()) {
            known.remove(path);
            return;
        }
        if (row.get().directory()) guest.makeDirectory(target, user());
        else if (!new GuestCopy(parts, guest, user()).file(attachment.volumeId(), row.get(), target)) return; // the next look
        known.put(path, remembered(row.get(), guest.info(target, "root")));
    }

    private void toVolume(GuestClient guest, String path, Optional<FileRow> row, Optional<FileEntry> entry) throws IOException {
        VolumePath target = attachment.subpath().resolve(path);
        if (entry.isEmpty() && row.isPresent() && row.get().directory()) {
            vanishedInGuest.add(path);
            return;
        }
        boolean replaced = row.isPresent() && (entry.isEmpty() || row.get().directory() != entry.get().directory());
        if (replaced) files.remove(owner, attachment.volumeId(), target, true);
        if (entry.isEmpty()) {
            known.remove(path);
            return;
        }
        if (entry.get().directory()) {
            files.makeDirectory(owner, attachment.volumeId(), target);
            known.put(path, new Known(true, 0, 0, 0));
        } else {
            store(guest, target, entry.get(), Optional.of(row.filter(there -> !there.directory()).map(VolumeFile::version).orElse("")))
                    .ifPresent(stored -> known.put(path, remembered(stored, entry.get())));
        }
    }

    /// @return empty when the file cannot be taken now: it vanished, is no file, or its volume changed in this moment
    private Optional<FileRow> store(GuestClient guest, VolumePath target, FileEntry entry, Optional<String> ifVersion)
            throws IOException {
        try (FileContent content = guest.read(entry.path(), "root")) {
            return Optional.of(files.write(
                    owner, attachment.volumeId(), target, entry.mode(), content.stream(), ifVersion));
        } catch (PlatformFailure.NotFound | PlatformFailure.InvalidRequest | PlatformFailure.Conflict e) {
            return Optional.empty();
        }
    }

    private void bothChanged(GuestClient guest, String path, Optional<FileRow> row, Optional<FileEntry> entry)
            throws IOException {
        if (row.isEmpty()) { // removed here, changed there: what was written stays
            toVolume(guest, path, row, entry);
        } else if (entry.isEmpty() || entry.get().directory()) {
            toGuest(guest, path, row, entry);
        } else {
            VolumePath aside = attachment.subpath().resolve(path + ".conflict-" + sandboxId);
            if (store(guest, aside, entry.get(), Optional.empty()).isPresent()) toGuest(guest, path, row, entry);
        }
    }
}
