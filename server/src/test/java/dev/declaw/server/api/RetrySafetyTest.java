package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The connection to the guest breaks just when a process has started. Official clients send any call again that was answered with 5xx
/// (wire-api 1.11): none of them may start it twice.
final class RetrySafetyTest {
    private static final int ATTEMPTS_OF_CLIENTS = 3;

    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;
    private FakeGuest guest;
    private String sandbox;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        http = server.http;
        String id = http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        sandbox = "/sandboxes/" + id;
        guest = server.host.vm(id).guest;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /// As a client does it.
    private RawHttp.Answer withRetries(String path, String body, String... headers) {
        RawHttp.Answer answer = http.call("POST", sandbox + path, body, headers);
        for (int i = 1; i < ATTEMPTS_OF_CLIENTS && answer.status() >= 500; i++) answer = http.call("POST", sandbox + path, body, headers);
        return answer;
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "/commands        | {\"cmd\":\"echo x\"}",
        "/commands        | {\"cmd\":\"sleep\",\"background\":true}",
        "/commands/stream | {\"cmd\":\"echo x\"}",
        "/pty             | {}",
        "/stdio           | {\"cmd\":\"cat\"}",
    })
    void whatMayHaveStartedIsNotStartedAgain(String path, String body) {
        guest.breaksAfterStart = true;
        RawHttp.Answer answer = withRetries(path, body);
        assertThat(answer.status()).as(answer.text()).isEqualTo(409);
        assertThat(answer.json().path("code").textValue()).isEqualTo("command_lost");
        assertThat(guest.starts).hasValue(1);
        // With a key the repetition is safe, so it may come, and finds what was started.
        guest.breaksAfterStart = true;
        RawHttp.Answer keyed = withRetries(path, body, "Idempotency-Key: k");
        assertThat(keyed.status()).as(keyed.text()).isLessThan(300);
        assertThat(guest.starts).hasValue(2);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {"/commands | {\"cmd\":\"echo x\"}", "/pty | {}", "/stdio | {\"cmd\":\"cat\"}"})
    void whatCannotHaveStartedMayBeTriedAgain(String path, String body) {
        guest.dead = true;
        assertThat(http.post(sandbox + path, body).status()).isEqualTo(502);
        guest.dead = false;
        assertThat(http.post(sandbox + path, body).status()).isLessThan(300);
        assertThat(guest.starts).hasValue(1);
    }
}
