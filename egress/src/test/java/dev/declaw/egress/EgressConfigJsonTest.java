package dev.declaw.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.declaw.model.network.Cidr;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EgressConfigJsonTest {
    private static final EgressConfig CONFIG = new EgressConfig(
            List.of(EgressConfigJson.parseHostPort("192.0.2.53:53"), EgressConfigJson.parseHostPort("[2001:db8::53]:5353")),
            List.of(Cidr.parse("10.1.0.0/16").orElseThrow()),
            List.of(Path.of("/etc/declaw/origin \"ca\".pem")),
            new EgressConfig.Limits(1, 2, 3, 4, 5, 6, 7, 8));

    @Test
    void aConfigurationIsReadAsItWasWritten() {
        assertThat(EgressConfigJson.read(EgressConfigJson.write(CONFIG))).isEqualTo(CONFIG);
    }

    @Test
    void aRelativeFileIsWrittenAbsoluteSinceTheProxyRunsElsewhere() {
        EgressConfig relative = new EgressConfig(List.of(), List.of(), List.of(Path.of("ca.pem")), EgressConfig.Limits.DEFAULT);
        assertThat(EgressConfigJson.read(EgressConfigJson.write(relative)).upstreamCa().getFirst()).isAbsolute();
    }

    @Test
    void aParentProxyIsReadAsItWasWritten() {
        EgressConfig parent = new EgressConfig(
                List.of(), List.of(), List.of(), EgressConfig.Limits.DEFAULT, Optional.of(EgressConfigJson.parseHostPort("192.0.2.8:3128")));
        assertThat(EgressConfigJson.read(EgressConfigJson.write(parent))).isEqualTo(parent);
    }

    @ParameterizedTest
    @CsvSource({
        "'\"head_bytes_max\":1', '\"head_bytes_max\":0', limits.head_bytes_max",
        "'\"head_bytes_max\":1', '\"head_bytes_max\":-1', limits.head_bytes_max",
        "'\"head_bytes_max\":1', '\"head_bytes_max\":1.5', limits.head_bytes_max",
        "'\"head_bytes_max\":1', '\"head_bytes\":1', limits.head_bytes_max",
        "'\"head_bytes_max\":1,', '', eight",
        "192.0.2.53:53, resolver.test:53, resolver.test",
        "192.0.2.53:53, 192.0.2.53, 192.0.2.53",
        "10.1.0.0/16, 10.1.0.0/33, 10.1.0.0/33",
        "'\"upstream_ca\":[', '\"upstream_ca\":[7,', upstream_ca",
        "'\"resolvers\":', '\"resolver\":', resolvers",
    })
    void whatIsWrongIsNamed(String from, String to, String named) {
        String text = EgressConfigJson.write(CONFIG).replace(from, to);
        assertThatIllegalArgumentException().isThrownBy(() -> EgressConfigJson.read(text)).withMessageContaining(named);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "{}", "{"})
    void whatIsNoConfigurationIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> EgressConfigJson.read(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:080",
        "127.0.0.1: 80", "localhost:80", "0x7f.1:80", "2130706433:80", "::1:80", "[::1]", "[::1:80", "[127.0.0.1:80"})
    void whatIsNoAddressAndPortIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> EgressConfigJson.parseHostPort(text));
    }
}
