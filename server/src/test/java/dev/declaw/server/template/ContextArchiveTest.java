package dev.declaw.server.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.model.failure.PlatformFailure;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against archives that tar(1) made, and with tar(1) as the reader of what comes out.
final class ContextArchiveTest {
    @TempDir
    Path home;

    private Path tree;

    @BeforeEach
    void fill() throws Exception {
        tree = Files.createDirectories(home.resolve("tree"));
        Files.createDirectories(tree.resolve("app/deep"));
        Files.writeString(tree.resolve("app/main.py"), "main");
        Files.writeString(tree.resolve("app/deep/data"), "data");
        Files.createSymbolicLink(tree.resolve("app/link"), Path.of("main.py"));
        Files.writeString(tree.resolve("one.txt"), "1");
        Files.writeString(tree.resolve("two.txt"), "2");
        Files.writeString(tree.resolve("x".repeat(120)), "long name");
        Exec.run(Command.of("chmod", "0755", tree.resolve("app/main.py").toString()));
    }

    private Path archive(String... options) {
        Path file = home.resolve("context-" + System.nanoTime() + ".tar");
        List<String> command = new java.util.ArrayList<>(List.of("tar", "-c", "-f", file.toString(), "-C", tree.toString()));
        command.addAll(List.of(options));
        command.add(".");
        Exec.run(Command.of(command));
        return file;
    }

    private static Step.Copy copy(String target, String... sources) {
        return new Step.Copy(List.of(sources), target, Optional.empty(), Optional.empty());
    }

    /// What a copy of these sources leaves below an empty root.
    private String copied(Path archive, Step.Copy copy, boolean targetIsDirectory) throws Exception {
        ContextArchive context = new ContextArchive(archive, copy);
        boolean toFile = context.select().single().isPresent() && !copy.target().endsWith("/") && !targetIsDirectory;
        Path out = home.resolve("out-" + System.nanoTime());
        try (OutputStream stream = Files.newOutputStream(out)) {
            context.write(stream, copy.target(), toFile, 1000, 7, Instant.EPOCH);
        }
        Path root = Files.createDirectory(home.resolve("root-" + System.nanoTime()));
        Exec.run(Command.of("tar", "-x", "-p", "-f", out.toString(), "-C", root.toString()));
        try (var paths = Files.walk(root)) {
            return paths.filter(path -> !Files.isDirectory(path, java.nio.file.LinkOption.NOFOLLOW_LINKS))
                    .map(path -> root.relativize(path).toString())
                    .sorted()
                    .collect(Collectors.joining(" "));
        }
    }

    @Test
    void sourcesLandWhereDockerWouldPutThem() throws Exception {
        for (Path archive : List.of(archive(), archive("-z"), archive("--format=pax"))) {
            assertThat(copied(archive, copy("/srv/", "app"), false)).isEqualTo("srv/deep/data srv/link srv/main.py");
            assertThat(copied(archive, copy("/srv", "app/"), false)).isEqualTo("srv/deep/data srv/link srv/main.py");
            assertThat(copied(archive, copy("/srv/", "app/deep", "one.txt"), false)).isEqualTo("srv/data srv/one.txt");
            assertThat(copied(archive, copy("/b.txt", "one.txt"), false)).isEqualTo("b.txt");
            assertThat(copied(archive, copy("/etc", "one.txt"), true)).isEqualTo("etc/one.txt");
            assertThat(copied(archive, copy("/t/", "*.txt"), false)).isEqualTo("t/one.txt t/two.txt");
            assertThat(copied(archive, copy("/t/", "[!o]*.txt"), false)).isEqualTo("t/two.txt");
            assertThat(copied(archive, copy("/", "."), false)).startsWith("app/deep/data app/link app/main.py one.txt two.txt xxx");
        }
    }

    @Test
    void theDigestTellsContentsNamesAndModesApartAndNothingElse() throws Exception {
        Step.Copy copy = copy("/srv/", "app");
        String before = new ContextArchive(archive(), copy).select().digest();
        assertThat(new ContextArchive(archive("-z", "--mtime=2001-01-01"), copy).select().digest()).isEqualTo(before);
        Files.writeString(tree.resolve("one.txt"), "not copied");
        assertThat(new ContextArchive(archive(), copy).select().digest()).isEqualTo(before);
        Files.writeString(tree.resolve("app/deep/data"), "Data");
        String changed = new ContextArchive(archive(), copy).select().digest();
        assertThat(changed).isNotEqualTo(before);
        Exec.run(Command.of("chmod", "0700", tree.resolve("app/main.py").toString()));
        assertThat(new ContextArchive(archive(), copy).select().digest()).isNotEqualTo(changed);
    }

    @Test
    void whatIsNotThereOrDoesNotFitIsRefused() {
        Path archive = archive();
        assertThatThrownBy(() -> new ContextArchive(archive, copy("/srv/", "app", "none.txt")).select())
                .isInstanceOf(BuildException.class)
                .hasMessageContaining("'none.txt' is not in the build context");
        assertThatThrownBy(() -> new ContextArchive(archive, copy("/srv", "*.txt")).select())
                .isInstanceOf(BuildException.class)
                .hasMessageContaining("ends in /");
    }

    @Test
    void entriesThatLeadOutAreLeftOut() throws Exception {
        Files.writeString(home.resolve("outside"), "secret");
        Path archive = archive("-P", "--add-file=../outside");
        assertThat(copied(archive, copy("/c/", "."), false)).doesNotContain("outside");
    }

    @Test
    void whatIsNoArchiveIsRefused() throws Exception {
        Path whole = archive("-z");
        byte[] bytes = Files.readAllBytes(whole);
        Path cut = Files.write(home.resolve("cut"), java.util.Arrays.copyOf(bytes, bytes.length / 2));
        Path text = Files.writeString(home.resolve("text"), "no archive at all".repeat(100));
        for (Path bad : List.of(cut, text)) {
            assertThatThrownBy(() -> ContextArchive.check(bad)).isInstanceOf(PlatformFailure.InvalidRequest.class);
        }
    }

    @Test
    void aPatternMatchesInLinearTimeWhateverItIs() {
        String hostile = "*a".repeat(500) + "b";
        assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> assertThat(ContextPath.pattern(hostile).matcher("a".repeat(4000)).matches()).isFalse());
        assertThat(ContextPath.pattern("src/*.p[xy]").matcher("src/main.py").matches()).isTrue();
        assertThat(ContextPath.pattern("src/*.py").matcher("src/below/main.py").matches()).isFalse();
        assertThat(ContextPath.pattern("a[!b]?").matcher("abc").matches()).isFalse();
    }
}
