package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.e2e.WholeSystem.TestSandbox;
import dev.declaw.e2e.platform.Api;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Ports, watches and large files, through a real guest.
@ExtendWith(WholeSystem.class)
class PortsTest {
    private static final int LARGE_MIB = Integer.getInteger("declaw.test.large-file-mib", 96);

    private final Rig rig;

    PortsTest(Rig rig) {
        this.rig = rig;
    }

    private TestSandbox serving() {
        TestSandbox sandbox = rig.sandbox("{'timeout': 300}");
        rig.api().writeFile(sandbox.id(), "/home/user/serve.py", WholeSystem.resource("serve.py"));
        Api.Reply started = rig.api().post(
                "/sandboxes/" + sandbox.id() + "/commands", "{\"cmd\": \"python3 serve.py\", \"background\": true}");
        assertThat(started.status()).isEqualTo(200);
        sandbox.run("until [ -e /tmp/serving ]; do sleep 0.1; done");
        return sandbox;
    }

    @Test
    void aServerOnLoopbackIsReachedByHttpEventsAndWebSocket() throws Exception {
        try (TestSandbox sandbox = serving()) {
            String path = "/sandboxes/" + sandbox.id() + "/ports/8000";
            Api.Reply reply = rig.api().post(path + "/sub/path?q=%20", "{\"a\": 1}");
            assertThat(reply.status()).as(reply.text()).isEqualTo(200);
            assertThat(reply.body().path("target").textValue()).isEqualTo("/sub/path?q=%20");
            assertThat(reply.body().path("body").textValue()).isEqualTo("{\"a\": 1}");
            assertThat(reply.body().path("host").textValue()).isEqualTo("localhost:8000");
            assertThat(reply.text()).doesNotContain(rig.platform.apiKey());
            assertThat(reply.response().headers().map()).doesNotContainKey("set-cookie");

            HttpRequest token = HttpRequest.newBuilder(URI.create("http://" + rig.platform.domain() + path))
                    .header("X-Traffic-Access-Token", sandbox.created().path("traffic_access_token").textValue())
                    .build();
            assertThat(rig.api().send(token).status()).isEqualTo(200);
            assertThat(rig.api().get(path.replace("8000", "49983") + "/health").status()).isEqualTo(403);
            assertThat(rig.api().get(path.replace("8000", "8001")).status()).isEqualTo(502);

            HttpResponse<Stream<String>> events =
                    rig.api().http().send(rig.api().request(path + "/events").build(), HttpResponse.BodyHandlers.ofLines());
            assertThat(events.body().filter(line -> line.startsWith("data: ")).limit(3)).containsExactly("data: 0", "data: 1", "data: 2");
            assertThat(echoed(path)).isEqualTo("DECLAW");
        }
    }

    private String echoed(String path) throws Exception {
        BlockingQueue<String> received = new LinkedBlockingQueue<>();
        WebSocket socket = rig.api()
                .http()
                .newWebSocketBuilder()
                .header("X-API-Key", rig.platform.apiKey())
                .buildAsync(URI.create("ws://" + rig.platform.domain() + path + "/ws"), new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
                        received.add(data.toString());
                        return WebSocket.Listener.super.onText(from, data, last);
                    }
                })
                .get(30, TimeUnit.SECONDS);
        socket.sendText("declaw", true);
        String answer = received.poll(30, TimeUnit.SECONDS);
        socket.abort();
        return answer;
    }

    @Test
    void aWatchDeliversWhatHappensInTheGuest() throws Exception {
        try (TestSandbox sandbox = rig.sandbox("{}")) {
            sandbox.run("mkdir -p /tmp/w");
            String events = rig.api()
                    .post("/sandboxes/" + sandbox.id() + "/files/watch", "{\"path\": \"/tmp/w\", \"recursive\": true}")
                    .body()
                    .path("events")
                    .textValue();
            HttpResponse<Stream<String>> stream =
                    rig.api().http().send(rig.api().request(events).build(), HttpResponse.BodyHandlers.ofLines());
            rig.api().writeFile(sandbox.id(), "/tmp/w/api", "x");
            sandbox.run("mkdir /tmp/w/d; echo x > /tmp/w/d/f; mv /tmp/w/d/f /tmp/w/g; chmod 700 /tmp/w/g; rm -r /tmp/w");
            String seen = String.join("\n", stream.body().toList()); // it ends with the directory
            assertThat(seen)
                    .contains("{\"type\":\"create\",\"path\":\"/tmp/w/api\",\"is_dir\":false}", "{\"type\":\"write\",\"path\":\"/tmp/w/api\"")
                    .contains("{\"type\":\"create\",\"path\":\"/tmp/w/d\",\"is_dir\":true}")
                    .contains("{\"type\":\"chmod\",\"path\":\"/tmp/w/g\"", "{\"type\":\"remove\",\"path\":\"/tmp/w\",\"is_dir\":true}")
                    .endsWith("event: end\ndata: {\"reason\":\"removed\"}\n");
        }
    }

    @Test
    void aLargeFileGoesInAndOutWithConstantMemory() throws Exception {
        Path local = Files.createTempFile("declaw-large-", "");
        try (TestSandbox sandbox = rig.sandbox("{'timeout': 900}")) {
            byte[] block = new byte[1 << 20];
            new Random(1).nextBytes(block);
            try (var out = Files.newOutputStream(local)) {
                for (int i = 0; i < LARGE_MIB; i++) out.write(block);
            }
            String url = "/sandboxes/" + sandbox.id() + "/files/raw?path=/home/user/large";
            long agent = residentKib(sandbox);
            HttpResponse<String> put = rig.api().http().send(
                    rig.api().request(url).PUT(HttpRequest.BodyPublishers.ofFile(local)).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(put.statusCode()).as(put.body()).isEqualTo(200);
            Path back = Files.createTempFile("declaw-large-back-", "");
            try {
                rig.api().http().send(rig.api().request(url).build(), HttpResponse.BodyHandlers.ofFile(back));
                assertThat(Files.mismatch(local, back)).isEqualTo(-1);
            } finally {
                Files.delete(back);
            }
            // A file held in memory would show; the collector's freedom does not.
            assertThat(residentKib(sandbox) - agent).isLessThan(32 * 1024L);
            assertThat(sandbox.run("sha256sum < /home/user/large").stdout()).startsWith(sha256(local));
        } finally {
            Files.delete(local);
        }
    }

    private static long residentKib(TestSandbox sandbox) {
        return Long.parseLong(sandbox.root("ps -o rss= -p $(pgrep -f 'envd serve' | head -1)").stdout().strip());
    }

    private static String sha256(Path file) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (var in = Files.newInputStream(file)) {
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) digest.update(buffer, 0, n);
        }
        return java.util.HexFormat.of().formatHex(digest.digest());
    }
}
