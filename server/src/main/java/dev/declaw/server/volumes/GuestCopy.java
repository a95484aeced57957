package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.server.store.VolumeTable.FileRow;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;

/// Puts the contents of a volume into a guest. Not thread-safe; copies several files at once by itself.
final class GuestCopy {
    private static final int PAGE = 500;
    private static final int AT_ONCE = 8;
    private static final int MODES_PER_COMMAND = 100;
    private static final Duration MODES_DEADLINE = Duration.ofSeconds(60);
    private static final int MODES_EVENTS_MAX = 1000; // chmod says nothing, or a line for each path
    private static final int PLAIN_MODE = 0644;

    private final Volumes.Parts parts;
    private final GuestClient guest;
    private final String user;

    /// @param user who owns what is made in the guest
    GuestCopy(Volumes.Parts parts, GuestClient guest, String user) {
        this.parts = parts;
        this.guest = guest;
        this.user = user;
    }

    /// Copies a whole volume, of either backend.
    ///
    /// @throws PlatformFailure when it cannot all be copied
    void all(String volumeId, Optional<String> archive, VolumePath subpath, VolumePath mountPath) {
        guest.makeDirectory(mountPath.text(), user);
        List<Mode> modes = new ArrayList<>();
        if (archive.isPresent()) unpack(volumeId, archive.get(), mountPath, modes);
        else files(volumeId, subpath, mountPath, modes);
        setModes(modes);
    }

    /// A path in the guest and the mode that it shall have.
    private record Mode(String path, int mode) {}

    private void unpack(String volumeId, String archive, VolumePath mountPath, List<Mode> modes) {
        try (InputStream in = parts.blobs().open(volumeId, archive)) {
            new ArchiveReader(in).each((path, entry, content) -> {
                String target = mountPath.resolve(path.relativeTo(VolumePath.ROOT)).text();
                if (entry.kind() == TarReader.Kind.DIRECTORY) {
                    guest.makeDirectory(target, user);
                } else {
                    guest.write(target, user, content);
                    if (entry.mode() != PLAIN_MODE) modes.add(new Mode(target, entry.mode()));
                }
            });
        } catch (IOException e) {
            throw new PlatformFailure.GuestUnreachable("a volume could not be copied into the sandbox", e);
        }
    }

    private void files(String volumeId, VolumePath subpath, VolumePath mountPath, List<Mode> modes) {
        String behind = "";
        List<FileRow> page;
        do {
            page = parts.table().below(volumeId, subpath.text(), behind, PAGE);
            List<FileRow> files = new ArrayList<>();
            for (FileRow row : page) {
                String target = target(row, subpath, mountPath);
                if (row.directory()) guest.makeDirectory(target, user); // comes before what is in it
                else files.add(row);
                if (!row.directory() && row.mode() != PLAIN_MODE) modes.add(new Mode(target, row.mode()));
            }
            together(volumeId, files, subpath, mountPath);
            if (!page.isEmpty()) behind = page.getLast().path();
        } while (page.size() == PAGE);
    }

    private static String target(FileRow row, VolumePath subpath, VolumePath mountPath) {
        return mountPath.resolve(new VolumePath(row.path()).relativeTo(subpath)).text();
    }

    private void together(String volumeId, List<FileRow> files, VolumePath subpath, VolumePath mountPath) {
        Semaphore free = new Semaphore(AT_ONCE);
        AtomicReference<RuntimeException> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        try {
            for (FileRow file : files) {
                free.acquire();
                if (failure.get() != null) break;
                threads.add(Thread.ofVirtual().name("volume-copy").start(() -> {
                    try {
                        file(volumeId, file, target(file, subpath, mountPath));
                    } catch (RuntimeException e) {
                        failure.compareAndSet(null, e);
                    } finally {
                        free.release();
                    }
                }));
            }
            for (Thread thread : threads) thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformFailure.InternalFailure("interrupted while a volume was copied", e);
        }
        if (failure.get() != null) throw failure.get();
    }

    /// Copies one file.
    ///
    /// @return false when it is not in the volume any more
    boolean file(String volumeId, FileRow listed, String target) {
        Optional<ArchiveWriter.OpenFile> open = ArchiveWriter.OpenFile.open(parts, volumeId, listed);
        if (open.isEmpty()) return false;
        try (ArchiveWriter.OpenFile file = open.get()) {
            guest.write(target, user, file.content());
            return true;
        } catch (IOException e) {
            throw new PlatformFailure.GuestUnreachable("a file of a volume could not be written in the sandbox", e);
        }
    }

    /// The guest's files are 0644 when new; what differs is set by its own `chmod`.
    private void setModes(List<Mode> modes) {
        Map<Integer, List<String>> paths = new java.util.TreeMap<>();
        for (Mode mode : modes) paths.computeIfAbsent(mode.mode(), _ -> new ArrayList<>()).add(mode.path());
        paths.forEach((mode, list) -> {
            for (int at = 0; at < list.size(); at += MODES_PER_COMMAND) {
                setMode(mode, list.subList(at, Math.min(list.size(), at + MODES_PER_COMMAND)));
            }
        });
    }

    private void setMode(int mode, List<String> paths) {
        StringBuilder command = new StringBuilder("chmod %04o --".formatted(mode));
        for (String path : paths) command.append(" '").append(path.replace("'", "'\\''")).append('\'');
        GuestClient.ProcessSpec spec = new GuestClient.ProcessSpec(
                command.toString(), "root", Optional.of("/"), Map.of(), Optional.of(MODES_DEADLINE), false);
        try (GuestProcess process = guest.start(spec)) {
            long start = System.nanoTime();
            for (int events = 0; events < MODES_EVENTS_MAX; events++) { // the guest of a fork may be hostile
                if (System.nanoTime() - start > 2 * MODES_DEADLINE.toNanos()) break;
                if (!(process.next() instanceof GuestProcess.Event.Exited exited)) continue;
                if (exited.exitCode() == 0) return;
                throw new PlatformFailure.GuestUnreachable(
                        "the modes of a volume's files could not be set: chmod ended with " + exited.exitCode(), null);
            }
            throw new PlatformFailure.GuestUnreachable("the modes of a volume's files could not be set: chmod does not end", null);
        }
    }
}
