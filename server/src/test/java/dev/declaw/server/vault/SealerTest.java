package dev.declaw.server.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.auth.RandomTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SealerTest {
    @TempDir
    Path home;

    private final RandomTokens tokens = new RandomTokens();

    @Test
    void whatIsSealedOpensForItsIdAloneAndDiffersEachTime() throws Exception {
        Sealer sealer = Sealer.open(home.resolve("key"), true, tokens);
        String sealed = sealer.seal("sec-1", "väl ue");
        assertThat(sealer.unseal("sec-1", sealed)).isEqualTo("väl ue");
        assertThat(sealer.seal("sec-1", "väl ue")).isNotEqualTo(sealed);
        assertThat(Sealer.open(home.resolve("key"), false, tokens).unseal("sec-1", sealed)).isEqualTo("väl ue");
        assertThatThrownBy(() -> sealer.unseal("sec-2", sealed)).isInstanceOf(PlatformFailure.InternalFailure.class);
    }

    @Test
    void everyChangedByteIsFound() throws Exception {
        Sealer sealer = Sealer.open(home.resolve("key"), true, tokens);
        byte[] sealed = Base64.getDecoder().decode(sealer.seal("sec-1", "value"));
        for (int i = 0; i < sealed.length; i++) {
            byte[] changed = sealed.clone();
            changed[i] ^= 1;
            String text = Base64.getEncoder().encodeToString(changed);
            assertThatThrownBy(() -> sealer.unseal("sec-1", text)).isInstanceOf(PlatformFailure.InternalFailure.class);
        }
    }

    @Test
    void theKeyIsItsOwnersAloneAndIsNeverMadeOverALostOne() throws Exception {
        Path file = home.resolve("key");
        assertThatThrownBy(() -> Sealer.open(file, false, tokens)).isInstanceOf(IOException.class).hasMessageContaining("put it back");
        Sealer.open(file, true, tokens);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> Sealer.open(file, true, tokens)).isInstanceOf(IOException.class).hasMessageContaining("0600");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        Files.writeString(file, "0011");
        assertThatThrownBy(() -> Sealer.open(file, true, tokens)).isInstanceOf(IOException.class).hasMessageContaining("master key");
    }
}
