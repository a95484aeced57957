package dev.declaw.server.volumes;

import dev.declaw.server.store.VolumeTable.FileRow;
import java.time.Instant;

/// A file or directory of a volume as its owner sees it.
///
/// @param mode permission bits
/// @param version changes with every write; what `if_version` is compared with
public record VolumeFile(
        VolumePath path, boolean directory, long sizeBytes, int mode, String version, Instant modified) {
    static VolumeFile of(FileRow row) {
        return new VolumeFile(
                new VolumePath(row.path()), row.directory(), row.sizeBytes(), row.mode(), version(row), row.modified());
    }

    static String version(FileRow row) {
        return "v" + row.version();
    }
}
