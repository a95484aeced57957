package dev.declaw.server.volumes;

import dev.declaw.server.store.VolumeTable.FileRow;
import dev.declaw.server.store.VolumeTable.Row;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;

/// Packs the files of a volume into a gzip tar archive, in constant memory. A file that changes meanwhile is packed as it was
/// or as it is, never a mixture.
final class ArchiveWriter {
    private static final int PAGE = 500;
    private static final int BUFFER_BYTES = 64 * 1024;

    private final Volumes.Parts parts;
    private final Row volume;

    ArchiveWriter(Volumes.Parts parts, Row volume) {
        this.parts = parts;
        this.volume = volume;
    }

    /// @param out not closed here
    void write(OutputStream out) throws IOException {
        GZIPOutputStream gzip = new GZIPOutputStream(out, BUFFER_BYTES);
        TarWriter tar = new TarWriter(gzip);
        String behind = "";
        List<FileRow> page;
        do {
            page = parts.table().below(volume.id(), VolumePath.ROOT.text(), behind, PAGE);
            for (FileRow row : page) pack(tar, row);
            if (!page.isEmpty()) behind = page.getLast().path();
        } while (page.size() == PAGE);
        tar.end();
        gzip.finish();
    }

    private void pack(TarWriter tar, FileRow listed) throws IOException {
        Optional<OpenFile> open = OpenFile.open(parts, volume.id(), listed);
        if (open.isEmpty()) return; // removed meanwhile
        try (OpenFile file = open.get()) {
            String name = file.row().path().substring(1);
            if (file.row().directory()) tar.directory(name, file.row().mode(), file.row().modified());
            else tar.file(name, file.row().mode(), file.row().modified(), file.row().sizeBytes(), file.content());
        }
    }

    /// A file of a volume that is being read.
    ///
    /// @param content empty stream for a directory
    record OpenFile(FileRow row, InputStream content) implements AutoCloseable {
        private static final int ATTEMPTS_MAX = 5;

        /// Opens a file that was listed a moment ago. When it was replaced since, its new content is opened.
        static Optional<OpenFile> open(Volumes.Parts parts, String volumeId, FileRow listed) {
            FileRow row = listed;
            for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
                if (row.directory()) return Optional.of(new OpenFile(row, InputStream.nullInputStream()));
                Optional<InputStream> in = parts.blobs().find(volumeId, row.blob().orElseThrow());
                if (in.isPresent()) return Optional.of(new OpenFile(row, in.get()));
                Optional<FileRow> again = parts.table().file(volumeId, row.path());
                if (again.isEmpty()) return Optional.empty();
                row = again.get();
            }
            throw new IllegalStateException("a file of a volume has no content");
        }

        @Override
        public void close() throws IOException {
            content.close();
        }
    }
}
