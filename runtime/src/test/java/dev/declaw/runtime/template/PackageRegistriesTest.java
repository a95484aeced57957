package dev.declaw.runtime.template;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PackageRegistriesTest {
    @TempDir
    Path root;

    private void file(String name, String text) throws IOException {
        Files.createDirectories(root.resolve(name).getParent());
        Files.writeString(root.resolve(name), text);
    }

    @Test
    void withoutAnyConfigurationTheyAreThePublicOnes() throws IOException {
        assertThat(PackageRegistries.read(root, Map.of()))
                .isEqualTo(new PackageRegistries(
                        java.util.Set.of("pypi.org", "files.pythonhosted.org", "registry.npmjs.org"), Map.of()));
    }

    @Test
    void theMachinesOwnConfigurationCounts() throws IOException {
        file("etc/os-release", "VERSION_CODENAME=bookworm\n");
        file("etc/apt/sources.list", "deb http://deb.example/debian bookworm main\ndeb https://other.example/x nodistro main\n");
        file("etc/pip.conf", "[global]\ncert = /x\nindex-url = https://pip.example/simple\n");
        file("root/.npmrc", "fund=false\nregistry = https://npm.example/\n");
        PackageRegistries found = PackageRegistries.read(root, Map.of());
        assertThat(found.hosts()).containsExactlyInAnyOrder("deb.example", "pip.example", "npm.example");
        assertThat(found.environment())
                .isEqualTo(Map.of("PIP_INDEX_URL", "https://pip.example/simple", "npm_config_registry", "https://npm.example/"));
        assertThat(PackageRegistries.read(root, Map.of("PIP_INDEX_URL", "https://set.example/simple")).hosts())
                .contains("set.example")
                .doesNotContain("pip.example");
    }

    @Test
    void passwordsOfTheMachineStayOnIt() throws IOException {
        file("etc/os-release", "VERSION_CODENAME=bookworm\n");
        file("etc/apt/sources.list", "deb https://me:secret@deb.example/debian bookworm main\n");
        file("etc/pip.conf", "[global]\nindex-url = https://me:secret@pip.example/simple\n");
        PackageRegistries found = PackageRegistries.read(root, Map.of());
        assertThat(found.toString()).doesNotContain("secret");
        assertThat(found.hosts()).containsExactlyInAnyOrder("pypi.org", "files.pythonhosted.org", "registry.npmjs.org");
    }
}
