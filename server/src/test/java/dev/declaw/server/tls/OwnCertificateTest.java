package dev.declaw.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OwnCertificateTest {
    private static final List<String> NAMES = List.of("localhost", "127.0.0.1", "::1");

    @TempDir
    Path home;

    @Test
    void itIsMadeOnceAndAgainWhenItRunsOutOrTheMachineHasAnotherName() throws Exception {
        Instant now = Instant.now();
        TlsIdentity first = OwnCertificate.open(home, NAMES, now);
        first.certificate().verify(first.certificate().getPublicKey());
        assertThat(first.certificate().getBasicConstraints()).isEqualTo(-1); // it signs nothing else
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("tls-key.pem")))).isEqualTo("rw-------");
        assertThat(OwnCertificate.open(home, NAMES, now).certificate()).isEqualTo(first.certificate());
        assertThat(OwnCertificate.open(home, List.of("LOCALHOST"), now).certificate()).isEqualTo(first.certificate());
        TlsIdentity named = OwnCertificate.open(home, List.of("localhost", "box.example.test"), now);
        assertThat(named.certificate()).isNotEqualTo(first.certificate());
        TlsIdentity late = OwnCertificate.open(home, List.of("localhost"), now.plus(Duration.ofDays(800)));
        assertThat(late.certificate()).isNotEqualTo(named.certificate());
    }

    @Test
    void filesThatDoNotFitAreRefusedSayingWhy() throws Exception {
        OwnCertificate.open(home, NAMES, Instant.now());
        Path certificate = home.resolve("tls-certificate.pem");
        Path key = home.resolve("tls-key.pem");
        Path empty = Files.writeString(home.resolve("empty.pem"), "nothing");
        assertThatThrownBy(() -> TlsIdentity.read(certificate, empty)).isInstanceOf(IOException.class).hasMessageContaining("PKCS #8");
        assertThatThrownBy(() -> TlsIdentity.read(empty, key)).isInstanceOf(IOException.class);
        assertThat(TlsIdentity.read(certificate, key).keyStore().size()).isEqualTo(1);
    }
}
