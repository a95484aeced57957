package dev.declaw.server.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// The settings, each with its default. The environment variable is `DECLAW_` and the name; in the file it is the name in
/// lower case.
enum ConfigKey {
    HOME("/var/lib/declaw"),
    CACHE("/var/cache/declaw"),
    LISTEN("127.0.0.1:8080"),
    EGRESS_RESOLVERS(""),
    EGRESS_INTERNAL_RANGES(""),
    EGRESS_UPSTREAM_CA(""),
    EGRESS_PARENT_PROXY(""),
    ENVD(""),
    WARM_POOL("0"),
    WARM_POOL_MAX("16"),
    PRESTARTED_VMMS("1"),
    SANDBOXES_MAX("64"),
    BOOTS_MAX("4"),
    MEMORY_MIB("0"),
    TIMEOUT_SECONDS_MAX("604800"),
    TENANT_SANDBOXES_MAX("0"),
    TENANT_CREATES_PER_SECOND_MAX("50"),
    TENANT_MEMORY_MIB_MAX("0"),
    TENANT_VOLUMES_MIB_MAX("10240"),
    STORE_DIRECTORY(""),
    STORE_S3_BUCKET(""),
    STORE_S3_ENDPOINT(""),
    STORE_S3_REGION("us-east-1"),
    STORE_S3_PREFIX(""),
    STORE_S3_PATH_STYLE("true"),
    STORE_S3_CREDENTIALS(""),
    STORE_S3_ACCESS_KEY(""),
    STORE_S3_SECRET_KEY(""),
    STORE_KEY(""),
    SNAPSHOT_CACHE_MIB("16384"),
    SNAPSHOT_TTL_SECONDS("0"),
    SNAPSHOT_TTL_SECONDS_MAX("0"),
    TENANT_SNAPSHOTS_MAX("1000"),
    TENANT_SNAPSHOTS_MIB_MAX("0"),
    BUILDS_MAX("2"),
    TENANT_BUILDS_MAX("1"),
    BUILD_TIMEOUT_SECONDS("3600"),
    BUILD_ALLOW_OUT(""),
    BUILD_TEMPLATES(""),
    TENANT_EGRESS_CONNECTIONS_MAX("0"),
    TLS_LISTEN(""),
    TLS_CERTIFICATE(""),
    TLS_KEY(""),
    KEEP_SANDBOXES("false");

    static final String PREFIX = "DECLAW_";

    private final String fallback;

    ConfigKey(String fallback) {
        this.fallback = fallback;
    }

    String fallback() {
        return fallback;
    }

    String variable() {
        return PREFIX + name();
    }

    String property() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<ConfigKey> ofVariable(String variable) {
        return Arrays.stream(values()).filter(key -> key.variable().equals(variable)).findFirst();
    }

    static Optional<ConfigKey> ofProperty(String property) {
        return Arrays.stream(values()).filter(key -> key.property().equals(property)).findFirst();
    }

    /// The key whose name has the smallest edit distance to what somebody wrote.
    static ConfigKey nearest(String written) {
        String name = written.toUpperCase(Locale.ROOT);
        String wanted = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
        ConfigKey best = HOME;
        for (ConfigKey key : values()) {
            if (distance(wanted, key.name()) < distance(wanted, best.name())) best = key;
        }
        return best;
    }

    /// Levenshtein distance.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) row[j] = j;
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replace = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replace, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
