package dev.declaw.runtime.template;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where this machine gets its packages from, read from its own apt, pip and npm configuration: what is built on it may use
/// the same places. One that is named with a user or a password is left out, since that is the machine's business; the
/// public one counts then.
///
/// @param hosts names of all of them
/// @param environment variables that lead pip and npm to those that are not the public ones
public record PackageRegistries(Set<String> hosts, Map<String, String> environment) {
    private static final Pattern URIS = Pattern.compile("(?m)^URIs:\\s*(.*)$");
    private static final Pattern PIP_INDEX = Pattern.compile("(?m)^\\s*index-url\\s*[=:]\\s*(\\S+)\\s*$");
    private static final Pattern NPM_REGISTRY = Pattern.compile("(?m)^\\s*registry\\s*=\\s*(\\S+)\\s*$");
    private static final int FILE_BYTES_MAX = 64 * 1024;

    public PackageRegistries {
        hosts = Set.copyOf(hosts);
        environment = Map.copyOf(environment);
    }

    /// @param root `/`, or a directory that stands for it
    /// @param variables environment of the server
    public static PackageRegistries read(Path root, Map<String, String> variables) throws IOException {
        Set<String> hosts = new TreeSet<>();
        Map<String, String> environment = new TreeMap<>();
        Matcher apt = URIS.matcher(aptSources(root));
        while (apt.find()) {
            for (String uri : apt.group(1).strip().split("\\s+")) usable(uri).ifPresent(found -> hosts.add(found.getHost()));
        }
        Optional<URI> pip = configured(
                variables.get("PIP_INDEX_URL"), PIP_INDEX, root,
                List.of("etc/pip.conf", "root/.config/pip/pip.conf", "root/.pip/pip.conf"));
        if (pip.isPresent()) {
            hosts.add(pip.get().getHost());
            environment.put("PIP_INDEX_URL", pip.get().toString());
        } else {
            hosts.add("pypi.org");
            hosts.add("files.pythonhosted.org");
        }
        Optional<URI> npm = configured(
                variables.get("npm_config_registry"), NPM_REGISTRY, root,
                List.of("root/.npmrc", "etc/npmrc", "usr/etc/npmrc", "usr/local/etc/npmrc"));
        if (npm.isPresent()) {
            hosts.add(npm.get().getHost());
            environment.put("npm_config_registry", npm.get().toString());
        } else {
            hosts.add("registry.npmjs.org");
        }
        return new PackageRegistries(hosts, environment);
    }

    /// Empty text on a machine that has no sources to build `base` from either.
    private static String aptSources(Path root) {
        try {
            return AptSources.read(root).text();
        } catch (IOException none) {
            return "";
        }
    }

    private static Optional<URI> configured(String variable, Pattern pattern, Path root, List<String> files)
            throws IOException {
        if (variable != null && !variable.isBlank()) return usable(variable.strip());
        for (String name : files) {
            Path file = root.resolve(name);
            if (!Files.isRegularFile(file) || Files.size(file) > FILE_BYTES_MAX) continue;
            Matcher found = pattern.matcher(Files.readString(file));
            if (found.find()) return usable(found.group(1));
        }
        return Optional.empty();
    }

    private static Optional<URI> usable(String text) {
        try {
            URI uri = URI.create(text);
            boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            return http && uri.getHost() != null && uri.getUserInfo() == null ? Optional.of(uri) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // another kind of source, such as cdrom:
        }
    }
}
