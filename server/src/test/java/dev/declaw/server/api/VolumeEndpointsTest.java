package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.Archives;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class VolumeEndpointsTest {
    @TempDir
    Path home;

    private final MovedClock clock = new MovedClock();
    private TestServer server;
    private RawHttp http;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home, new FakeHost(), clock, TestServer.SETTINGS);
        http = server.http;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private RawHttp.Answer upload(String path, byte[] body) {
        return http.bytes("POST", path, body, http.authorization());
    }

    private String volume(Archives archive) {
        RawHttp.Answer answer = upload("/volumes?name=v", archive.gzip());
        assertThat(answer.status()).as(answer.text()).isEqualTo(201);
        return answer.json().path("volume_id").textValue();
    }

    private String empty(String query) {
        return http.post("/volumes/empty?name=v" + query, null).json().path("volume_id").textValue();
    }

    private RawHttp.Answer put(String volume, String path, String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        return http.bytes("PUT", "/volumes/" + volume + "/files/raw?path=" + path, bytes, http.authorization());
    }

    private String read(String volume, String path) {
        return http.get("/volumes/" + volume + "/files/raw?path=" + path).text();
    }

    private long blobs() throws IOException {
        try (Stream<Path> files = Files.walk(home.resolve("volumes"))) {
            return files.filter(Files::isRegularFile).count();
        }
    }

    @Test
    void aCreateWithoutABodyIsEmptyWhateverItsContentTypeSays() throws IOException {
        RawHttp.Answer answer = http.call("POST", "/volumes?name=my%20data", null, "Content-Type: application/json");
        JsonNode volume = answer.json();
        assertThat(answer.status()).isEqualTo(201);
        assertThat(volume.path("volume_id").textValue()).matches("vol-[0-9a-f]+");
        assertThat(volume.path("name").textValue()).isEqualTo("my data");
        assertThat(volume.path("backend").textValue()).isEqualTo("file-granular");
        assertThat(volume.path("size_bytes").isIntegralNumber() && volume.path("quota_bytes").isIntegralNumber()).isTrue();
        assertThat(volume.path("metadata").isObject()).isTrue();
        assertThat(http.post("/volumes", null).status()).isEqualTo(400);
        String chunked = "POST /volumes?name=x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + http.authorization()
                + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        try (var socket = http.sendRaw(chunked.getBytes(StandardCharsets.US_ASCII))) {
            assertThat(RawHttp.read(socket.getInputStream()).status()).isEqualTo(201);
        }
        assertThat(http.get("/volumes").json().path("volumes")).hasSize(2);
        assertThat(http.get("/volumes/vol-0").status()).isEqualTo(404);
    }

    @Test
    void anArchiveBecomesFilesAndComesBackAsOne() throws IOException {
        String id = volume(new Archives()
                .directory("./")
                .file("./a.txt", "hello")
                .entry("bin/run.sh", '0', 0755, "#!/bin/sh\n".getBytes(StandardCharsets.US_ASCII))
                .entry("link", '2', 0777, new byte[0])
                .file("../escape", "x")
                .file("/etc/passwd", "x"));
        JsonNode volume = http.get("/volumes/" + id).json();
        assertThat(volume.path("size_bytes").intValue()).isEqualTo(15);
        JsonNode entries = http.get("/volumes/" + id + "/files/list").json().path("entries");
        assertThat(entries.findValuesAsText("path")).containsExactly("/a.txt", "/bin");
        assertThat(read(id, "/a.txt")).isEqualTo("hello");
        JsonNode script = http.get("/volumes/" + id + "/files/info?path=/bin/run.sh").json();
        assertThat(script.path("mode").intValue()).isEqualTo(0755);
        assertThat(script.path("version").textValue()).isNotEmpty();

        RawHttp.Answer download = http.get("/volumes/" + id + "/download");
        assertThat(download.header("Content-Type")).isEqualTo("application/gzip");
        assertThat(download.complete()).isTrue();
        RawHttp.Answer again = upload("/volumes/ingest?name=again", download.body());
        assertThat(again.json().path("size_bytes").intValue()).isEqualTo(15);
        assertThat(again.json().path("dropped_entries").intValue()).isZero();
        assertThat(read(again.json().path("volume_id").textValue(), "/bin/run.sh")).isEqualTo("#!/bin/sh\n");
    }

    @Test
    void droppedEntriesAreCounted() {
        byte[] archive = new Archives().file("../a", "x").entry("l", '2', 0777, new byte[0]).file("b", "y").gzip();
        assertThat(upload("/volumes?name=v", archive).json().path("dropped_entries").intValue()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/volumes?name=v", "/volumes/ingest?name=v", "/volumes?name=v&backend=tarball"})
    void whatIsNoArchiveIsRefusedAndLeavesNothing(String path) throws IOException {
        byte[] cut = java.util.Arrays.copyOf(new Archives().file("a", "x".repeat(100_000)).gzip(), 80);
        byte[][] bodies = {"{}".getBytes(StandardCharsets.UTF_8), Archives.gzip("text".repeat(500).getBytes(StandardCharsets.UTF_8)), cut};
        for (byte[] body : bodies) {
            RawHttp.Answer answer = upload(path, body);
            assertThat(answer.status()).as(answer.text()).isEqualTo(400);
            assertThat(answer.json().path("code").textValue()).isEqualTo("bad_archive");
        }
        assertThat(http.get("/volumes").json().path("volumes")).isEmpty();
        assertThat(blobs()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/volumes?name=v", "/volumes?name=v&backend=tarball"})
    void anArchiveThatClaimsTerabytesIsNotReadToItsEnd(String path) {
        byte[] huge = new Archives().entry("h", 'x', 0644, "22 size=9000000000000\n".getBytes(StandardCharsets.UTF_8)).file("../a", "x").gzip();
        RawHttp.Answer refused = upload(path, huge);
        assertThat(refused.status()).as(refused.text()).isEqualTo(413);
        assertThat(refused.json().path("code").textValue()).isEqualTo("body_too_large");
        Archives endless = new Archives();
        for (int i = 0; i < 100; i++) endless.entry("h", 'g', 0644, "10 a=bcde\n".getBytes(StandardCharsets.UTF_8));
        assertThat(upload(path, endless.file("a", "x").gzip()).text()).contains("extended headers");
    }

    @Test
    void aTarballKeepsItsBytesAndHasNoFiles() {
        byte[] archive = new Archives().file("a", "x").gzip();
        RawHttp.Answer made = upload("/volumes?name=t&backend=tarball", archive);
        String id = made.json().path("volume_id").textValue();
        assertThat(made.json().path("backend").textValue()).isEqualTo("tarball");
        assertThat(http.get("/volumes/" + id + "/download").body()).isEqualTo(archive);
        RawHttp.Answer files = http.get("/volumes/" + id + "/files/list?path=/");
        assertThat(files.status()).isEqualTo(409);
        assertThat(files.json().path("code").textValue()).isEqualTo("volume_is_tarball");
        RawHttp.Answer mount = http.post(
                "/sandboxes", "{\"volumes\":[{\"volume_id\":\"" + id + "\",\"mount_path\":\"/data\",\"mode\":\"mount\"}]}");
        assertThat(mount.status()).isEqualTo(409);
    }

    @Test
    void aWriteWithAnOldVersionIsRefusedAndWithTheRightOneTaken() throws IOException {
        String id = empty("");
        String first = put(id, "/a/b.txt", "one").json().path("version").textValue();
        assertThat(http.get("/volumes/" + id + "/files/info?path=/a/b.txt").json().path("version").textValue()).isEqualTo(first);
        String second = put(id, "/a/b.txt&if_version=" + first, "two").json().path("version").textValue();
        RawHttp.Answer late = put(id, "/a/b.txt&if_version=" + first, "three");
        assertThat(late.status()).isEqualTo(409);
        assertThat(late.json().path("code").textValue()).isEqualTo("version_mismatch");
        assertThat(put(id, "/a/b.txt&if_version=", "new").status()).isEqualTo(409);
        assertThat(put(id, "/c.txt&if_version=", "new").status()).isEqualTo(200);
        assertThat(put(id, "/d.txt&if_version=" + second, "x").status()).isEqualTo(409);
        assertThat(read(id, "/a/b.txt")).isEqualTo("two");
        assertThat(blobs()).isEqualTo(2);
    }

    @Test
    void ofManyWritersOfOneVersionOneWins() throws Exception {
        String id = empty("");
        String version = put(id, "/a", "0").json().path("version").textValue();
        java.util.concurrent.atomic.AtomicInteger won = new java.util.concurrent.atomic.AtomicInteger();
        Thread[] writers = new Thread[12];
        for (int i = 0; i < writers.length; i++) {
            writers[i] = Thread.startVirtualThread(() -> {
                if (put(id, "/a&if_version=" + version, "x").status() == 200) won.incrementAndGet();
            });
        }
        for (Thread writer : writers) writer.join();
        assertThat(won.get()).isEqualTo(1);
        assertThat(blobs()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/../x", "/a/../../x", "x", "/%00", "/a/..", "..%2F..%2Fetc", "/%2e%2e/x"})
    void pathsThatClimbAreRefused(String path) throws IOException {
        String id = empty("");
        RawHttp.Answer answer = put(id, path, "x");
        assertThat(answer.status()).as(answer.text()).isEqualTo(400);
        assertThat(http.get("/volumes/" + id + "/files/raw?path=" + path).status()).isEqualTo(400);
        assertThat(blobs()).isZero();
        assertThat(Files.exists(home.resolve("x"))).isFalse();
    }

    @Test
    void directoriesAreMadeListedMovedAndRemoved() throws IOException {
        String id = empty("");
        String base = "/volumes/" + id + "/files";
        RawHttp.Answer made = http.post(base + "/mkdir", "{\"path\":\"/a/b\"}");
        assertThat(made.status()).isEqualTo(201);
        assertThat(made.json().path("path").textValue()).isEqualTo("/a/b");
        assertThat(http.post(base + "/mkdir", "{\"path\":\"/a/b\"}").json().path("created").booleanValue()).isFalse();
        put(id, "/a/b/c.txt", "c");
        put(id, "/a-sibling", "s"); // sorts between /a and /a/b
        assertThat(http.get(base + "/list?path=/a").json().path("entries").findValuesAsText("name")).containsExactly("b");
        assertThat(http.get(base + "/list?path=/a/b/c.txt").status()).isEqualTo(400);
        assertThat(http.get(base + "/list?path=/none").status()).isEqualTo(404);
        assertThat(put(id, "/a/b/c.txt/d", "x").status()).isEqualTo(409);
        assertThat(put(id, "/a", "x").status()).isEqualTo(409);

        assertThat(http.call("PATCH", base, "{\"old_path\":\"/a\",\"new_path\":\"/a/x\"}").status()).isEqualTo(400);
        assertThat(http.call("PATCH", base, "{\"old_path\":\"/none\",\"new_path\":\"/y\"}").status()).isEqualTo(404);
        JsonNode moved = http.call("PATCH", base, "{\"old_path\":\"/a\",\"new_path\":\"/z/y\"}").json();
        assertThat(moved.path("new_path").textValue()).isEqualTo("/z/y");
        assertThat(read(id, "/z/y/b/c.txt")).isEqualTo("c");
        assertThat(http.get(base + "/exists?path=/a").json().path("exists").booleanValue()).isFalse();
        assertThat(read(id, "/a-sibling")).isEqualTo("s");

        assertThat(http.delete(base + "?path=/z&recursive=false").status()).isEqualTo(409);
        assertThat(http.delete(base + "?path=/z&recursive=true").status()).isEqualTo(200);
        assertThat(http.delete(base + "?path=/z&recursive=true").status()).isEqualTo(200);
        assertThat(http.get("/volumes/" + id).json().path("size_bytes").intValue()).isEqualTo(1);
        assertThat(blobs()).isEqualTo(1);
        assertThat(http.delete("/volumes/" + id).json().path("deleted").booleanValue()).isTrue();
        assertThat(http.delete("/volumes/" + id).json().path("deleted").booleanValue()).isFalse();
        assertThat(blobs()).isZero();
    }

    @Test
    void nothingGetsOverTheQuotaOfTheVolumeNorOfTheAccount() throws IOException {
        String id = empty("&quota_bytes=100");
        assertThat(put(id, "/a", "x".repeat(90)).status()).isEqualTo(200);
        RawHttp.Answer over = put(id, "/b", "x".repeat(11));
        assertThat(over.status()).isEqualTo(413);
        assertThat(over.json().path("code").textValue()).isEqualTo("volume_full");
        assertThat(put(id, "/a", "x".repeat(100)).status()).isEqualTo(200);
        assertThat(upload("/volumes?name=q&quota_bytes=10", new Archives().file("a", "x".repeat(11)).gzip()).status())
                .isEqualTo(413);
        String big = empty("");
        String half = "x".repeat((int) TestServer.VOLUME_BYTES_MAX / 2);
        assertThat(put(big, "/a", half).status()).isEqualTo(200);
        assertThat(put(big, "/b", half).status()).isEqualTo(413);
        byte[] bomb = new Archives().entry("zeros", '0', 0644, new byte[(int) TestServer.VOLUME_BYTES_MAX]).gzip();
        assertThat(bomb.length).isLessThan(100_000);
        assertThat(upload("/volumes?name=bomb", bomb).status()).isEqualTo(413);
        assertThat(blobs()).isEqualTo(2);
    }

    @Test
    void locksAreLeases() {
        String locks = "/volumes/" + empty("") + "/locks";
        RawHttp.Answer held = http.post(locks, "{\"path\":\"/a\",\"ttl_seconds\":10}");
        assertThat(held.status()).isEqualTo(201);
        assertThat(held.json().path("ttl_seconds").intValue()).isEqualTo(10);
        String token = held.json().path("token").textValue();
        assertThat(http.post(locks, "{\"path\":\"/a/\"}").status()).isEqualTo(409);
        assertThat(http.post(locks, "{\"path\":\"/b\",\"ttl_seconds\":0}").json().path("ttl_seconds").intValue()).isEqualTo(30);
        assertThat(http.get(locks + "?path=/a").json().path("expires_in_ms").intValue()).isEqualTo(10_000);
        clock.move(Duration.ofSeconds(9));
        assertThat(http.post(locks + "/renew", "{\"path\":\"/a\",\"token\":\"no\"}").status()).isEqualTo(409);
        JsonNode renewed = http.post(locks + "/renew", "{\"path\":\"/a\",\"token\":\"" + token + "\",\"ttl_seconds\":5}").json();
        assertThat(renewed.path("renewed").booleanValue()).isTrue();
        clock.move(Duration.ofSeconds(4));
        assertThat(http.get(locks + "?path=/a").json().path("held").booleanValue()).isTrue();
        clock.move(Duration.ofSeconds(1));
        assertThat(http.get(locks + "?path=/a").json().path("held").booleanValue()).isFalse();
        String body = "{\"path\":\"/a\",\"token\":\"" + token + "\"}";
        assertThat(http.call("DELETE", locks, body).status()).isEqualTo(409);
        String next = http.post(locks, "{\"path\":\"/a\"}").json().path("token").textValue();
        JsonNode released = http.call("DELETE", locks, body.replace(token, next)).json();
        assertThat(released.path("released").booleanValue()).isTrue();
        assertThat(http.post(locks, "{\"path\":\"/a\",\"ttl_seconds\":3601}").status()).isEqualTo(400);
    }

    @Test
    void blobsThatNobodyKnowsAreSweptAtTheStart() throws Exception {
        String id = empty("");
        put(id, "/a", "kept");
        Files.writeString(home.resolve("volumes").resolve(id).resolve("blob-lost"), "x");
        Files.createDirectories(home.resolve("volumes/vol-lost"));
        Files.writeString(home.resolve("volumes/vol-lost/blob-1"), "x");
        server.close();
        server = new TestServer(home, new FakeHost(), clock, TestServer.SETTINGS);
        http = server.http;
        assertThat(blobs()).isEqualTo(1);
        assertThat(read(id, "/a")).isEqualTo("kept");
    }

    @ParameterizedTest
    @CsvSource({"quota_bytes=-1", "quota_bytes=x", "backend=nfs"})
    void unknownSettingsAreRefused(String query) {
        assertThat(http.post("/volumes?name=v&" + query, null).status()).isEqualTo(400);
    }
}
