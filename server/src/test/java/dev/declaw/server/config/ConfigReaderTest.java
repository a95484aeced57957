package dev.declaw.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.egress.EgressConfig;
import dev.declaw.model.network.Cidr;
import dev.declaw.runtime.objects.S3Settings;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.lifecycle.Retention;
import dev.declaw.server.lifecycle.WarmPoolSizes;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConfigReaderTest {
    @TempDir
    Path home;

    @Test
    void theDefaultsAreLoopbackFiniteAndClosed() {
        assertThat(ConfigReader.read(Map.of("PATH", "/bin", "DECLAW_API_KEY", "x", "DECLAW_DOMAIN", "y", "DECLAW_API_URL", "z")))
                .isEqualTo(new ServerConfig(
                        Path.of("/var/lib/declaw"),
                        Path.of("/var/cache/declaw"),
                        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 8080),
                        new EgressConfig(List.of(), List.of(), List.of(), EgressConfig.Limits.DEFAULT),
                        Optional.empty(),
                        WarmPoolSizes.NONE,
                        new ServerConfig.Limits(64, 4, 0, 604800, 1),
                        false,
                        new Tenants.Limits(0, 50, 0, 0, 0),
                        10240,
                        Optional.empty(),
                        StoreConfig.DEFAULT,
                        new Retention(0, 0, 1000),
                        new ServerConfig.Builds(2, 1, 3600, List.of(), List.of())));
    }

    @Test
    void everyKeyCanBeSetInTheEnvironmentAndInTheFile() throws Exception {
        Path file = Files.writeString(home.resolve("some.pem"), "");
        Map<String, String> values = new HashMap<>();
        values.put("HOME", "/h");
        values.put("CACHE", "/c");
        values.put("LISTEN", "[::1]:99");
        values.put("EGRESS_RESOLVERS", "192.0.2.1, 192.0.2.2:5353,2001:db8::1");
        values.put("EGRESS_INTERNAL_RANGES", "10.0.0.0/8");
        values.put("EGRESS_UPSTREAM_CA", file.toString());
        values.put("EGRESS_PARENT_PROXY", "192.0.2.8:3128");
        values.put("ENVD", file.toString());
        values.put("WARM_POOL", "2, python=1");
        values.put("WARM_POOL_MAX", "9");
        values.put("PRESTARTED_VMMS", "6");
        values.put("SANDBOXES_MAX", "7");
        values.put("BOOTS_MAX", "3");
        values.put("MEMORY_MIB", "4242");
        values.put("TIMEOUT_SECONDS_MAX", "0");
        values.put("KEEP_SANDBOXES", "true");
        values.put("TENANT_SANDBOXES_MAX", "5");
        values.put("TENANT_CREATES_PER_SECOND_MAX", "9");
        values.put("TENANT_MEMORY_MIB_MAX", "4096");
        values.put("TENANT_VOLUMES_MIB_MAX", "77");
        values.put("BUILDS_MAX", "3");
        values.put("TENANT_BUILDS_MAX", "4");
        values.put("BUILD_TIMEOUT_SECONDS", "600");
        values.put("BUILD_ALLOW_OUT", "*.example.com,mirror");
        values.put("BUILD_TEMPLATES", "python, node");
        values.put("TENANT_EGRESS_CONNECTIONS_MAX", "77");
        values.put("TENANT_SNAPSHOTS_MIB_MAX", "888");
        values.put("TLS_LISTEN", "0.0.0.0:8443");
        values.put("TLS_CERTIFICATE", file.toString());
        values.put("TLS_KEY", file.toString());
        Path secrets = Files.createFile(
                home.resolve("credentials"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(secrets, "[default]\naws_access_key_id = the-key\naws_secret_access_key=the=secret\n");
        values.put("STORE_DIRECTORY", "");
        values.put("STORE_S3_BUCKET", "snapshots");
        values.put("STORE_S3_ENDPOINT", "http://10.0.0.5:9000");
        values.put("STORE_S3_REGION", "eu-west-1");
        values.put("STORE_S3_PREFIX", "declaw");
        values.put("STORE_S3_PATH_STYLE", "false");
        values.put("STORE_S3_CREDENTIALS", secrets.toString());
        values.put("STORE_S3_ACCESS_KEY", "");
        values.put("STORE_S3_SECRET_KEY", "");
        values.put("STORE_KEY", "/k");
        values.put("SNAPSHOT_CACHE_MIB", "5");
        values.put("SNAPSHOT_TTL_SECONDS", "60");
        values.put("SNAPSHOT_TTL_SECONDS_MAX", "3600");
        values.put("TENANT_SNAPSHOTS_MAX", "8");
        assertThat(values).hasSize(ConfigKey.values().length);
        ServerConfig expected = new ServerConfig(
                Path.of("/h"),
                Path.of("/c"),
                new InetSocketAddress(InetAddress.ofLiteral("::1"), 99),
                new EgressConfig(
                        List.of(
                                new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 53),
                                new InetSocketAddress(InetAddress.ofLiteral("192.0.2.2"), 5353),
                                new InetSocketAddress(InetAddress.ofLiteral("2001:db8::1"), 53)),
                        List.of(Cidr.parse("10.0.0.0/8").orElseThrow()),
                        List.of(file),
                        EgressConfig.Limits.DEFAULT,
                        Optional.of(new InetSocketAddress(InetAddress.ofLiteral("192.0.2.8"), 3128))),
                Optional.of(file),
                new WarmPoolSizes(Map.of("base", 2, "python", 1), 9),
                new ServerConfig.Limits(7, 3, 4242, 0, 6),
                true,
                new Tenants.Limits(5, 9, 4096, 77, 888),
                77,
                Optional.of(new ServerConfig.Tls(
                        new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 8443),
                        Optional.of(new ServerConfig.KeyPairFiles(file, file)))),
                new StoreConfig(
                        Optional.empty(),
                        Optional.of(new S3Settings(
                                Optional.of(URI.create("http://10.0.0.5:9000")),
                                "eu-west-1",
                                "snapshots",
                                "declaw/",
                                false,
                                new S3Settings.Credentials("the-key", "the=secret", Optional.empty()),
                                S3Settings.ATTEMPT_DEFAULT,
                                S3Settings.TRIES_DEFAULT)),
                        Optional.of(Path.of("/k")),
                        5),
                new Retention(60, 3600, 8),
                new ServerConfig.Builds(
                        3, 4, 600, List.of("*.example.com", "mirror"), List.of("python", "node")));
        assertThat(expected.toString()).doesNotContain("the=secret").doesNotContain("the-key");
        Map<String, String> environment = new HashMap<>();
        StringBuilder properties = new StringBuilder();
        values.forEach((key, value) -> {
            environment.put("DECLAW_" + key, value);
            properties.append(key.toLowerCase(java.util.Locale.ROOT)).append(" = ").append(value).append('\n');
        });
        assertThat(ConfigReader.read(environment)).isEqualTo(expected);
        Path config = Files.writeString(home.resolve("declaw.properties"), properties);
        assertThat(ConfigReader.read(Map.of("DECLAW_CONFIG", config.toString()))).isEqualTo(expected);
        assertThat(ConfigReader.read(Map.of("DECLAW_CONFIG", config.toString(), "DECLAW_WARM_POOL", "5")).warmPool())
                .isEqualTo(new WarmPoolSizes(Map.of("base", 5), 9));
    }

    @ParameterizedTest(name = "{0}={1}")
    @CsvSource(delimiter = '|', value = {
        "DECLAW_HOME | relative | absolute",
        "DECLAW_LISTEN | 8080 | 127.0.0.1:8080",
        "DECLAW_LISTEN | localhost:80 | IP address",
        "DECLAW_LISTEN | 127.0.0.1:70000 | port",
        "DECLAW_EGRESS_RESOLVERS | dns.example | 'dns.example'",
        "DECLAW_EGRESS_INTERNAL_RANGES | 10.0.0.0/33 | CIDR",
        "DECLAW_EGRESS_UPSTREAM_CA | /does/not/exist | readable",
        "DECLAW_EGRESS_PARENT_PROXY | proxy.example:3128 | IP address",
        "DECLAW_ENVD | envd | absolute",
        "DECLAW_WARM_POOL | -1 | from 0 to 64",
        "DECLAW_WARM_POOL | base=65 | from 0 to 64",
        "DECLAW_WARM_POOL | base:2 | base=2,python=1",
        "DECLAW_WARM_POOL_MAX | few | whole number",
        "DECLAW_SANDBOXES_MAX | many | whole number",
        "DECLAW_TENANT_SANDBOXES_MAX | -1 | from 0",
        "DECLAW_TLS_LISTEN | here | 127.0.0.1:8080",
        "DECLAW_TLS_CERTIFICATE | /etc/hosts | go together",
        "DECLAW_BUILD_ALLOW_OUT | http://x/ | host name",
        "DECLAW_BUILD_TEMPLATES | Python 3 | built-in template",
        "DECLAW_KEEP_SANDBOXES | yes | true or false",
        "DECLAW_LISTN | x | DECLAW_LISTEN",
        "DECLAW_WARMPOOL | 1 | DECLAW_WARM_POOL",
        "DECLAW_CONFIG | /does/not/exist | cannot read"
    })
    void aBadSettingIsRefusedNamingItselfAndWhatToWrite(String variable, String value, String named) {
        assertThatThrownBy(() -> ConfigReader.read(Map.of(variable, value)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(variable)
                .hasMessageContaining(named);
    }

    @Test
    void allProblemsAreReportedTogether() throws Exception {
        Path file = Files.writeString(home.resolve("declaw.properties"), "warm_pol=1\nlisten=nowhere\n");
        assertThatThrownBy(() -> ConfigReader.read(
                        Map.of("DECLAW_CONFIG", file.toString(), "DECLAW_HOME", "x", "DECLAW_BOOTS_MAX", "0")))
                .isInstanceOfSatisfying(
                        ConfigException.class, e -> assertThat(e.problems()).hasSize(4).anyMatch(p -> p.contains("warm_pool")));
    }
}
