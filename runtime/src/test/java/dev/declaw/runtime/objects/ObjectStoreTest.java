package dev.declaw.runtime.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.runtime.objects.FaultyProxy.Fault;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Both kinds of store keep the same promise; the one of a service keeps it also when the service or the way to it breaks.
final class ObjectStoreTest {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    @TempDir
    static Path directory;

    private static S3Server server;

    @BeforeAll
    static void serve() throws Exception {
        server = new S3Server(Files.createDirectory(directory.resolve("s3")));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static byte[] content(int bytes, long seed) {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        return content;
    }

    private ObjectStore store(String kind) {
        return kind.equals("local") ? new LocalObjects(directory.resolve("local")) : new S3Objects(server.settings());
    }

    @ParameterizedTest
    @ValueSource(strings = {"local", "s3"})
    void whatWasWrittenIsReadListedAndRemoved(String kind) throws IOException {
        try (ObjectStore store = store(kind)) {
            byte[] content = content(3_000_000, 1);
            store.put("packs/aa/one", content);
            store.put("packs/aa/two", content(5, 2));
            store.put("packs/bb/three", content(5, 3));
            assertThat(store.get("packs/aa/one", 0, content.length)).isEqualTo(content);
            assertThat(store.get("packs/aa/one", 1_000_000, 500)).isEqualTo(Arrays.copyOfRange(content, 1_000_000, 1_000_500));
            assertThat(store.size("packs/aa/one")).contains(3_000_000L);
            assertThat(store.size("packs/aa/none")).isEmpty();
            assertThat(store.list("packs/aa/")).isEqualTo(List.of("packs/aa/one", "packs/aa/two"));
            assertThat(store.list("packs/aa/t")).isEqualTo(List.of("packs/aa/two"));
            assertThat(store.list("nothing/")).isEmpty();
            assertThatThrownBy(() -> store.get("packs/aa/none", 0, 1)).isInstanceOf(FileNotFoundException.class);
            assertThatThrownBy(() -> store.get("packs/aa/two", 0, 6)).isInstanceOf(EOFException.class);
            store.delete("packs/aa/one");
            store.delete("packs/aa/one");
            assertThat(store.size("packs/aa/one")).isEmpty();
            assertThatThrownBy(() -> store.put("../out", content)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aWrongSecretIsRefusedAndNotTold() throws IOException {
        try (ObjectStore store = new S3Objects(server.settings(server.port(), "not-the-secret", PATIENCE))) {
            assertThatThrownBy(() -> store.put("packs/aa/denied", content(10, 1)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("403")
                    .hasMessageNotContaining("not-the-secret");
            assertThat(server.settings().toString()).doesNotContain(S3Server.SECRET_KEY);
        }
        try (ObjectStore store = store("s3")) {
            assertThat(store.size("packs/aa/denied")).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(value = Fault.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void nothingIsReportedStoredOrReadThatIsNot(Fault fault) throws IOException {
        byte[] content = content(200_000, 7);
        String name = "packs/ff/" + fault.name().toLowerCase(Locale.ROOT).replace('_', '-');
        try (FaultyProxy proxy = new FaultyProxy(server.port());
                ObjectStore store = new S3Objects(server.settings(proxy.port(), S3Server.SECRET_KEY, PATIENCE));
                ObjectStore direct = store("s3")) {
            proxy.set(fault, Integer.MAX_VALUE);
            if (fault == Fault.CUT_DOWNLOAD) {
                direct.put(name, content);
                assertThatThrownBy(() -> store.get(name, 0, content.length)).isInstanceOf(IOException.class);
            } else {
                long start = System.nanoTime();
                assertThatThrownBy(() -> store.put(name, content)).isInstanceOf(IOException.class);
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
                assertThat(direct.size(name)).as("an object is there as a whole or not at all").isEmpty();
            }
            assertThat(proxy.broken).hasPositiveValue();
            proxy.set(Fault.NONE, 0);
            store.put(name + "-again", content);
            assertThat(store.get(name + "-again", 0, content.length)).isEqualTo(content);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Fault.class, names = {"STATUS_500", "CUT_UPLOAD"})
    void aFaultThatPassesIsTriedAgain(Fault fault) throws IOException {
        byte[] content = content(200_000, 8);
        try (FaultyProxy proxy = new FaultyProxy(server.port());
                ObjectStore store = new S3Objects(server.settings(proxy.port(), S3Server.SECRET_KEY, PATIENCE))) {
            proxy.set(fault, 1);
            store.put("packs/ff/passing", content);
            assertThat(proxy.broken).hasValue(1);
            assertThat(store.get("packs/ff/passing", 0, content.length)).isEqualTo(content);
        }
    }

    @Test
    void anObjectThatWasCutIsNotReadAsWhole() throws IOException {
        try (ObjectStore store = store("s3")) {
            store.put("packs/ff/cut", content(50_000, 9));
            try (FileChannel file = FileChannel.open(server.file("some/place/packs/ff/cut"), StandardOpenOption.WRITE)) {
                file.truncate(30_000);
            }
            assertThat(store.size("packs/ff/cut")).contains(30_000L);
            assertThatThrownBy(() -> store.get("packs/ff/cut", 0, 50_000)).isInstanceOf(IOException.class);
        }
    }
}
