package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.Archives;
import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import dev.declaw.server.lifecycle.Sandboxes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class VolumeMountsTest {
    private static final long WAIT_NANOS_MAX = 20_000_000_000L;

    @TempDir
    Path home;

    private final FakeHost host = new FakeHost();
    private TestServer server;
    private RawHttp http;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home, host, new MovedClock(), TestServer.SETTINGS);
        http = server.http;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String volume() {
        byte[] archive = new Archives()
                .file("a.txt", "hello")
                .entry("bin/it's run", '0', 0755, "run".getBytes(StandardCharsets.US_ASCII))
                .directory("empty")
                .gzip();
        return http.bytes("POST", "/volumes?name=v", archive, http.authorization()).json().path("volume_id").textValue();
    }

    private RawHttp.Answer create(String volume, String path, String rest) {
        return http.post(
                "/sandboxes",
                "{\"volumes\":[{\"volume_id\":\"" + volume + "\",\"mount_path\":\"" + path + "\"" + rest + "}]}");
    }

    private FakeGuest guest(RawHttp.Answer created) {
        assertThat(created.status()).as(created.text()).isEqualTo(201);
        return host.vm(created.json().path("sandbox_id").textValue()).guest;
    }

    private void put(String volume, String path, String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        RawHttp.Answer answer =
                http.bytes("PUT", "/volumes/" + volume + "/files/raw?path=" + path, bytes, http.authorization());
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    }

    private String read(String volume, String path) {
        RawHttp.Answer answer = http.get("/volumes/" + volume + "/files/raw?path=" + path);
        return answer.status() == 200 ? answer.text() : "status " + answer.status();
    }

    private static String text(FakeGuest guest, String path) {
        byte[] bytes = guest.files.get(path);
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private static void soon(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + WAIT_NANOS_MAX;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited too long").isLessThan(end);
            Thread.sleep(10);
        }
    }

    @Test
    void aCopyIsInPlaceWhenCreateAnswersAndItsModesToo() {
        String id = volume();
        RawHttp.Answer created = create(id, "/data", "");
        FakeGuest guest = guest(created);
        assertThat(text(guest, "/data/a.txt")).isEqualTo("hello");
        assertThat(text(guest, "/data/bin/it's run")).isEqualTo("run");
        assertThat(guest.directories).contains("/data", "/data/empty");
        assertThat(guest.writers).containsEntry("/data/a.txt", "user");
        assertThat(guest.modes).hasSize(1);
        JsonNode shown = created.json().at("/volumes/0");
        assertThat(shown.path("mode").textValue()).isEqualTo("copy");
        assertThat(shown.path("live").booleanValue()).isFalse();
        String sandbox = created.json().path("sandbox_id").textValue();
        assertThat(http.get("/sandboxes/" + sandbox).json().path("volumes")).isEqualTo(created.json().path("volumes"));
        assertThat(http.get("/sandboxes").json().at("/sandboxes/0/volumes")).isEqualTo(created.json().path("volumes"));
    }

    @Test
    void aTarballIsUnpackedIntoTheSandbox() {
        byte[] archive = new Archives().file("x/y", "z").entry("l", '2', 0777, new byte[0]).gzip();
        String id = http.bytes("POST", "/volumes?name=t&backend=tarball", archive, http.authorization())
                .json()
                .path("volume_id")
                .textValue();
        assertThat(text(guest(create(id, "/data", "")), "/data/x/y")).isEqualTo("z");
    }

    @Test
    void aLiveMountTravelsInBothDirectionsAndSaysWhatItIs() throws Exception {
        String id = volume();
        RawHttp.Answer created = create(id, "/data", ",\"mode\":\"mount\"");
        FakeGuest guest = guest(created);
        assertThat(created.json().at("/volumes/0/live").booleanValue()).isTrue();
        assertThat(created.json().path("warnings").toString()).contains("/data is kept in line");
        assertThat(text(guest, "/data/a.txt")).isEqualTo("hello");

        put(id, "/new.txt", "from outside");
        soon(() -> "from outside".equals(text(guest, "/data/new.txt")));
        guest.files.put("/data/a.txt", "HELLO".getBytes(StandardCharsets.UTF_8));
        guest.files.put("/data/deep/b.txt", "inside".getBytes(StandardCharsets.UTF_8));
        soon(() -> read(id, "/a.txt").equals("HELLO") && read(id, "/deep/b.txt").equals("inside"));
        http.delete("/volumes/" + id + "/files?path=/new.txt");
        soon(() -> text(guest, "/data/new.txt") == null);
        guest.files.remove("/data/a.txt");
        soon(() -> read(id, "/a.txt").equals("status 404"));
        assertThat(http.delete("/volumes/" + id).status()).isEqualTo(409);

        String sandbox = created.json().path("sandbox_id").textValue();
        guest.files.put("/data/last.txt", "just before the end".getBytes(StandardCharsets.UTF_8));
        http.delete("/sandboxes/" + sandbox);
        assertThat(read(id, "/last.txt")).isEqualTo("just before the end");
        assertThat(http.delete("/volumes/" + id).status()).isEqualTo(200);
    }

    @Test
    void twoSandboxesSeeEachOthersChanges() throws Exception {
        String id = volume();
        FakeGuest one = guest(create(id, "/data", ",\"mode\":\"mount\""));
        FakeGuest two = guest(create(id, "/mnt", ",\"mode\":\"mount\""));
        one.files.put("/data/shared", "x".getBytes(StandardCharsets.UTF_8));
        soon(() -> "x".equals(text(two, "/mnt/shared")));
    }

    @Test
    void whatBothSidesChangedIsKeptTwice() throws Exception {
        String id = volume();
        RawHttp.Answer created = create(id, "/data", ",\"mode\":\"mount\"");
        FakeGuest guest = guest(created);
        String aside = "/a.txt.conflict-" + created.json().path("sandbox_id").textValue();
        guest.dead = true; // nobody looks meanwhile
        put(id, "/a.txt", "outside");
        guest.files.put("/data/a.txt", "inside".getBytes(StandardCharsets.UTF_8));
        guest.dead = false;
        soon(() -> "outside".equals(text(guest, "/data/a.txt")));
        soon(() -> read(id, aside).equals("inside"));
        assertThat(read(id, "/a.txt")).isEqualTo("outside");
    }

    @Test
    void aReadOnlyMountFollowsTheVolumeAndGivesNothingBack() throws Exception {
        String id = volume();
        FakeGuest guest = guest(create(id, "/data", ",\"mode\":\"mount-ro\",\"subpath\":\"bin\""));
        assertThat(text(guest, "/data/it's run")).isEqualTo("run");
        assertThat(guest.writers).containsEntry("/data/it's run", "root");
        assertThat(guest.files).doesNotContainKey("/data/a.txt");
        guest.files.put("/data/it's run", "changed".getBytes(StandardCharsets.UTF_8));
        guest.files.put("/data/extra", "x".getBytes(StandardCharsets.UTF_8));
        soon(() -> "run".equals(text(guest, "/data/it's run")) && !guest.files.containsKey("/data/extra"));
        assertThat(read(id, "/bin/it's%20run")).isEqualTo("run");
        assertThat(read(id, "/bin/extra")).isEqualTo("status 404");
    }

    @Test
    void mountsGoOnAfterARestartOfTheServer() throws Exception {
        server.close();
        Sandboxes.Settings keep = new Sandboxes.Settings(8, 4, 3600, 0, true);
        server = new TestServer(home, host, new MovedClock(), keep);
        http = server.http;
        String id = volume();
        FakeGuest guest = guest(create(id, "/data", ",\"mode\":\"mount\""));
        server.close();
        guest.files.put("/data/meanwhile", "x".getBytes(StandardCharsets.UTF_8));
        server = new TestServer(home, host, new MovedClock(), TestServer.SETTINGS);
        http = server.http;
        soon(() -> read(id, "/meanwhile").equals("x"));
        assertThat(read(id, "/a.txt")).isEqualTo("hello");
        assertThat(http.get("/volumes/" + id + "/files/list").text()).doesNotContain("conflict");
    }

    @ParameterizedTest(name = "{0} {1} -> {2} {3}")
    @CsvSource(delimiter = '|', value = {
        "/           |                                       | 400 | invalid_mount_path",
        "/etc/x      |                                       | 400 | invalid_mount_path",
        "/usr        |                                       | 400 | invalid_mount_path",
        "/data/../etc|                                       | 400 | invalid_path",
        "data        |                                       | 400 | invalid_path",
        "/data       | ,\"mode\":\"nfs\"                     | 400 | invalid_request",
        "/data       | ,\"subpath\":\"bin\"                  | 400 | invalid_subpath",
        "/data       | ,\"mode\":\"mount\",\"subpath\":\"/bin\"   | 400 | invalid_request",
        "/data       | ,\"mode\":\"mount\",\"subpath\":\"../x\"   | 400 | invalid_path",
        "/data       | ,\"mode\":\"mount\",\"subpath\":\"none\"   | 404 | subpath_not_found",
        "/data       | ,\"mode\":\"mount\",\"subpath\":\"a.txt\"  | 404 | subpath_not_found",
    })
    void whatCannotBeAttachedIsRefusedBeforeAnythingIsMade(String path, String rest, int status, String code) {
        RawHttp.Answer answer = create(volume(), path, rest == null ? "" : rest);
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        assertThat(answer.json().path("code").textValue()).isEqualTo(code);
        assertThat(host.vms).isEmpty();
    }

    @Test
    void anUnknownVolumeAndOneThatDoesNotFitBesideAnotherAreRefused() {
        assertThat(create("vol-0", "/data", "").status()).isEqualTo(404);
        String id = volume();
        String live = "{\"volume_id\":\"" + id + "\",\"mount_path\":\"/data\",\"mode\":\"mount\"}";
        String inner = "{\"volume_id\":\"" + id + "\",\"mount_path\":\"/data/in\"}";
        assertThat(http.post("/sandboxes", "{\"volumes\":[" + live + "," + inner + "]}").status()).isEqualTo(400);
        assertThat(http.post("/sandboxes", "{\"volumes\":[" + live + "," + live + "]}").json().path("volumes")).hasSize(1);
        assertThat(http.post("/sandboxes", "{\"volumes\":{}}").status()).isEqualTo(400);
    }

    @Test
    void aSandboxWhoseVolumeCannotBeCopiedDoesNotComeToLife() {
        host.booting = vm -> vm.guest.failWrites = true;
        assertThat(create(volume(), "/data", "").status()).isEqualTo(413);
        assertThat(host.vms).isEmpty();
        assertThat(http.get("/sandboxes").json().path("sandboxes")).isEmpty();
    }

    @Test
    void aGuestWhoseChmodNeverEndsHoldsNobodyUp() {
        host.booting = vm -> vm.guest.floodsChmod = true;
        assertThat(create(volume(), "/data", "").status()).isEqualTo(502);
        assertThat(host.vms).isEmpty();
    }

    @Test
    void aPathOfASandboxBecomesAVolume() {
        RawHttp.Answer created = http.post("/sandboxes", "{}");
        FakeGuest guest = guest(created);
        guest.directories.add("/work");
        guest.directories.add("/work/sub");
        guest.files.put("/work/sub/a", "1".getBytes(StandardCharsets.UTF_8));
        guest.files.put("/work/b", "22".getBytes(StandardCharsets.UTF_8));
        guest.modes.put("/work/b", 0755);
        String base = "/sandboxes/" + created.json().path("sandbox_id").textValue() + "/volumes/snapshot";
        RawHttp.Answer taken = http.post(base + "?path=/work", null);
        assertThat(taken.status()).as(taken.text()).isEqualTo(201);
        assertThat(taken.json().path("name").textValue()).isEqualTo("snapshot");
        String id = taken.json().path("volume_id").textValue();
        assertThat(read(id, "/sub/a")).isEqualTo("1");
        assertThat(http.get("/volumes/" + id + "/files/info?path=/b").json().path("mode").intValue()).isEqualTo(0755);
        assertThat(read(http.post(base + "?path=/work/b&name=n", null).json().path("volume_id").textValue(), "/b")).isEqualTo("22");
        assertThat(http.post(base + "?path=relative", null).status()).isEqualTo(400);
        assertThat(http.post(base + "?path=/proc/1", null).status()).isEqualTo(400);
        assertThat(http.post(base + "?path=/none", null).status()).isEqualTo(404);
        assertThat(http.get("/sandboxes/" + created.json().path("sandbox_id").textValue() + "/audit").text())
                .contains("volume_captured");
    }

    @Test
    void aCommitIsANewVolumeAndLeavesTheOldOneAlone() {
        String id = volume();
        RawHttp.Answer created = create(id, "/data", "");
        guest(created).files.put("/data/a.txt", "changed".getBytes(StandardCharsets.UTF_8));
        String base = "/sandboxes/" + created.json().path("sandbox_id").textValue() + "/volumes/";
        JsonNode commit = http.post(base + id + "/commit", null).json();
        assertThat(commit.path("name").textValue()).isEqualTo("v-commit");
        assertThat(read(commit.path("volume_id").textValue(), "/a.txt")).isEqualTo("changed");
        assertThat(read(id, "/a.txt")).isEqualTo("hello");
        RawHttp.Answer other = http.post(base + volume() + "/commit", null);
        assertThat(other.status()).isEqualTo(400);
        assertThat(http.post(base + "vol-0/commit", null).status()).isEqualTo(404);
    }
}
