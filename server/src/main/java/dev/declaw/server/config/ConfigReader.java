package dev.declaw.server.config;

import dev.declaw.egress.EgressConfig;
import dev.declaw.model.network.Cidr;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.lifecycle.Retention;
import dev.declaw.server.lifecycle.WarmPoolSizes;
import java.io.IOException;
import java.io.Reader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the configuration: defaults, then the properties file that `DECLAW_CONFIG` names, then `DECLAW_*` variables.
/// Every problem is found before one is reported; an unknown key stops the start.
public final class ConfigReader {
    private static final String FILE_VARIABLE = "DECLAW_CONFIG";
    private static final int DNS_PORT = 53;
    private static final int FILE_BYTES_MAX = 64 * 1024;
    private static final int WARM_POOL_EACH_MAX = 64;
    private static final int WARM_POOL_MAX = 1024;
    private static final Pattern WARM_POOL_FORM = Pattern.compile("(?:([a-zA-Z0-9][a-zA-Z0-9_-]{0,63})=)?([0-9]{1,4})");

    /// Variables of the clients, which often stand in the same shell.
    private static final Set<String> OF_CLIENTS = Set.of(
            "DECLAW_API_KEY",
            "DECLAW_DOMAIN",
            "DECLAW_API_URL",
            "DECLAW_CONFIG_DIR",
            "DECLAW_SDK_CONNECTIONS",
            "DECLAW_SDK_MAX_CONCURRENT_STREAMS",
            "DECLAW_SDK_DISABLE_DISPATCHER");

    private record Setting(String where, String value) {}

    private final Map<ConfigKey, Setting> settings = new EnumMap<>(ConfigKey.class);
    private final List<String> problems = new ArrayList<>();

    private ConfigReader() {}

    /// @throws ConfigException with all problems
    public static ServerConfig read(Map<String, String> environment) {
        return new ConfigReader().readAll(environment);
    }

    private ServerConfig readAll(Map<String, String> environment) {
        for (ConfigKey key : ConfigKey.values()) settings.put(key, new Setting("default", key.fallback()));
        String file = environment.get(FILE_VARIABLE);
        if (file != null) readFile(Path.of(file));
        environment.forEach((variable, value) -> {
            if (!variable.startsWith(ConfigKey.PREFIX)) return;
            if (variable.equals(FILE_VARIABLE) || OF_CLIENTS.contains(variable)) return;
            ConfigKey.ofVariable(variable)
                    .ifPresentOrElse(
                            key -> settings.put(key, new Setting(variable, value.strip())),
                            () -> problems.add(variable + " is not known; did you mean "
                                    + ConfigKey.nearest(variable).variable() + "?"));
        });
        ServerConfig config = new ServerConfig(
                path(ConfigKey.HOME),
                path(ConfigKey.CACHE),
                address(ConfigKey.LISTEN),
                new EgressConfig(
                        list(ConfigKey.EGRESS_RESOLVERS, ConfigReader::resolver),
                        list(ConfigKey.EGRESS_INTERNAL_RANGES, ConfigReader::block),
                        list(ConfigKey.EGRESS_UPSTREAM_CA, ConfigReader::readableFile),
                        EgressConfig.Limits.DEFAULT,
                        parentProxy()),
                optionalFile(ConfigKey.ENVD),
                warmPool(),
                new ServerConfig.Limits(
                        (int) number(ConfigKey.SANDBOXES_MAX, 1, 4096),
                        (int) number(ConfigKey.BOOTS_MAX, 1, 64),
                        (int) number(ConfigKey.MEMORY_MIB, 0, 1 << 30),
                        number(ConfigKey.TIMEOUT_SECONDS_MAX, 0, 366L * 24 * 3600),
                        (int) number(ConfigKey.PRESTARTED_VMMS, 0, 64)),
                flag(ConfigKey.KEEP_SANDBOXES),
                new Tenants.Limits(
                        (int) number(ConfigKey.TENANT_SANDBOXES_MAX, 0, 4096),
                        (int) number(ConfigKey.TENANT_CREATES_PER_SECOND_MAX, 0, 100_000),
                        number(ConfigKey.TENANT_MEMORY_MIB_MAX, 0, 1L << 40),
                        (int) number(ConfigKey.TENANT_EGRESS_CONNECTIONS_MAX, 0, 1_000_000),
                        number(ConfigKey.TENANT_SNAPSHOTS_MIB_MAX, 0, 1L << 40)),
                number(ConfigKey.TENANT_VOLUMES_MIB_MAX, 0, 1L << 40),
                tls(),
                new StoreReader(key -> settings.get(key).value(), (key, why) -> problems.add(settings.get(key).where() + ": " + key.variable() + " " + why))
                        .read(number(ConfigKey.SNAPSHOT_CACHE_MIB, 0, 1L << 40), flag(ConfigKey.STORE_S3_PATH_STYLE)),
                new Retention(
                        number(ConfigKey.SNAPSHOT_TTL_SECONDS, 0, 366L * 24 * 3600 * 100),
                        number(ConfigKey.SNAPSHOT_TTL_SECONDS_MAX, 0, 366L * 24 * 3600 * 100),
                        (int) number(ConfigKey.TENANT_SNAPSHOTS_MAX, 0, 1_000_000)),
                new ServerConfig.Builds(
                        (int) number(ConfigKey.BUILDS_MAX, 1, 64),
                        (int) number(ConfigKey.TENANT_BUILDS_MAX, 1, 64),
                        (int) number(ConfigKey.BUILD_TIMEOUT_SECONDS, 60, 24 * 3600),
                        list(ConfigKey.BUILD_ALLOW_OUT, ConfigReader::hostRule),
                        list(ConfigKey.BUILD_TEMPLATES, ConfigReader::templateName)));
        if (!problems.isEmpty()) throw new ConfigException(problems);
        return config;
    }

