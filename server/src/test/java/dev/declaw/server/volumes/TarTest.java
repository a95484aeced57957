package dev.declaw.server.volumes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.server.fake.Archives;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TarTest {
    private static List<String> read(byte[] tar) throws IOException {
        TarReader reader = new TarReader(new ByteArrayInputStream(tar));
        List<String> found = new ArrayList<>();
        for (Optional<TarReader.Entry> next = reader.next(); next.isPresent(); next = reader.next()) {
            TarReader.Entry entry = next.get();
            String content = new String(reader.content().readAllBytes(), StandardCharsets.UTF_8);
            found.add(entry.kind() + " " + entry.name() + " " + Integer.toOctalString(entry.mode()) + " " + content);
        }
        return found;
    }

    @ParameterizedTest(name = "names of {0} characters")
    @ValueSource(ints = {1, 99, 100, 101, 155, 256, 1000})
    void whatIsWrittenIsReadAgain(int length) throws IOException {
        String name = "ä/" + "n".repeat(length);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TarWriter writer = new TarWriter(out);
        byte[] content = "x".repeat(length).getBytes(StandardCharsets.US_ASCII);
        writer.directory("ä", 0750, Instant.EPOCH);
        writer.file(name, 0755, Instant.EPOCH, content.length, new ByteArrayInputStream(content));
        writer.end();
        assertThat(out.size() % 512).isZero();
        assertThat(read(out.toByteArray()))
                .containsExactly("DIRECTORY ä/ 750 ", "FILE " + name + " 755 " + "x".repeat(length));
    }

    @Test
    void linksDevicesAndPipesAreNamedAsSuch() throws IOException {
        byte[] tar = new Archives()
                .entry("link", '2', 0777, new byte[0])
                .entry("hard", '1', 0644, new byte[0])
                .entry("disk", '4', 0644, new byte[0])
                .entry("pipe", '6', 0644, new byte[0])
                .file("a", "1")
                .tar();
        assertThat(read(tar)).filteredOn(line -> line.startsWith("OTHER")).hasSize(3);
        assertThat(read(tar)).first().asString().startsWith("LINK link ");
        assertThat(read(tar)).last().isEqualTo("FILE a 644 1");
    }

    @Test
    void extendedNamesOfPaxAndGnuAreUsedForOneEntry() throws IOException {
        byte[] pax = "16 path=long/one\n".substring(1).getBytes(StandardCharsets.UTF_8);
        byte[] record = ("17 path=long/one\n").getBytes(StandardCharsets.UTF_8);
        assertThat(record).hasSize(17);
        assertThat(pax).hasSize(16);
        byte[] tar = new Archives()
                .entry("pax", 'x', 0644, record)
                .file("short", "1")
                .entry("././@LongLink", 'L', 0644, "long/two\0".getBytes(StandardCharsets.UTF_8))
                .file("short", "2")
                .file("third", "3")
                .tar();
        assertThat(read(tar)).containsExactly("FILE long/one 644 1", "FILE long/two 644 2", "FILE third 644 3");
    }

    @Test
    void anArchiveThatIsCutOffAnywhereIsRefusedOrEndsAtAnEntry() throws IOException {
        byte[] tar = new Archives().file("a", "1".repeat(700)).file("b", "2").tar();
        List<String> whole = read(tar);
        for (int length = 0; length < tar.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(tar, length);
            try {
                List<String> found = read(cut);
                assertThat(found).isEqualTo(whole.subList(0, found.size()));
            } catch (TarReader.FormatException e) {
                assertThat(e).hasMessageContaining("cut off");
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void noDamageMakesItFailOtherwiseThanByRefusal(long seed) throws IOException {
        Random random = new Random(seed);
        byte[] tar = new Archives()
                .entry("pax", 'x', 0644, "17 path=long/one\n".getBytes(StandardCharsets.UTF_8))
                .file("a", "1".repeat(700))
                .directory("d/")
                .tar();
        for (int round = 0; round < 3000; round++) {
            byte[] damaged = tar.clone();
            for (int i = 0; i <= random.nextInt(4); i++) damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            try {
                read(damaged);
            } catch (TarReader.FormatException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }

    @Test
    void textIsNoArchive() {
        assertThatThrownBy(() -> read("hello ".repeat(200).getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(TarReader.FormatException.class);
    }

    @ParameterizedTest(name = "{0} -> {1}")
    @CsvSource({
        "a/b,            /a/b",
        "./a//b/,        /a/b",
        ".,              /",
        "../a,           ",
        "a/../../b,      ",
        "a/..,           ",
        "/etc/passwd,    ",
        "a/..b,          /a/..b",
    })
    void pathsOfArchivesStayInside(String name, String path) {
        assertThat(VolumePath.ofArchive(name).map(VolumePath::text)).isEqualTo(Optional.ofNullable(path));
    }
}
