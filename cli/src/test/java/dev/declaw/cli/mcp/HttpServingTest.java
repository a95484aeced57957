package dev.declaw.cli.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.sdk.Connection;
import dev.declaw.sdk.Declaw;
import dev.declaw.sdk.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Who may ask over HTTP, and what the transport's rules and limits are. The tools themselves are tested with real sandboxes.
@Timeout(60)
class HttpServingTest {
    private static final String TOKEN = "a-token-of-the-test";
    private static final String INITIALIZE =
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\"}}";
    private static final String PING = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}";

    private final HttpClient http = HttpClient.newHttpClient();
    private HttpServing serving;

    @BeforeEach
    void serve() throws IOException {
        Settings settings = new Settings("base", Duration.ofMinutes(1), 1, Optional.empty(), Optional.empty());
        Declaw nobody = new Declaw(Connection.of("127.0.0.1:1", "dcl_hidden"));
        serving = new HttpServing(
                nobody, settings, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), TOKEN, Set.of("https://good.example"));
    }

    @AfterEach
    void stop() {
        serving.close();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + serving.address().getPort() + path))
                .header("Content-Type", "application/json")
                .header("Accept", "application/json, text/event-stream");
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return http.send(request.build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String body, String... headers) throws Exception {
        HttpRequest.Builder request = request("/mcp").header("Authorization", "Bearer " + TOKEN).POST(BodyPublishers.ofString(body));
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    private String session() throws Exception {
        return post(INITIALIZE).headers().firstValue("Mcp-Session-Id").orElseThrow();
    }

    @Test
    void onlyWithTheTokenAndFromAnAllowedOrigin() throws Exception {
        HttpRequest.Builder open = request("/mcp").POST(BodyPublishers.ofString(INITIALIZE));
        HttpResponse<String> none = send(open);
        assertThat(none.statusCode()).isEqualTo(401);
        assertThat(none.headers().firstValue("WWW-Authenticate")).contains("Bearer");
        for (String wrong : List.of("Bearer " + TOKEN + "x", "Bearer ", "Basic " + TOKEN, TOKEN)) {
            assertThat(send(request("/mcp").header("Authorization", wrong).POST(BodyPublishers.ofString(INITIALIZE))).statusCode())
                    .as(wrong)
                    .isEqualTo(401);
        }
        assertThat(none.body()).doesNotContain(TOKEN);
        assertThat(post(INITIALIZE, "Origin", "https://evil.example").statusCode()).isEqualTo(403);
        assertThat(post(INITIALIZE, "Origin", "https://good.example").statusCode()).isEqualTo(200);
    }

    @Test
    void aSessionIsOpenedUsedAndEnded() throws Exception {
        String first = session();
        String second = session();
        assertThat(first).matches("[0-9a-f]{48}").isNotEqualTo(second);
        HttpResponse<String> ping = post(PING, "Mcp-Session-Id", first);
        assertThat(JsonObject.parse(ping.body()).object("result").isEmpty()).isTrue();
        assertThat(ping.headers().firstValue("Content-Type")).contains("application/json");
        String note = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}";
        assertThat(post(note, "Mcp-Session-Id", first).statusCode()).isEqualTo(202);
        HttpRequest.Builder end = request("/mcp").header("Authorization", "Bearer " + TOKEN).header("Mcp-Session-Id", first).DELETE();
        assertThat(send(end).statusCode()).isEqualTo(204);
        assertThat(post(PING, "Mcp-Session-Id", first).statusCode()).isEqualTo(404);
        assertThat(post(PING, "Mcp-Session-Id", second).statusCode()).isEqualTo(200);
        assertThat(post(PING).statusCode()).isEqualTo(400);
    }

    @Test
    void thereIsAnEndToSessions() throws Exception {
        List<Integer> statuses = new ArrayList<>();
        for (int i = 0; i < 65; i++) statuses.add(post(INITIALIZE).statusCode());
        assertThat(statuses.subList(0, 64)).containsOnly(200);
        assertThat(statuses.get(64)).isEqualTo(503);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{ | 400 | -32700",
        "[] | 400 | -32700",
        "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"} | 200 | -32600",
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"resources/list\"} | 200 | -32601",
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"rm\"}} | 200 | -32602"
    })
    void whatIsNoRequestIsSaidToBeNone(String body, int status, long code) throws Exception {
        HttpResponse<String> answer = post(body, "Mcp-Session-Id", session());
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(JsonObject.parse(answer.body()).object("error").number("code")).isEqualTo(code);
    }

    @Test
    void theTransportsRulesHold() throws Exception {
        String session = session();
        HttpResponse<String> future = post(PING, "Mcp-Session-Id", session, "Mcp-Protocol-Version", "2031-01-01");
        assertThat(future.statusCode()).isEqualTo(400);
        assertThat(future.body()).contains("2025-11-25");
        assertThat(post(PING, "Mcp-Session-Id", session, "Mcp-Protocol-Version", "2025-06-18").statusCode()).isEqualTo(200);
        HttpResponse<String> get = send(request("/mcp").header("Authorization", "Bearer " + TOKEN).GET());
        assertThat(get.statusCode()).isEqualTo(405);
        assertThat(get.headers().firstValue("Allow")).contains("POST, DELETE");
        assertThat(send(request("/other").header("Authorization", "Bearer " + TOKEN).GET()).statusCode()).isEqualTo(404);
        String large = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"x\":\"" + "x".repeat(5_000_000) + "\"}";
        assertThat(post(large, "Mcp-Session-Id", session).statusCode()).isEqualTo(413);
        HttpRequest.Builder typed = HttpRequest.newBuilder(request("/mcp").build().uri())
                .header("Authorization", "Bearer " + TOKEN)
                .header("Content-Type", "text/plain")
                .POST(BodyPublishers.ofString(PING));
        assertThat(send(typed).statusCode()).isEqualTo(415);
    }

    @Test
    void aToolThatFailsSaysSoToTheAgentAndShowsNoKey() throws Exception {
        String call = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{\"name\":\"create_sandbox\",\"arguments\":{}}}";
        HttpResponse<String> answer = post(call, "Mcp-Session-Id", session());
        assertThat(answer.body()).contains("\"isError\":true", "127.0.0.1:1").doesNotContain("dcl_hidden");
    }
}