    /// `2` for two of the template `base`, or `base=2,python=1`. Without any, nothing waits whatever the demand.
    private WarmPoolSizes warmPool() {
        Map<String, Integer> atLeast = new TreeMap<>();
        for (String part : settings.get(ConfigKey.WARM_POOL).value().split(",")) {
            Matcher form = WARM_POOL_FORM.matcher(part.strip());
            int size = form.matches() ? Integer.parseInt(form.group(2)) : WARM_POOL_EACH_MAX + 1;
            if (size > WARM_POOL_EACH_MAX) {
                return refuse(
                        ConfigKey.WARM_POOL,
                        "must be a number from 0 to " + WARM_POOL_EACH_MAX + ", or such numbers by template, as in base=2,python=1",
                        WarmPoolSizes.NONE);
            }
            atLeast.put(form.group(1) == null ? "base" : form.group(1), size);
        }
        int most = (int) number(ConfigKey.WARM_POOL_MAX, 0, WARM_POOL_MAX);
        boolean none = atLeast.values().stream().allMatch(size -> size == 0);
        return none ? WarmPoolSizes.NONE : new WarmPoolSizes(atLeast, most);
    }

    private Optional<InetSocketAddress> parentProxy() {
        if (settings.get(ConfigKey.EGRESS_PARENT_PROXY).value().isEmpty()) return Optional.empty();
        return Optional.of(address(ConfigKey.EGRESS_PARENT_PROXY));
    }

    private Optional<ServerConfig.Tls> tls() {
        Optional<Path> certificate = optionalFile(ConfigKey.TLS_CERTIFICATE);
        Optional<Path> key = optionalFile(ConfigKey.TLS_KEY);
        boolean listens = !settings.get(ConfigKey.TLS_LISTEN).value().isEmpty();
        if (certificate.isPresent() != key.isPresent()) {
            refuse(ConfigKey.TLS_CERTIFICATE, "and " + ConfigKey.TLS_KEY.variable() + " go together: set both, or neither", null);
        } else if (certificate.isPresent() && !listens) {
            refuse(ConfigKey.TLS_CERTIFICATE, "does nothing without " + ConfigKey.TLS_LISTEN.variable(), null);
        }
        if (!listens) return Optional.empty();
        Optional<ServerConfig.KeyPairFiles> files =
                certificate.isPresent() && key.isPresent()
                        ? Optional.of(new ServerConfig.KeyPairFiles(certificate.get(), key.get()))
                        : Optional.empty();
        return Optional.of(new ServerConfig.Tls(address(ConfigKey.TLS_LISTEN), files));
    }

