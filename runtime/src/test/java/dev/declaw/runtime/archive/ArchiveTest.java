package dev.declaw.runtime.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.runtime.objects.FaultyProxy;
import dev.declaw.runtime.objects.LocalObjects;
import dev.declaw.runtime.objects.ObjectStore;
import dev.declaw.runtime.objects.S3Server;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ArchiveTest {
    private static final String WRITER = "0123456789abcdef";
    private static final byte[] FACTS = "what the writer knows".getBytes(StandardCharsets.UTF_8);
    private static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private ObjectStore objects;
    private Archive archive;

    @BeforeEach
    void open() throws IOException {
        objects = new LocalObjects(directory.resolve("objects"));
        archive = archive(WRITER, "keys");
    }

    private Archive archive(String writer, String keys) throws IOException {
        return new Archive(
                objects, MasterKeys.open(directory.resolve(keys), true), writer, directory.resolve("mirror-" + writer + keys));
    }

    /// Holes, pages that compress, pages that do not, and an end that is no whole page.
    private Path memory(String name, long seed) throws IOException {
        Path file = directory.resolve(name);
        Random random = new Random(seed);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.setLength(64 * MIB + 1234);
            for (int at = 0; at < 64 * MIB; at += 4 * MIB) {
                byte[] piece = new byte[MIB];
                random.nextBytes(piece);
                out.seek(at);
                out.write(piece);
                out.write("text ".repeat(20_000).getBytes(StandardCharsets.US_ASCII));
            }
            out.seek(64 * MIB + 1233);
            out.write(7);
        }
        return file;
    }

    private void assertFetched(Archive from, EntryName name, Path original) throws IOException {
        Path target = Files.createTempFile(directory, "fetched", "");
        from.fetch(from.read(name), "memory", target);
        assertThat(Files.mismatch(target, original)).isEqualTo(-1);
    }

    private List<Path> packs() throws IOException {
        try (Stream<Path> all = Files.list(directory.resolve("objects/packs/" + WRITER))) {
            return all.toList();
        }
    }

    @Test
    void aFileComesBackByteForByteAndTakesLessThanItsContent() throws IOException {
        Path memory = memory("memory", 1);
        Archive.Stored stored = archive.store("snap-1", "tenant-1", FACTS, Map.of("memory", memory), Optional.empty());
        assertThat(stored.bytes()).isBetween(16L * MIB, 17L * MIB);
        assertThat(stored.entry().contentBytes()).isBetween(17L * MIB, 18L * MIB);
        assertFetched(archive, stored.entry().name(), memory);
        assertThat(archive.read(stored.entry().name()).facts()).isEqualTo(FACTS);
    }

    @Test
    void theSecondOneStoresWhatChangedAndOutlivesTheFirst() throws IOException {
        Path memory = memory("memory", 1);
        Entry first = archive.store("snap-1", "tenant-1", FACTS, Map.of("memory", memory), Optional.empty()).entry();
        try (RandomAccessFile out = new RandomAccessFile(memory.toFile(), "rw")) {
            byte[] changed = new byte[3 * MIB];
            new Random(5).nextBytes(changed);
            out.seek(20 * MIB + 4096);
            out.write(changed);
        }
        Archive.Stored second = archive.store("snap-2", "tenant-1", FACTS, Map.of("memory", memory), Optional.of(first));
        assertThat(second.bytes()).isBetween(3L * MIB, 3L * MIB + 256 * 1024);
        archive.delete(first.name());
        archive.sweep();
        assertFetched(archive, second.entry().name(), memory);
        archive.delete(second.entry().name());
        archive.sweep();
        assertThat(packs()).isEmpty();
        assertThat(archive.own()).isEmpty();
    }

    @Test
    void anotherServerWithTheKeyReadsItAndOneWithoutDoesNot() throws IOException {
        Path memory = memory("memory", 1);
        EntryName name = archive.store("snap-1", "tenant-1", FACTS, Map.of("memory", memory), Optional.empty()).entry().name();
        Archive other = archive("fedcba9876543210", "keys");
        assertThat(other.find("snap-1")).containsExactly(name);
        assertThat(other.own()).isEmpty();
        assertFetched(other, name, memory);
        other.sweep();
        assertFetched(other, name, memory);
        assertThatThrownBy(() -> archive("fedcba9876543210", "other-keys").read(name))
                .hasMessageContaining("which is not in the key file");
    }

    @Test
    void anOldKeyOpensWhatWasSealedBeforeTheRotation() throws IOException {
        Path memory = memory("memory", 1);
        EntryName old = archive.store("snap-1", "tenant-1", FACTS, Map.of("memory", memory), Optional.empty()).entry().name();
        Path keys = directory.resolve("keys");
        Files.writeString(keys, "ab".repeat(32) + "\n" + Files.readString(keys));
        Archive rotated = archive(WRITER, "keys");
        Entry before = rotated.read(old);
        EntryName next = rotated.store("snap-2", "tenant-1", FACTS, Map.of("memory", memory), Optional.of(before)).entry().name();
        assertFetched(rotated, old, memory);
        assertFetched(rotated, next, memory);
        Files.writeString(keys, "ab".repeat(32) + "\n");
        assertThatThrownBy(() -> assertFetched(archive("fedcba9876543210", "keys"), next, memory))
                .as("its chunks are still under the old key")
                .hasMessageContaining("is not in the key file");
    }

    @Test
    void nothingInTheStoreShowsItsContent() throws IOException {
        archive.store("snap-1", "tenant-1", FACTS, Map.of("memory", memory("memory", 1)), Optional.empty());
        try (Stream<Path> all = Files.walk(directory.resolve("objects"))) {
            for (Path object : all.filter(Files::isRegularFile).toList()) {
                String bytes = Files.readString(object, StandardCharsets.ISO_8859_1);
                assertThat(bytes).doesNotContain("text text").doesNotContain("what the writer knows");
            }
        }
    }

    @Test
    void whatWasChangedCutOrSwappedIsNotRead() throws IOException {
        Path memory = memory("memory", 1);
        Entry entry = archive.store("snap-1", "tenant-1", FACTS, Map.of("memory", memory), Optional.empty()).entry();
        Path pack = packs().getFirst();
        byte[] whole = Files.readAllBytes(pack);
        byte[] changed = whole.clone();
        changed[whole.length / 2] ^= 1;
        Files.write(pack, changed);
        assertThatThrownBy(() -> assertFetched(archive, entry.name(), memory)).hasMessageContaining("was changed");
        Files.write(pack, Arrays.copyOf(whole, whole.length - 100));
        assertThatThrownBy(() -> assertFetched(archive, entry.name(), memory)).isInstanceOf(IOException.class);
        Files.delete(pack);
        assertThatThrownBy(() -> assertFetched(archive, entry.name(), memory)).isInstanceOf(FileNotFoundException.class);
        Files.move(packs().getFirst(), pack);
        assertThatThrownBy(() -> assertFetched(archive, entry.name(), memory)).isInstanceOf(IOException.class);

        Archive.Stored other = archive.store("snap-2", "tenant-2", FACTS, Map.of(), Optional.empty());
        Path table = directory.resolve("objects/entries/" + entry.name());
        Files.copy(directory.resolve("objects/entries/" + other.entry().name()), table, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> archive("fedcba9876543210", "keys").read(entry.name())).hasMessageContaining("was changed");
    }

    @Test
    void aBaseThatWasCutIsNotBuiltUpon() throws IOException {
        Path memory = memory("memory", 1);
        Entry first = archive.store("snap-1", "tenant-1", FACTS, Map.of("memory", memory), Optional.empty()).entry();
        Path pack = packs().getFirst();
        byte[] whole = Files.readAllBytes(pack);
        Files.write(pack, Arrays.copyOf(whole, whole.length - 1), StandardOpenOption.TRUNCATE_EXISTING);
        Archive.Stored second = archive.store("snap-2", "tenant-1", FACTS, Map.of("memory", memory), Optional.of(first));
        assertThat(second.bytes()).isGreaterThan(16L * MIB);
        assertFetched(archive, second.entry().name(), memory);
    }

    @Test
    void aStoreThatBreaksInTheMiddleLeavesNoEntryAndNothingBehind() throws Exception {
        Path memory = memory("memory", 1);
        try (S3Server server = new S3Server(Files.createDirectory(directory.resolve("s3")));
                FaultyProxy proxy = new FaultyProxy(server.port());
                ObjectStore behind = server.behind(proxy);
                Archive broken = new Archive(behind, MasterKeys.open(directory.resolve("keys"), true), WRITER, directory.resolve("mirror-s3"))) {
            for (FaultyProxy.Fault fault : List.of(
                    FaultyProxy.Fault.CUT_UPLOAD, FaultyProxy.Fault.STATUS_500, FaultyProxy.Fault.CHANGED_UPLOAD)) {
                proxy.set(fault, Integer.MAX_VALUE);
                assertThatThrownBy(() -> broken.store("snap-1", "tenant-1", FACTS, Map.of("memory", memory), Optional.empty()))
                        .isInstanceOf(IOException.class);
                proxy.set(FaultyProxy.Fault.NONE, 0);
                assertThat(broken.find("snap-1")).as(fault.toString()).isEmpty();
                broken.sweep();
                assertThat(behind.list("packs/")).isEmpty();
            }
            EntryName name = broken.store("snap-1", "tenant-1", FACTS, Map.of("memory", memory), Optional.empty()).entry().name();
            proxy.set(FaultyProxy.Fault.CUT_DOWNLOAD, Integer.MAX_VALUE);
            assertThatThrownBy(() -> assertFetched(broken, name, memory)).isInstanceOf(IOException.class);
            proxy.set(FaultyProxy.Fault.NONE, 0);
            assertFetched(broken, name, memory);
        }
    }
}
