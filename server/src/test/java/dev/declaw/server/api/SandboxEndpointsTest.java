package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.FakeVm;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SandboxEndpointsTest {
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
        assertThat(server.host.vms).isEmpty();
    }

    private String create(String body) {
        RawHttp.Answer answer = http.post("/sandboxes", body);
        assertThat(answer.status()).as(answer.text()).isEqualTo(201);
        return answer.json().path("sandbox_id").textValue();
    }

    @Test
    void createAnswersWithTheWholeObjectAndEchoesWhatWasSent() {
        RawHttp.Answer answer = http.post(
                "/sandboxes",
                "{\"template\":\"base\",\"timeout\":60,\"envs\":{\"A\":\"b\"},\"metadata\":{\"team\":\"x\"},"
                        + "\"network\":{\"allow_out\":[\"api.example.test\"]},"
                        + "\"security\":{\"policy_json\":\"{\\\"pii\\\":{\\\"enabled\\\":true,\\\"types\\\":[\\\"ssn\\\"]}}\"},"
                        + "\"unknown_member\":1}");
        JsonNode sandbox = answer.json();
        assertThat(answer.status()).isEqualTo(201);
        assertThat(sandbox.path("sandbox_id").textValue()).matches("sbx-[0-9a-f]{8,}");
        assertThat(sandbox.path("template_id").textValue()).isEqualTo("tpl-base");
        assertThat(sandbox.path("name").textValue()).isEqualTo("base");
        assertThat(sandbox.path("state").textValue()).isEqualTo("running");
        assertThat(sandbox.path("timeout").intValue()).isEqualTo(60);
        assertThat(sandbox.path("started_at").textValue()).isEqualTo("2026-01-02T03:04:05.123456+00:00");
        assertThat(sandbox.path("end_at").textValue()).isEqualTo("2026-01-02T03:05:05.123456+00:00");
        assertThat(sandbox.path("envs").toString()).isEqualTo("{\"A\":\"b\"}");
        assertThat(sandbox.path("network").toString()).isEqualTo("{\"allow_out\":[\"api.example.test\"]}");
        assertThat(sandbox.at("/security/policy_json").textValue()).contains("ssn");
        assertThat(sandbox.path("envd_access_token").textValue()).startsWith("envd-tok-");
        assertThat(sandbox.path("traffic_access_token").textValue()).isNotEmpty();
        assertThat(sandbox.path("warnings").get(0).textValue()).contains("allow_out without deny_out");
        JsonNode shown = http.get("/sandboxes/" + sandbox.path("sandbox_id").textValue()).json();
        assertThat(shown.path("envd_access_token")).isEqualTo(sandbox.path("envd_access_token"));
    }

    @Test
    void theGuestGetsItsIdentityEnvironmentAndCa() {
        String id = create("{\"envs\":{\"A\":\"b\"},\"security\":{\"pii\":{\"enabled\":true}}}");
        FakeVm vm = server.host.vm(id);
        assertThat(vm.guest.identity.environment())
                .containsEntry("DECLAW_SANDBOX", "true")
                .containsEntry("DECLAW_SANDBOX_ID", id)
                .containsEntry("A", "b");
        assertThat(vm.guest.identity.hostname()).isEqualTo(id);
        assertThat(vm.guest.ca).isEqualTo("CA 1");
        assertThat(vm.openSockets.get()).isZero();
        assertThat(server.egress.slots).containsOnlyKeys(id);
    }

    @ParameterizedTest(name = "{0} -> {1} {2} naming {3}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{                                             | 400 | invalid_json     | line",
        "{\"a\":1,\"a\":2}                             | 400 | invalid_json     | line",
        "{} {}                                         | 400 | invalid_json     | line",
        "[]                                            | 400 | invalid_request  | JSON object",
        "{\"timeout\":\"5\"}                           | 400 | invalid_request  | timeout",
        "{\"timeout\":-1}                              | 400 | invalid_request  | timeout",
        "{\"timeout\":1.5}                             | 400 | invalid_request  | timeout",
        "{\"timeout\":1e300}                           | 400 | invalid_request  | timeout",
        "{\"timeout\":3601}                            | 403 | timeout_too_long | DECLAW_TIMEOUT_SECONDS_MAX",
        "{\"template\":5}                              | 400 | invalid_request  | template",
        "{\"template\":\"nope\"}                       | 404 | template_not_found | GET /templates",
        "{\"template\":\"../../etc\"}                  | 404 | template_not_found | GET /templates",
        "{\"metadata\":[]}                             | 400 | invalid_request  | metadata",
        "{\"metadata\":{\"a\":1}}                      | 400 | invalid_request  | metadata.a",
        "{\"envs\":{\"A=B\":\"x\"}}                    | 400 | invalid_request  | envs",
        "{\"envs\":{\"A\":\"x\\u0000\"}}               | 400 | invalid_request  | envs.A",
        "{\"envs\":\"A=b\"}                            | 400 | invalid_request  | envs",
        "{\"resources\":{}}                            | 403 | resources_fixed  | resources",
        "{\"vault_refs\":{\"A\":\"vault://x\"}}        | 400 | invalid_request  | vault_refs.A",
        "{\"volumes\":[{\"a\":1}]}                     | 400 | invalid_request  | volumes[0].volume_id",
        "{\"snapshot_id\":\"snap-none\"}               | 404 | snapshot_not_found | snapshot",
        "{\"lifecycle\":{\"on_timeout\":\"explode\"}}  | 400 | invalid_request  | on_timeout",
        "{\"lifecycle\":{\"auto_resume\":\"yes\"}}     | 400 | invalid_request  | auto_resume",
        "{\"lifecycle\":5}                             | 400 | invalid_request  | lifecycle",
        "{\"network\":{\"allow\":[]}}                  | 400 | invalid_policy   | network.allow",
        "{\"network\":[]}                              | 400 | invalid_policy   | network",
        "{\"security\":{\"pi\":{}}}                    | 400 | invalid_policy   | security.pi",
        "{\"security\":{\"policy_json\":\"{\"}}        | 400 | invalid_policy   | policy_json",
        "{\"security\":{\"toxicity\":{\"enabled\":true,\"threshold\":2}}} | 400 | invalid_policy | toxicity",
        "{\"secure\":false,\"security\":{\"pii\":{\"enabled\":true}}} | 400 | invalid_policy | secure",
        "{\"secure\":1}                                | 400 | invalid_request  | secure"
    })
    void aBadCreateIsRefusedAndLeavesNothing(String body, int status, String code, String named) {
        RawHttp.Answer answer = http.post("/sandboxes", body);
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        assertThat(answer.json().path("code").textValue()).isEqualTo(code);
        assertThat(answer.json().path("message").textValue()).contains(named);
        assertThat(answer.json().path("error")).isEqualTo(answer.json().path("message"));
        assertThat(answer.json().path("reference").textValue()).startsWith("ref_");
        assertThat(server.host.vms).isEmpty();
        assertThat(server.egress.slots).isEmpty();
    }

    @Test
    void aBodyOverTheLimitIsRefusedWithItsSize() {
        byte[] body = new byte[HttpCall.JSON_BYTES_MAX + 1];
        java.util.Arrays.fill(body, (byte) ' ');
        assertThat(http.bytes("POST", "/sandboxes", body, http.authorization()).status()).isEqualTo(413);
    }

    @Test
    void deepNestingAndForeignCharsetsAreRefusedAsJson() {
        assertThat(http.post("/sandboxes", "[".repeat(5000)).json().path("code").textValue()).isEqualTo("invalid_json");
        byte[] utf16 = "{\"timeout\":5}".getBytes(java.nio.charset.StandardCharsets.UTF_16LE);
        assertThat(http.bytes("POST", "/sandboxes", utf16, http.authorization()).status()).isEqualTo(400);
        byte[] notUtf8 = {'{', '"', (byte) 0xff, '"', ':', '1', '}'};
        assertThat(http.bytes("POST", "/sandboxes", notUtf8, http.authorization()).status()).isEqualTo(400);
    }

    @Test
    void eitherHeaderAuthenticatesAndAuthorizationWins() {
        assertThat(http.bare("GET", "/sandboxes", null).status()).isEqualTo(401);
        assertThat(http.bare("GET", "/sandboxes", null, "X-API-Key: " + http.key()).status()).isEqualTo(200);
        assertThat(http.bare("GET", "/sandboxes", null, "Authorization: bearer " + http.key()).status()).isEqualTo(200);
        RawHttp.Answer wrong = http.bare(
                "GET", "/sandboxes", null, "Authorization: Bearer dcl_nope", "X-API-Key: " + http.key());
        assertThat(wrong.status()).isEqualTo(401);
        assertThat(wrong.json().path("code").textValue()).isEqualTo("unauthenticated");
        assertThat(http.bare("GET", "/sandboxes", null, "Authorization: Basic " + http.key()).status()).isEqualTo(401);
        assertThat(http.bare("GET", "/health", null).status()).isEqualTo(200);
        assertThat(http.get("/auth/me").json().path("owner_id").textValue()).isNotEmpty();
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "GET, /sandboxes/sbx-00000000/pause, it takes POST",
        "PUT, /sandboxes/sbx-00000000/snapshots, it takes GET",
        "PUT, /sandboxes/sbx-00000000/pty, it takes POST",
        "GET, /, there is no such endpoint",
        "GET, /nonsense, there is no such endpoint",
        "PUT, /sandboxes, it takes GET",
        "OPTIONS, /sandboxes, it takes GET"
    })
    void whatIsNotThereIsA404ThatSaysWhatIs(String method, String path, String named) {
        RawHttp.Answer answer = http.call(method, path, null);
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.json().path("code").textValue()).isEqualTo("unknown_endpoint");
        assertThat(answer.json().path("message").textValue()).contains(named);
    }

    @Test
    void duplicateSlashesAreCollapsed() {
        assertThat(http.get("//sandboxes").status()).isEqualTo(200);
        assertThat(http.get("//sandboxes//sbx-00000000/").json().path("code").textValue()).isEqualTo("sandbox_not_found");
    }

    @Test
    void anUnknownSandboxIsA404ForEveryCall() {
        for (String path : new String[] {"", "/status", "/metrics", "/commands", "/files?path=/a", "/audit", "/audit/verify"}) {
            RawHttp.Answer answer = http.get("/sandboxes/sbx-00000000" + path);
            assertThat(answer.status()).as(path).isEqualTo(404);
            assertThat(answer.json().path("code").textValue()).isEqualTo("sandbox_not_found");
        }
        assertThat(http.get("/sandboxes/%00%0d%0a").status()).isIn(400, 404);
    }

    @Test
    void patchTimeoutReallyMovesTheDeadline() throws Exception {
        String id = create("{\"timeout\":10}");
        assertThat(http.call("PATCH", "/sandboxes/" + id + "/timeout", "{\"timeout\":120}").status()).isEqualTo(200);
        assertThat(http.get("/sandboxes/" + id).json().path("timeout").intValue()).isEqualTo(120);
        assertThat(http.get("/sandboxes/" + id).json().path("end_at").textValue())
                .isEqualTo("2026-01-02T03:06:05.123456+00:00");
        server.clock.move(Duration.ofSeconds(119));
        assertThat(http.get("/sandboxes/" + id + "?timeout=30").json().path("timeout").intValue()).isEqualTo(30);
        server.clock.move(Duration.ofSeconds(29));
        assertThat(http.get("/sandboxes/" + id + "/status").json().path("is_running").booleanValue()).isTrue();
        server.clock.move(Duration.ofSeconds(1));
        awaitGone();
        JsonNode killed = http.get("/sandboxes/" + id).json();
        assertThat(killed.path("state").textValue()).isEqualTo("killed");
        assertThat(killed.path("end_reason").textValue()).isEqualTo("timeout");
        RawHttp.Answer late = http.call("PATCH", "/sandboxes/" + id + "/timeout", "{\"timeout\":9}");
        assertThat(late.status()).isEqualTo(410);
        assertThat(late.json().path("code").textValue()).isEqualTo("sandbox_killed");
    }

    private void awaitGone() throws InterruptedException {
        for (int i = 0; i < 500 && !server.host.vms.isEmpty(); i++) TimeUnit.MILLISECONDS.sleep(20);
        assertThat(server.host.vms).isEmpty();
    }

    @Test
    void killAnswersInBothFormsAndTheObjectStaysReadable() throws Exception {
        String one = create("{}");
        String two = create("{}");
        assertThat(http.delete("/sandboxes/" + one + "?async=true").status()).isEqualTo(202);
        RawHttp.Answer killed = http.delete("/sandboxes/" + two);
        assertThat(killed.json().toString()).isEqualTo("{\"killed\":true}");
        assertThat(http.delete("/sandboxes/" + two).json().toString()).isEqualTo("{\"killed\":false}");
        assertThat(http.delete("/sandboxes/" + two + "?async=true").json().toString()).isEqualTo("{\"queued\":true}");
        awaitGone();
        assertThat(http.get("/sandboxes/" + two).json().path("state").textValue()).isEqualTo("killed");
        assertThat(http.get("/sandboxes/" + two + "/status").json().path("is_running").booleanValue()).isFalse();
        assertThat(http.post("/sandboxes/" + two + "/commands", "{\"cmd\":\"echo x\"}").status()).isEqualTo(410);
        assertThat(http.get("/sandboxes").json().path("total").intValue()).isZero();
        assertThat(http.get("/sandboxes?state=killed").json().path("total").intValue()).isEqualTo(2);
    }

    @Test
    void killManyAnswersPerId() {
        String one = create("{}");
        RawHttp.Answer answer = http.post(
                "/sandboxes/kill-many", "{\"sandbox_ids\":[\"" + one + "\",\"sbx-00000000\",\"" + one + "\"]}");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().toString())
                .isEqualTo("{\"results\":{\"" + one + "\":{\"killed\":true},\"sbx-00000000\":{\"error\":\"not found\"}}}");
        assertThat(http.post("/sandboxes/kill-many", "{\"sandbox_ids\":5}").status()).isEqualTo(400);
    }

    @Test
    void listsArePagedFilteredAndNewestFirst() {
        String[] ids = new String[5];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = create("{\"metadata\":{\"team\":\"" + (i % 2 == 0 ? "even" : "odd") + "\",\"n\":\"" + i + "\"}}");
            server.clock.move(Duration.ofSeconds(1));
        }
        JsonNode first = http.get("/sandboxes?limit=2").json();
        assertThat(first.path("total").intValue()).isEqualTo(5);
        assertThat(first.at("/sandboxes/0/sandbox_id").textValue()).isEqualTo(ids[4]);
        JsonNode second = http.get("/sandboxes?limit=2&next_token=" + first.path("next_token").textValue()).json();
        assertThat(second.at("/sandboxes/0/sandbox_id").textValue()).isEqualTo(ids[2]);
        JsonNode third = http.get("/sandboxes?limit=2&next_token=" + second.path("next_token").textValue()).json();
        assertThat(third.path("sandboxes")).hasSize(1);
        assertThat(third.path("next_token").isNull()).isTrue();
        assertThat(http.get("/sandboxes?offset=4&limit=3").json().at("/sandboxes/0/sandbox_id").textValue())
                .isEqualTo(ids[0]);
        JsonNode even = http.get("/sandboxes?metadata=%7B%27team%27%3A+%27even%27%7D&limit=2").json();
        assertThat(even.path("total").intValue()).isEqualTo(3);
        assertThat(even.path("sandboxes")).hasSize(2);
        JsonNode rest = http.get("/sandboxes?metadata=%7B%22team%22%3A%22even%22%7D&limit=2&next_token="
                        + even.path("next_token").textValue())
                .json();
        assertThat(rest.at("/sandboxes/0/sandbox_id").textValue()).isEqualTo(ids[0]);
        assertThat(rest.path("next_token").isNull()).isTrue();
        assertThat(http.get("/sandboxes?state=live&state=paused").json().path("total").intValue()).isEqualTo(5);
        for (String bad : new String[] {"limit=0", "limit=x", "state=odd", "next_token=!", "metadata=5", "offset=-1", "state=%f"}) {
            assertThat(http.get("/sandboxes?" + bad).status()).as(bad).isEqualTo(400);
        }
    }

    @Test
    void metricsAreASeriesThatCanBeCutByTime() {
        String id = create("{}");
        http.get("/sandboxes/" + id + "/metrics");
        server.clock.move(Duration.ofSeconds(60));
        JsonNode all = http.get("/sandboxes/" + id + "/metrics").json();
        assertThat(all.size()).isGreaterThanOrEqualTo(2);
        assertThat(all.path(0).path("network_received_bytes").longValue()).isEqualTo(4000);
        assertThat(all.path(0).path("network_sent_bytes").longValue()).isEqualTo(500);
        String since = server.clock.instant().minusSeconds(1).toString();
        JsonNode late = http.get("/sandboxes/" + id + "/metrics?start=" + since).json();
        assertThat(late.size()).isPositive().isLessThan(all.size() + 1);
        late.forEach(sample -> assertThat(java.time.OffsetDateTime.parse(sample.path("timestamp").textValue()).toInstant())
                .isAfterOrEqualTo(java.time.Instant.parse(since)));
        assertThat(http.get("/sandboxes/" + id + "/metrics?end=2020-01-01T00:00:00").json()).isEmpty();
        assertThat(http.get("/sandboxes/" + id + "/metrics?start=yesterday").status()).isEqualTo(400);
        http.call("POST", "/sandboxes/" + id + "/pause", null);
        assertThat(http.get("/sandboxes/" + id + "/metrics").json()).as("looking does not wake it").isEmpty();
        assertThat(http.get("/sandboxes/" + id).json().path("state").textValue()).isEqualTo("paused");
    }

    @Test
    void metricsAreAnArrayButOneObjectForGo() {
        String id = create("{}");
        server.clock.move(Duration.ofSeconds(10));
        JsonNode array = http.get("/sandboxes/" + id + "/metrics").json();
        assertThat(array.get(0).path("cpu_usage_percent").doubleValue()).isEqualTo(15.0);
        assertThat(array.get(0).path("memory_usage_mb").intValue()).isEqualTo(200);
        assertThat(array.get(0).path("disk_usage_mb").intValue()).isEqualTo(30);
        JsonNode object = http.call("GET", "/sandboxes/" + id + "/metrics", null, "User-Agent: Go-http-client/1.1").json();
        assertThat(object.path("timestamp").textValue()).endsWith("+00:00");
    }

    @Test
    void aRepeatedIdempotencyKeyReturnsTheFirstAnswerByteForByte() {
        String key = "Idempotency-Key: 7b4ba9a1-0000-4000-8000-000000000001";
        RawHttp.Answer first = http.call("POST", "/sandboxes", "{\"timeout\":60}", key);
        RawHttp.Answer again = http.call("POST", "/sandboxes", "{ \"timeout\": 60 }", key);
        assertThat(again.status()).isEqualTo(201);
        assertThat(again.text()).isEqualTo(first.text());
        assertThat(server.host.vms).hasSize(1);
        RawHttp.Answer other = http.call("POST", "/sandboxes", "{\"timeout\":61}", key);
        assertThat(other.status()).isEqualTo(422);
        assertThat(other.json().path("code").textValue()).isEqualTo("idempotency_key_reused");
    }

    @Test
    void aCreateThatIsStillAtWorkAnswersConflictAndAFailedOneIsForgotten() throws Exception {
        String key = "Idempotency-Key: 7b4ba9a1-0000-4000-8000-000000000002";
        CountDownLatch booting = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        server.host.booting = vm -> {
            booting.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        server.host.failBoot = id -> true;
        Thread first = Thread.startVirtualThread(() -> http.call("POST", "/sandboxes", "{}", key));
        booting.await();
        RawHttp.Answer busy = http.call("POST", "/sandboxes", "{}", key);
        assertThat(busy.status()).isEqualTo(409);
        assertThat(busy.json().path("code").textValue()).isEqualTo("idempotency_in_progress");
        assertThat(busy.header("Retry-After")).isEqualTo("1");
        go.countDown();
        first.join();
        server.host.failBoot = id -> false;
        assertThat(http.call("POST", "/sandboxes", "{}", key).status()).isEqualTo(201);
    }

    @Test
    void limitsAnswer429And503WithRetryAfter() {
        for (int i = 0; i < TestServer.SETTINGS.sandboxesMax(); i++) create("{}");
        RawHttp.Answer full = http.post("/sandboxes", "{}");
        assertThat(full.status()).isEqualTo(429);
        assertThat(full.json().path("code").textValue()).isEqualTo("too_many_sandboxes");
        assertThat(full.header("Retry-After")).isNotNull();
        server.egress.ready = false;
        RawHttp.Answer down = http.post("/sandboxes", "{}");
        assertThat(down.status()).isEqualTo(503);
        assertThat(http.get("/health").status()).isEqualTo(503);
        server.egress.ready = true;
    }

    @Test
    void aTemplateThatIsNotBuiltYetIsAConflictThatSaysWhatToDo() {
        server.host.templateBuilt = false;
        RawHttp.Answer answer = http.post("/sandboxes", "{}");
        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.json().path("code").textValue()).isEqualTo("template_not_ready");
        assertThat(answer.json().path("message").textValue()).contains("templates prepare");
    }

    @Test
    void aMalformedRequestLineIsAnsweredInJson() throws Exception {
        try (var socket = http.sendRaw("GET /\u0001 HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII))) {
            RawHttp.Answer answer = RawHttp.read(socket.getInputStream());
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.text()).doesNotContain("Exception").doesNotContain("<html");
        }
    }
}
