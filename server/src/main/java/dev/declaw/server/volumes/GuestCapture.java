package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.guest.GuestClient.FileContent;
import dev.declaw.runtime.guest.GuestClient.FileEntry;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Takes a directory or file out of a guest. Nothing that a guest says is trusted: paths are parsed again, sizes are counted.
final class GuestCapture {
    /// The guest lists no more than that.
    static final int ENTRIES_MAX = 10_000;

    static final int DEPTH_MAX = 64;

    private static final String ROOT_USER = "root";
    private static final List<String> SYNTHETIC = List.of("/proc", "/sys", "/dev");

    private GuestCapture() {}

    /// @throws PlatformFailure.InvalidRequest for a path that holds no files of its own
    static VolumePath check(String given) {
        VolumePath path = VolumePath.parse(given);
        if (SYNTHETIC.stream().anyMatch(closed -> new VolumePath(closed).covers(path))) {
            throw new PlatformFailure.InvalidRequest("synthetic_path", "path must not be in " + String.join(", ", SYNTHETIC));
        }
        return path;
    }

    /// Fills a volume that is being made with what is at a path of the guest.
    ///
    /// @throws PlatformFailure.NotFound when nothing is there
    static void into(Intake intake, GuestClient guest, VolumePath path) throws IOException {
        FileEntry entry = guest.info(path.text(), ROOT_USER);
        if (!entry.directory()) {
            file(intake, guest, path.text(), VolumePath.ROOT.resolve(path.name()), entry.mode());
            return;
        }
        List<FileEntry> entries = guest.list(path.text(), ROOT_USER, DEPTH_MAX);
        if (entries.size() >= ENTRIES_MAX) {
            throw new PlatformFailure.TooLarge("too_many_files", "there are " + ENTRIES_MAX + " entries or more at this path, the limit");
        }
        for (FileEntry found : entries) {
            Optional<VolumePath> place = relative(path, found.path());
            if (place.isEmpty()) intake.drop();
            else if (found.directory()) intake.directory(place.get());
            else file(intake, guest, found.path(), place.get(), found.mode());
        }
    }

    /// Where an entry of a listing belongs in the volume; empty for one that is not below the directory that was listed.
    static Optional<VolumePath> relative(VolumePath directory, String listed) {
        String prefix = directory.root() ? "/" : directory.text() + "/";
        if (!listed.startsWith(prefix)) return Optional.empty();
        return VolumePath.ofArchive(listed.substring(prefix.length())).filter(path -> !path.root());
    }

    /// A pipe, a socket, or a file that was just removed is dropped.
    private static void file(Intake intake, GuestClient guest, String from, VolumePath to, int mode) throws IOException {
        FileContent content;
        try {
            content = guest.read(from, ROOT_USER);
        } catch (PlatformFailure.NotFound | PlatformFailure.InvalidRequest | PlatformFailure.PermissionDenied e) {
            intake.drop();
            return;
        }
        try (content) {
            intake.file(to, mode, content.stream());
        }
    }
}