    private void readFile(Path file) {
        Properties properties = new Properties();
        try {
            if (Files.size(file) > FILE_BYTES_MAX) {
                problems.add(FILE_VARIABLE + ": " + file + " is larger than " + FILE_BYTES_MAX + " bytes");
                return;
            }
            try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
                properties.load(reader);
            }
        } catch (IOException | IllegalArgumentException e) {
            problems.add(FILE_VARIABLE + ": cannot read " + file + " (" + e.getMessage() + ")");
            return;
        }
        for (String name : properties.stringPropertyNames().stream().sorted().toList()) {
            ConfigKey.ofProperty(name)
                    .ifPresentOrElse(
                            key -> settings.put(
                                    key, new Setting(file + ": " + name, properties.getProperty(name).strip())),
                            () -> problems.add(file + ": " + name + " is not known; did you mean "
                                    + ConfigKey.nearest(name).property() + "?"));
        }
    }

    private <T> T refuse(ConfigKey key, String why, T placeholder) {
        Setting setting = settings.get(key);
        problems.add(setting.where() + ": '" + setting.value() + "' " + why);
        return placeholder;
    }

    private Path path(ConfigKey key) {
        Path path = Path.of(settings.get(key).value());
        return path.isAbsolute() ? path : refuse(key, "must be an absolute path", Path.of("/"));
    }

    private Optional<Path> optionalFile(ConfigKey key) {
        String text = settings.get(key).value();
        if (text.isEmpty()) return Optional.empty();
        try {
            return Optional.of(readableFile(text));
        } catch (IllegalArgumentException e) {
            return refuse(key, e.getMessage(), Optional.empty());
        }
    }

    private InetSocketAddress address(ConfigKey key) {
        String text = settings.get(key).value();
        try {
            return socketAddress(text, -1);
        } catch (IllegalArgumentException e) {
            return refuse(key, e.getMessage(), new InetSocketAddress(0));
        }
    }

    private long number(ConfigKey key, long min, long max) {
        try {
            long value = Long.parseLong(settings.get(key).value());
            if (value >= min && value <= max) return value;
        } catch (NumberFormatException _) {
            // falls through to the refusal, which names the form
        }
        return refuse(key, "must be a whole number from " + min + " to " + max, min);
    }

    private boolean flag(ConfigKey key) {
        return switch (settings.get(key).value()) {
            case "true" -> true;
            case "false" -> false;
            default -> refuse(key, "must be true or false", false);
        };
    }

    private <T> List<T> list(ConfigKey key, Function<String, T> parser) {
        List<T> values = new ArrayList<>();
        for (String part : settings.get(key).value().split(",")) {
            if (part.isBlank()) continue;
            try {
                values.add(parser.apply(part.strip()));
            } catch (IllegalArgumentException e) {
                refuse(key, "holds '" + part.strip() + "', which " + e.getMessage(), null);
            }
        }
        return values;
    }

    private static InetSocketAddress resolver(String text) {
        return socketAddress(text, DNS_PORT);
    }

    private static Cidr block(String text) {
        return Cidr.parse(text).orElseThrow(() -> new IllegalArgumentException("is no CIDR block such as 10.1.0.0/16"));
    }

    private static String hostRule(String text) {
        if (text.matches("(\\*\\.)?[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63}){0,10}")) return text;
        throw new IllegalArgumentException("is no host name such as example.com or *.example.com");
    }

    private static String templateName(String text) {
        if (text.matches("[a-z][a-z-]{0,31}")) return text;
        throw new IllegalArgumentException("is no name of a built-in template");
    }

    private static Path readableFile(String text) {
        Path path = Path.of(text);
        if (!path.isAbsolute()) throw new IllegalArgumentException("must be an absolute path");
        if (!Files.isReadable(path)) throw new IllegalArgumentException("is not a readable file");
        return path;
    }

    /// `address:port`, `[v6]:port`, or, when there is a default port, an address alone. Names are not resolved.
    private static InetSocketAddress socketAddress(String text, int defaultPort) {
        IllegalArgumentException wrong =
                new IllegalArgumentException("must be an IP address and a port, such as 127.0.0.1:8080");
        int colon = text.lastIndexOf(':');
        boolean bare = colon < 0 || (!text.startsWith("[") && text.indexOf(':') != colon) || text.endsWith("]");
        if (bare && defaultPort < 0) throw wrong;
        String host = bare ? text : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) host = host.substring(1, host.length() - 1);
        try {
            int port = bare ? defaultPort : Integer.parseInt(text.substring(colon + 1));
            if (port < 0 || port > 65535) throw wrong;
            return new InetSocketAddress(InetAddress.ofLiteral(host), port);
        } catch (IllegalArgumentException e) {
            throw wrong; // also a NumberFormatException
        }
    }
}
