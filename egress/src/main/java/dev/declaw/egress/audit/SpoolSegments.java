package dev.declaw.egress.audit;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The names of a spool's files: `audit-<n>.jsonl`, `n` from 1, in the order in which they were written.
final class SpoolSegments {
    private static final Pattern NAME = Pattern.compile("audit-([1-9][0-9]{0,17})\\.jsonl");

    private SpoolSegments() {}

    static Path path(Path directory, long segment) {
        return directory.resolve("audit-" + segment + ".jsonl");
    }

    /// Sizes in bytes by number. Other files, and links, are not the spool's.
    static NavigableMap<Long, Long> sizes(Path directory) throws IOException {
        NavigableMap<Long, Long> sizes = new TreeMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "audit-*.jsonl")) {
            for (Path file : files) {
                Matcher name = NAME.matcher(file.getFileName().toString());
                if (!name.matches() || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) continue;
                try {
                    sizes.put(Long.parseLong(name.group(1)), Files.size(file));
                } catch (NoSuchFileException consumedMeanwhile) {
                    // The reader deletes what it has consumed.
                }
            }
        } catch (java.nio.file.DirectoryIteratorException e) {
            throw e.getCause();
        }
        return sizes;
    }
}
