package dev.declaw.egress.control;

import java.io.IOException;
import java.io.InputStream;

/// The archives that this program's classes come from. The JDK opens each when a class is first looked for in it and keeps
/// it open; after root was given up, some could not be opened any more.
final class ArchiveFiles {
    private static final String IN_NO_ARCHIVE = "no-archive-holds-this-name";

    private ArchiveFiles() {}

    /// Looks for a name that nobody has, on the class path and in every module: the search opens all of them.
    static void openAll() throws IOException {
        if (ClassLoader.getSystemResource(IN_NO_ARCHIVE) != null) throw new IOException("an archive holds " + IN_NO_ARCHIVE);
        for (Module module : ModuleLayer.boot().modules()) {
            try (InputStream absent = module.getResourceAsStream(IN_NO_ARCHIVE)) {
                if (absent != null) throw new IOException("an archive holds " + IN_NO_ARCHIVE);
            }
        }
    }
}
