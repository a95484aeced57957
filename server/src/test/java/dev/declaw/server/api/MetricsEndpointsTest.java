package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MetricsEndpointsTest {
    private static final int LOOKS_MAX = 500;

    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        http = server.http;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /// The value of a sample, labels in any order.
    private double sample(String name, String... labels) {
        List<String> found = http.get("/metrics").text().lines()
                .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .filter(line -> List.of(labels).stream().allMatch(line::contains))
                .toList();
        if (found.isEmpty()) return Double.NaN;
        assertThat(found).as(name + " " + List.of(labels)).hasSize(1);
        return Double.parseDouble(found.getFirst().substring(found.getFirst().lastIndexOf(' ') + 1));
    }

    /// A call is counted when it has ended, which its caller may know before the server does.
    private void assertSample(double wanted, String name, String... labels) {
        for (int i = 0; i < LOOKS_MAX && sample(name, labels) != wanted; i++) {
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        assertThat(sample(name, labels)).as(name + " " + List.of(labels)).isEqualTo(wanted);
    }

    @Test
    void requestsAreCountedByRouteAndStatusAndNeverByWhatACallerWrites() {
        String id = http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        http.get("/sandboxes/" + id);
        http.get("/sandboxes/sbx-0");
        http.get("/nowhere/secret-word");
        http.call("BREW", "/sandboxes", null);
        RawHttp.Answer answer = http.get("/metrics");
        assertThat(answer.header("Content-Type")).startsWith("text/plain; version=0.0.4");
        assertThat(answer.text()).doesNotContain(id, "sbx-0", "secret-word", "BREW", "owner-1");
        String route = "route=\"/sandboxes/{id}\"";
        assertSample(1, "declaw_http_requests_total", route, "method=\"GET\"", "status=\"200\"");
        assertSample(1, "declaw_http_requests_total", route, "status=\"404\"");
        assertSample(2, "declaw_http_requests_total", "route=\"unknown\"", "status=\"404\"");
        assertSample(2, "declaw_http_request_seconds_count", route);
        assertSample(1, "declaw_http_requests_in_flight");
    }

    @Test
    void sandboxesPoolsAndTheProxyAreShown() {
        String id = http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        http.post("/sandboxes", "{}");
        assertSample(2, "declaw_sandboxes", "state=\"running\"");
        http.post("/sandboxes/" + id + "/pause", "");
        assertSample(1, "declaw_sandboxes", "state=\"running\"");
        assertSample(1, "declaw_sandboxes", "state=\"paused\"");
        assertSample(0, "declaw_boots_waiting");
        assertSample(1, "declaw_egress_slots");
        server.egress.ready = false;
        assertThat(http.get("/metrics").text()).doesNotContain("declaw_egress_slots");
        assertSample(0, "declaw_egress_ready");
    }

    @Test
    void openStreamsAreShownUntilTheirCallerHasLeft() throws Exception {
        String sandbox = "/sandboxes/" + http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        String pty = sandbox + "/pty/" + http.post(sandbox + "/pty", "{}").json().path("pid").intValue();
        try (Socket stream = http.send("GET", pty + "/stream", new byte[0], http.authorization())) {
            PtyEndpointsTest.readUntil(stream.getInputStream(), "event: data");
            assertSample(1, "declaw_http_streams_open");
        }
        assertSample(0, "declaw_http_streams_open");
        assertSample(1, "declaw_http_requests_total", "/pty/{pid}/stream", "status=\"499\"");
    }

    @Test
    void onlyAnAdministratorSeesThem() {
        assertThat(http.bare("GET", "/metrics", null).status()).isEqualTo(401);
        JsonNode tenant = http.post("/tenants", "{\"name\":\"b\"}").json();
        RawHttp stranger = new RawHttp(server.api.port(), tenant.at("/first_key/api_key").textValue());
        assertThat(stranger.get("/metrics").json().path("code").textValue()).isEqualTo("scope_missing");
        JsonNode reader = http.post("/accounts/owner-1/api-keys", "{\"name\":\"r\",\"scopes\":[\"read\"]}").json();
        assertThat(new RawHttp(server.api.port(), reader.path("api_key").textValue()).get("/metrics").status()).isEqualTo(403);
        JsonNode scraper = http.post("/accounts/owner-1/api-keys", "{\"name\":\"m\",\"scopes\":[\"admin\"]}").json();
        assertThat(new RawHttp(server.api.port(), scraper.path("api_key").textValue()).get("/metrics").status()).isEqualTo(200);
    }
}
