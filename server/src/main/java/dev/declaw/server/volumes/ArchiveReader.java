package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/// Reads a gzip tar archive of a caller: regular files and directories; everything else is dropped and counted.
final class ArchiveReader {
    private static final int BUFFER_BYTES = 64 * 1024;

    /// Entries of all kinds: an archive of nothing but dropped entries ends too.
    private static final int ENTRIES_MAX = 100_000;

    /// Contents of all entries together, those of dropped ones too: more than a sandbox's disk takes. A small archive may claim
    /// terabytes, and reading them takes hours.
    private static final long UNPACKED_BYTES_MAX = 64L * 1024 * 1024 * 1024;

    private final InputStream archive;

    /// What is done with an entry that a volume can hold.
    interface Taker {
        void take(VolumePath path, TarReader.Entry entry, InputStream content) throws IOException;
    }

    /// @param archive not closed here
    ArchiveReader(InputStream archive) {
        this.archive = archive;
    }

    /// Puts everything into a volume that is being made.
    void into(Intake intake) throws IOException {
        long dropped = each((path, entry, content) -> {
            if (entry.kind() == TarReader.Kind.DIRECTORY) intake.directory(path);
            else intake.file(path, entry.mode(), content);
        });
        for (long i = 0; i < dropped; i++) intake.drop();
    }

    /// Reads all of it and keeps nothing.
    ///
    /// @throws PlatformFailure.InvalidRequest when it is no gzip tar archive
    void check() throws IOException {
        each((_, _, _) -> {});
    }

    /// Gives each file and directory to the taker, in their order.
    ///
    /// @return how many entries were dropped
    long each(Taker taker) throws IOException {
        try {
            TarReader tar = new TarReader(new BufferedInputStream(new GZIPInputStream(archive, BUFFER_BYTES), BUFFER_BYTES));
            long dropped = 0;
            int entries = 0;
            long room = UNPACKED_BYTES_MAX;
            for (var next = tar.next(); next.isPresent(); next = tar.next()) {
                if (++entries > ENTRIES_MAX) {
                    throw new PlatformFailure.TooLarge("too_many_files", "the archive has more than " + ENTRIES_MAX + " entries");
                }
                TarReader.Entry entry = next.get();
                room -= Math.min(entry.sizeBytes(), UNPACKED_BYTES_MAX + 1);
                if (room < 0) {
                    throw new PlatformFailure.TooLarge(
                            "body_too_large", "the contents of the archive are larger than " + UNPACKED_BYTES_MAX + " bytes");
                }
                Optional<VolumePath> path = VolumePath.ofArchive(entry.name());
                if (path.isEmpty() || entry.kind() == TarReader.Kind.OTHER
                        || entry.kind() == TarReader.Kind.LINK) dropped++;
                else taker.take(path.get(), entry, tar.content());
            }
            return dropped;
        } catch (TarReader.FormatException e) {
            throw bad(e.getMessage());
        } catch (ZipException | EOFException e) {
            throw bad("it is not compressed with gzip, or it is cut off");
        }
    }

    private static PlatformFailure bad(String why) {
        return new PlatformFailure.InvalidRequest("bad_archive", "the body must be a gzip-compressed tar archive: " + why);
    }
}
