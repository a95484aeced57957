package dev.declaw.runtime.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AptSourcesTest {
    @TempDir
    private Path root;

    @BeforeEach
    void release() throws IOException {
        put("etc/os-release", "NAME=\"Debian\"\nVERSION_CODENAME=bookworm\n");
    }

    private void put(String path, String text) throws IOException {
        Files.createDirectories(root.resolve(path).getParent());
        Files.writeString(root.resolve(path), text);
    }

    @Test
    void stanzasOfTheHostsReleaseAreTakenWithTheirKeysAndOthersAreNot() throws IOException {
        put("etc/apt/sources.list.d/debian.sources", """
            Types: deb deb-src
            # a comment
            URIs: http://mirror.test/debian
            Suites: bookworm bookworm-updates bookworm-backports
            Components: main contrib
            Signed-By: /usr/share/keyrings/a.gpg

            Types: deb
            URIs: http://vendor.test/
            Suites: nodistro
            Components: main

            Types: deb
            Enabled: no
            URIs: http://off.test/
            Suites: bookworm
            Components: main
            """);
        put("etc/apt/sources.list.d/vendor.list", "deb [signed-by=/x.gpg] http://vendor.test/apt sdk-bookworm main\n");
        assertThat(AptSources.read(root)).isEqualTo(new AptSources("bookworm", """
            Types: deb
            URIs: http://mirror.test/debian
            Suites: bookworm bookworm-updates
            Components: main contrib
            Signed-By: /usr/share/keyrings/a.gpg
            """));
    }

    @Test
    void theOneLineStyleIsReadToo() throws IOException {
        put("etc/apt/sources.list", """
            # deb http://commented.test bookworm main
            deb-src http://mirror.test/debian bookworm main
            deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm-security main universe # why
            """);
        assertThat(AptSources.read(root).text()).isEqualTo("""
            Types: deb
            URIs: http://mirror.test/debian
            Suites: bookworm-security
            Components: main universe
            Signed-By: /k.gpg
            """);
    }

    @Test
    void aKeyInsideTheStanzaIsKeptWhole() throws IOException {
        put("etc/apt/sources.list.d/a.sources", """
            Types: deb
            URIs: http://mirror.test/debian
            Suites: bookworm
            Components: main
            Signed-By:
             -----BEGIN PGP PUBLIC KEY BLOCK-----
             .
             abc
            """);
        assertThat(AptSources.read(root).text()).contains("Signed-By: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n");
    }

    @Test
    void aMachineWithoutSourcesOrReleaseIsRefusedWithTheReason() throws IOException {
        assertThatThrownBy(() -> AptSources.read(root)).isInstanceOf(IOException.class).hasMessageContaining("bookworm");
        put("etc/os-release", "NAME=Other\n");
        assertThatThrownBy(() -> AptSources.read(root)).hasMessageContaining("VERSION_CODENAME");
        put("etc/os-release", "VERSION_CODENAME=../x\n");
        assertThatThrownBy(() -> AptSources.read(root)).hasMessageContaining("VERSION_CODENAME");
    }
}
