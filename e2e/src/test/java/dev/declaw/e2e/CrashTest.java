package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.platform.Platform;
import dev.declaw.e2e.world.Origin;
import dev.declaw.e2e.world.Received;
import dev.declaw.e2e.world.World;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What dies, dies closed: nothing leaves, nothing stays behind, service returns (I8, L4). A server of its own.
class CrashTest {
    private static final String POLICY =
            "{\"network\": {\"allow_out\": [\"api.example.test\"]}, \"security\": {\"pii\": {\"enabled\": true}}}";

    @Test
    @Tag("B125")
    void theProxyTheServerAndTheMachineMayDieAndNothingLeaks() throws Exception {
        try (World world = new World()) {
            Origin origin = world.tlsOrigin("api.example.test", _ -> Received.Answer.text(200, "ok"));
            Platform platform = new Platform(world, Map.of());
            String id;
            try {
                Api api = platform.api();
                id = api.create(POLICY).path("sandbox_id").textValue();
                assertThat(curl(api, id)).contains("200");
                proxyDiesWhileABodyIsOnItsWay(platform, api, id, origin);
                serverDiesAndAdoptsTheSandbox(platform, id);
            } finally {
                platform.close();
            }
            assertNothingIsLeft(platform, id);
        }
    }

    private static void proxyDiesWhileABodyIsOnItsWay(Platform platform, Api api, String id, Origin origin)
            throws Exception {
        origin.forget();
        api.writeFile(id, "/home/user/slow.py", """
                import socket, ssl, time
                s = ssl.create_default_context().wrap_socket(socket.create_connection(('api.example.test', 443), 20), server_hostname='api.example.test')
                s.sendall(b'POST /slow HTTP/1.1\\r\\nHost: api.example.test\\r\\nContent-Type: text/plain\\r\\nContent-Length: 100000\\r\\n\\r\\ncanary-5531 ')
                open('/home/user/sent', 'w').close()
                for _ in range(100):
                    time.sleep(0.1); s.sendall(b'x' * 500)
                print('END', s.recv(100))
                """);
        int pid = api.post("/sandboxes/" + id + "/commands", "{\"cmd\": \"python3 /home/user/slow.py\", \"background\": true}")
                .body()
                .path("pid")
                .intValue();
        await("the body to be on its way", () -> api.get("/sandboxes/" + id + "/files/exists?path=/home/user/sent")
                .body()
                .path("exists")
                .booleanValue());
        ProcessHandle proxy = platform.egressProcess();
        proxy.destroyForcibly();
        JsonNode ended = api.get("/sandboxes/" + id + "/commands/" + pid + "/wait").body();
        assertThat(ended.path("exit_code").intValue()).as("the sandbox got an error: " + ended).isNotZero();
        assertThat(origin.everSaw("canary-5531")).as("bytes of an undecided request at the origin").isFalse();
        await("the proxy to return", () -> curl(api, id).contains("200"));
        assertThat(platform.egressProcess().pid()).isNotEqualTo(proxy.pid());
    }

    private static void serverDiesAndAdoptsTheSandbox(Platform platform, String id) {
        platform.api().writeFile(id, "/home/user/before", "still here");
        platform.kill();
        platform.start();
        Api api = platform.api();
        assertThat(api.get("/sandboxes/" + id).body().path("state").textValue()).isEqualTo("running");
        assertThat(api.run(id, "cat /home/user/before").stdout()).isEqualTo("still here");
        await("egress of the adopted sandbox", () -> curl(api, id).contains("200"));
        assertThat(api.get("/sandboxes/" + id + "/audit/verify").body().path("intact").booleanValue())
                .isTrue();
    }

    private static String curl(Api api, String id) {
        return api.run(id, "curl -s -m 10 -o /dev/null -w '%{http_code}' -d hello https://api.example.test/ping").stdout();
    }

    private static void assertNothingIsLeft(Platform platform, String id) throws Exception {
        List<String> left = ProcessHandle.allProcesses()
                .map(process -> Platform.commandLine(process.pid()))
                .filter(line -> line.contains(platform.home().toString()))
                .toList();
        assertThat(left).as("processes of the stopped server").isEmpty();
        String namespaces = dev.declaw.linux.Exec.run(dev.declaw.linux.Command.of("ip", "netns", "list")).text();
        assertThat(namespaces).doesNotContain(id);
        assertThat(java.nio.file.Files.readString(java.nio.file.Path.of("/proc/mounts")))
                .doesNotContain(platform.home().toString());
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited 60 s for " + what).isLessThan(deadline);
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
