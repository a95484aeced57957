package dev.declaw.runtime.template;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Where this machine gets its own distribution from, read from its apt configuration (sources.list(5)): a template uses
/// the same mirrors, keys and release as its host, so it can be built wherever the host can be updated. Entries of other
/// vendors are left out: only suites named after the host's release are taken.
///
/// @param release code name of the host's release, for example `bookworm`
/// @param text the entries as deb822 stanzas
record AptSources(String release, String text) {
    private static final Pattern ONE_LINE =
            Pattern.compile("deb\\s+(?:\\[([^\\]]*)\\]\\s+)?(\\S+)\\s+(\\S+)\\s+(\\S.*)");
    private static final Pattern CODENAME = Pattern.compile("[a-z]{2,32}");

    /// @param root `/`, or a directory that stands for it
    /// @throws IOException when there is no apt configuration, or nothing in it for the host's release
    static AptSources read(Path root) throws IOException {
        String release = release(root);
        Set<String> suites = Set.of(release, release + "-updates", release + "-security", release + "/updates");
        List<String> stanzas = new ArrayList<>();
        for (Path file : files(root)) {
            List<Map<String, String>> entries = file.toString().endsWith(".sources")
                    ? deb822(Files.readAllLines(file))
                    : oneLine(Files.readAllLines(file));
            for (Map<String, String> entry : entries) {
                List<String> taken = Stream.of(entry.getOrDefault("suites", "").trim().split("\\s+"))
                        .filter(suites::contains)
                        .toList();
                boolean binary = List.of(entry.getOrDefault("types", "").trim().split("\\s+")).contains("deb");
                boolean enabled = !"no".equalsIgnoreCase(entry.getOrDefault("enabled", "yes").trim());
                if (!taken.isEmpty() && binary && enabled) {
                    stanzas.add(stanza(entry, taken));
                }
            }
        }
        if (stanzas.isEmpty()) {
            throw new IOException("/etc/apt names no source for the release `" + release
                    + "` of this machine; a template is built from the machine's own sources");
        }
        return new AptSources(release, String.join("\n", stanzas));
    }

    private static String release(Path root) throws IOException {
        Properties properties = new Properties();
        try (var reader = Files.newBufferedReader(root.resolve("etc/os-release"))) {
            properties.load(reader);
        }
        String name = properties.getProperty("VERSION_CODENAME", "").replace("\"", "").trim();
        if (!CODENAME.matcher(name).matches()) {
            throw new IOException("/etc/os-release has no VERSION_CODENAME; Debian or Ubuntu is needed to build templates");
        }
        return name;
    }

    private static List<Path> files(Path root) throws IOException {
        List<Path> files = new ArrayList<>();
        Path main = root.resolve("etc/apt/sources.list");
        if (Files.isRegularFile(main)) {
            files.add(main);
        }
        Path directory = root.resolve("etc/apt/sources.list.d");
        if (Files.isDirectory(directory)) {
            try (Stream<Path> entries = Files.list(directory)) {
                entries.filter(path -> path.toString().endsWith(".list") || path.toString().endsWith(".sources"))
                        .sorted()
                        .forEach(files::add);
            }
        }
        return files;
    }

    private static List<Map<String, String>> oneLine(List<String> lines) {
        List<Map<String, String>> entries = new ArrayList<>();
        for (String line : lines) {
            Matcher matcher = ONE_LINE.matcher(line.replaceFirst("#.*", "").trim());
            if (matcher.matches()) {
                Map<String, String> entry = new LinkedHashMap<>();
                entry.put("types", "deb");
                entry.put("uris", matcher.group(2));
                entry.put("suites", matcher.group(3));
                entry.put("components", matcher.group(4).trim());
                for (String option :
                        (matcher.group(1) == null ? "" : matcher.group(1)).trim().split("\\s+")) {
                    if (option.startsWith("signed-by=")) {
                        entry.put("signed-by", option.substring("signed-by=".length()));
                    }
                }
                entries.add(entry);
            }
        }
        return entries;
    }

    private static List<Map<String, String>> deb822(List<String> lines) {
        List<Map<String, String>> entries = new ArrayList<>();
        Map<String, String> entry = new LinkedHashMap<>();
        String field = null;
        for (String line : lines) {
            if (line.isBlank()) {
                if (!entry.isEmpty()) {
                    entries.add(entry);
                }
                entry = new LinkedHashMap<>();
                field = null;
            } else if (line.startsWith(" ") || line.startsWith("\t")) {
                if (field != null) {
                    entry.merge(field, "\n" + line, String::concat);
                }
            } else if (!line.startsWith("#") && line.indexOf(':') > 0) {
                field = line.substring(0, line.indexOf(':')).trim().toLowerCase(Locale.ROOT);
                entry.put(field, line.substring(line.indexOf(':') + 1).trim());
            }
        }
        if (!entry.isEmpty()) {
            entries.add(entry);
        }
        return entries;
    }

    private static String stanza(Map<String, String> entry, List<String> suites) {
        StringBuilder text = new StringBuilder("Types: deb\n");
        text.append("URIs: ").append(entry.getOrDefault("uris", "")).append('\n');
        text.append("Suites: ").append(String.join(" ", suites)).append('\n');
        text.append("Components: ").append(entry.getOrDefault("components", "main")).append('\n');
        if (entry.containsKey("signed-by")) {
            text.append("Signed-By: ").append(entry.get("signed-by")).append('\n');
        }
        return text.toString();
    }
}
