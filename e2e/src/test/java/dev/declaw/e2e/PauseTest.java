package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.platform.Platform;
import dev.declaw.e2e.world.Received;
import dev.declaw.e2e.world.World;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A sandbox that is paused outlives the server, goes on where it was, and is under its policy from its first byte on; so
/// are its forks. A server of its own, which is killed.
class PauseTest {
    private static final String POLICY =
            "{\"network\": {\"allow_out\": [\"api.example.test\"]}, \"security\": {\"pii\": {\"enabled\": true}}, \"timeout\": 600}";

    @Test
    void aPausedSandboxOutlivesItsServerAndGoesOnUnderItsPolicy() {
        try (World world = new World()) {
            world.tlsOrigin("api.example.test", _ -> Received.Answer.text(200, "ok"));
            Platform platform = new Platform(world, Map.of());
            try {
                Api api = platform.api();
                String id = api.create(POLICY).path("sandbox_id").textValue();
                api.run(id, "echo kept > /home/user/file; echo held > /dev/shm/memory; nohup sleep 5000 >/dev/null 2>&1 &");
                assertThat(curl(api, id, "api.example.test")).isEqualTo("200");
                assertThat(api.post("/sandboxes/" + id + "/pause", "").status()).isEqualTo(200);
                assertThat(api.get("/sandboxes/" + id).body().path("state").textValue()).isEqualTo("paused");
                platform.kill();
                platform.start();

                Api next = platform.api();
                assertThat(next.get("/sandboxes/" + id).body().path("state").textValue()).isEqualTo("paused");
                Api.Reply resumed = next.post("/sandboxes/" + id + "/resume", "");
                assertThat(resumed.status()).as(resumed.text()).isEqualTo(200);
                assertThat(next.run(id, "cat /home/user/file /dev/shm/memory; pgrep -c sleep").stdout())
                        .isEqualTo("kept\nheld\n1\n");
                assertThat(curl(next, id, "api.example.test")).as("its policy, with a new CA").isEqualTo("200");
                assertThat(curl(next, id, "other.example.test")).isNotEqualTo("200");

                JsonNode snapshot = next.post("/sandboxes/" + id + "/snapshot", "{}").body();
                String fork = next.create("{\"snapshot_id\": \"" + snapshot.path("snapshot_id").textValue()
                                + "\", \"network\": {\"deny_out\": [\"0.0.0.0/0\"]}}")
                        .path("sandbox_id")
                        .textValue();
                assertThat(next.run(fork, "hostname; cat /dev/shm/memory").stdout()).isEqualTo(fork + "\nheld\n");
                assertThat(curl(next, fork, "api.example.test")).as("the policy of the fork").isNotEqualTo("200");
                assertThat(next.run(fork, "cat /etc/machine-id").stdout())
                        .isNotEqualTo(next.run(id, "cat /etc/machine-id").stdout());
                assertThat(next.get("/sandboxes/" + id + "/audit/verify").body().path("intact").booleanValue()).isTrue();
            } finally {
                platform.close();
            }
        }
    }

    private static String curl(Api api, String id, String host) {
        return api.run(id, "curl -s -m 20 -o /dev/null -w '%{http_code}' -d hello https://" + host + "/ping").stdout();
    }
}
