package dev.declaw.server.api;

import static dev.declaw.server.api.PtyEndpointsTest.readUntil;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.GuestOrigin;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PortEndpointsTest {
    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;
    private JsonNode sandbox;
    private String ports;
    private FakeGuest guest;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        http = server.http;
        use("{}");
    }

    private void use(String create) {
        sandbox = http.post("/sandboxes", create).json();
        String id = sandbox.path("sandbox_id").textValue();
        ports = "/sandboxes/" + id + "/ports/";
        guest = server.host.vm(id).guest;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private GuestOrigin origin(String answer) throws IOException {
        GuestOrigin origin = GuestOrigin.answering(answer);
        guest.ports.put(8080, origin.port());
        return origin;
    }

    @Test
    void aRequestGoesThroughWithoutOurSecretsAndTheAnswerWithoutCookies() throws Exception {
        String answer = "HTTP/1.1 207 Multi\r\nContent-Length: 5\r\nX-App: yes\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\n"
                + "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nStrict-Transport-Security: max-age=1\r\n"
                + "Service-Worker-Allowed: /\r\nNEL: {}\r\nReport-To: {}\r\n\r\nhello";
        try (GuestOrigin origin = origin(answer)) {
            RawHttp.Answer got = http.call(
                    "POST", ports + "8080/a%2Fb//c?x=%20y&z", "body", "X-Own: 1", "Connection: X-Drop", "X-Drop: 1", "TE: trailers",
                    "X-Forwarded-For: 6.6.6.6", "Cookie: k=v");
            assertThat(got.status()).isEqualTo(207);
            assertThat(got.text()).isEqualTo("hello");
            assertThat(got.header("X-App")).isEqualTo("yes");
            assertThat(got.headers()).doesNotContainKeys("set-cookie", "x-hop", "keep-alive", "strict-transport-security")
                    .doesNotContainKeys("service-worker-allowed", "nel", "report-to");
            String head = origin.head();
            assertThat(head)
                    .startsWith("POST /a%2Fb//c?x=%20y&z HTTP/1.1\nHost: localhost:8080\n")
                    .contains("X-Own: 1\n", "Content-Length: 4\n", "Connection: close\n", "Cookie: k=v\n")
                    .contains("X-Forwarded-For: 127.0.0.1\n", "X-Forwarded-Proto: http\n", "X-Forwarded-Prefix: " + ports + "8080\n")
                    .doesNotContain(http.key())
                    .doesNotContainIgnoringCase("authorization:")
                    .doesNotContain("X-Drop", "6.6.6.6", "TE:");
        }
    }

    @Test
    void theRootIsASlashAndEveryMethodGoesThrough() throws Exception {
        try (GuestOrigin origin = origin("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")) {
            for (String method : PortEndpoints.METHODS) {
                assertThat(http.call(method, ports + "8080", null).status()).isEqualTo(200);
                assertThat(origin.head()).startsWith(method + " / HTTP/1.1\n");
            }
            http.get(ports + "8080/?q");
            assertThat(origin.head()).startsWith("GET /?q HTTP/1.1\n");
        }
    }

    @Test
    void eachKindOfCredentialOpensThePortsAndOnlyWhatIsOursIsTakenOut() throws Exception {
        String token = sandbox.path("traffic_access_token").textValue();
        try (GuestOrigin origin = origin("HTTP/1.1 204 No Content\r\n\r\n")) {
            assertThat(http.bare("GET", ports + "8080", null, "X-Traffic-Access-Token: " + token, "Authorization: Bearer app").status())
                    .isEqualTo(204);
            assertThat(origin.head()).contains("Authorization: Bearer app\n").doesNotContain(token);
            assertThat(http.bare("GET", ports + "8080", null, "X-API-Key: " + http.key(), "Authorization: Basic YTpi").status())
                    .isEqualTo(204);
            assertThat(origin.head()).contains("Authorization: Basic YTpi\n").doesNotContain(http.key());
        }
        assertThat(http.bare("GET", ports + "8080", null).status()).isEqualTo(401);
        try (GuestOrigin origin = origin("HTTP/1.1 204 No Content\r\n\r\n")) { // a client that sends its key in both headers
            http.bare("GET", ports + "8080", null, "X-API-Key: " + http.key(), "Authorization: bearer  " + http.key());
            assertThat(origin.head()).doesNotContain(http.key());
            http.bare("GET", ports + "8080", null, "X-Traffic-Access-Token: " + token, "Authorization: Bearer " + http.key());
            assertThat(origin.head()).doesNotContain(http.key());
        }
        assertThat(http.bare("GET", ports + "8080", null, "X-Traffic-Access-Token: traffic-0").status()).isEqualTo(401);
        assertThat(http.bare("GET", ports + "8080", null, "Authorization: Bearer " + token).status()).isEqualTo(401);
        String other = http.post("/sandboxes", "{}").json().path("traffic_access_token").textValue();
        assertThat(http.bare("GET", ports + "8080", null, "X-Traffic-Access-Token: " + other).status()).isEqualTo(401);
        String commands = ports.replace("/ports/", "/commands");
        assertThat(http.bare("GET", commands, null, "X-Traffic-Access-Token: " + token).status()).isEqualTo(401);
    }

    @ParameterizedTest(name = "port {0} -> {1} {2}")
    @CsvSource({"49983, 403, port_refused", "0, 400, invalid_request", "65536, 400, invalid_request", "x, 400, invalid_request", "81, 502, guest_unreachable"})
    void portsThatCannotBeReached(String port, int status, String code) {
        RawHttp.Answer answer = http.get(ports + port + "/x");
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.json().path("code").textValue()).isEqualTo(code);
    }

    @Test
    void aSandboxMayBeClosedToTheOutsideAndItsHostMasked() throws Exception {
        use("{\"network\":{\"allow_public_traffic\":false}}");
        assertThat(http.get(ports + "8080").json().path("code").textValue()).isEqualTo("inbound_denied");
        use("{\"network\":{\"mask_request_host\":\"app.example:${PORT}\"}}");
        try (GuestOrigin origin = origin("HTTP/1.1 204 No Content\r\n\r\n")) {
            http.get(ports + "8080");
            assertThat(origin.head()).contains("\nHost: app.example:8080\n");
        }
        use("{\"network\":{\"mask_request_host\":\"a b\"}}");
        try (GuestOrigin _ = origin("HTTP/1.1 204 No Content\r\n\r\n")) {
            assertThat(http.get(ports + "8080").status()).isEqualTo(409);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: \u0001\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        ""
    })
    void anAnswerThatIsNoneIsA502(String answer) throws Exception {
        try (GuestOrigin _ = origin(answer)) {
            RawHttp.Answer got = http.get(ports + "8080");
            assertThat(got.status()).isEqualTo(502);
            assertThat(got.json().path("message").textValue()).contains("port 8080");
        }
    }

    @Test
    void aBodyThatBreaksOffIsABrokenAnswerAndOthersAreWhole() throws Exception {
        try (GuestOrigin _ = origin("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")) {
            assertThat(http.get(ports + "8080").complete()).isFalse();
        }
        try (GuestOrigin _ = origin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n")) {
            assertThat(http.get(ports + "8080").complete()).isFalse();
        }
        try (GuestOrigin _ = origin("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: z\r\n\r\n")) {
            RawHttp.Answer whole = http.get(ports + "8080");
            assertThat(whole.text()).isEqualTo("hello");
            assertThat(whole.complete()).isTrue();
        }
        try (GuestOrigin _ = origin("HTTP/1.0 200 OK\r\n\r\nuntil the end")) {
            assertThat(http.get(ports + "8080").text()).isEqualTo("until the end");
        }
        try (GuestOrigin _ = origin("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")) {
            assertThat(http.call("HEAD", ports + "8080", null).header("Content-Length")).isEqualTo("10");
        }
    }

    @Test
    void anUploadStreamsThroughChunkedOrNot() throws Exception {
        CountDownLatch got = new CountDownLatch(2);
        GuestOrigin origin = new GuestOrigin((head, socket) -> {
            byte[] body = head.contains("chunked")
                    ? socket.getInputStream().readNBytes("3\r\nabc\r\n0\r\n\r\n".length())
                    : socket.getInputStream().readNBytes(3_000_000);
            got.countDown();
            String text = "HTTP/1.1 200 OK\r\nContent-Length: " + Integer.toString(body.length).length() + "\r\n\r\n" + body.length;
            socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        });
        try (origin) {
            guest.ports.put(8080, origin.port());
            assertThat(http.bytes("PUT", ports + "8080/up", new byte[3_000_000], http.authorization()).text()).isEqualTo("3000000");
            String chunked = "PUT " + ports + "8080/up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + http.authorization()
                    + "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
            try (Socket socket = http.sendRaw(chunked.getBytes(StandardCharsets.US_ASCII))) {
                assertThat(RawHttp.read(socket.getInputStream()).text()).isEqualTo("13");
            }
            assertThat(got.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void eventsArePassedOnAsTheyCome() throws Exception {
        CountDownLatch next = new CountDownLatch(1);
        GuestOrigin origin = new GuestOrigin((head, socket) -> {
            socket.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n".getBytes(StandardCharsets.US_ASCII));
            await(next);
            socket.getOutputStream().write("data: 2\n\n".getBytes(StandardCharsets.US_ASCII));
        });
        try (origin; Socket socket = open(origin, "8080/sse")) {
            readUntil(socket.getInputStream(), "data: 1\n\n");
            next.countDown();
            readUntil(socket.getInputStream(), "data: 2\n\n");
            readUntil(socket.getInputStream(), "0\r\n\r\n");
        }
    }

    private Socket open(GuestOrigin origin, String path) throws IOException {
        guest.ports.put(8080, origin.port());
        return http.send("GET", ports + path, new byte[0], http.authorization());
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) throw new IllegalStateException("waited in vain");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aWebSocketCarriesBytesBothWaysUntilEitherEnds() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        GuestOrigin origin = new GuestOrigin((head, socket) -> {
            String answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: a=b\r\n\r\nfirst frame";
            socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
            for (int octet = socket.getInputStream().read(); octet >= 0; octet = socket.getInputStream().read()) {
                socket.getOutputStream().write(octet ^ 0x20);
            }
            ended.countDown();
        });
        try (origin) {
            guest.ports.put(8080, origin.port());
            String request = "GET " + ports + "8080/ws HTTP/1.1\r\nHost: x\r\n" + http.authorization()
                    + "\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    + "Sec-WebSocket-Version: 13\r\n\r\nEARLY";
            try (Socket socket = http.sendRaw(request.getBytes(StandardCharsets.US_ASCII))) {
                String head = readUntil(socket.getInputStream(), "\r\n\r\n");
                assertThat(head)
                        .startsWith("HTTP/1.1 101")
                        .containsIgnoringCase("upgrade: websocket")
                        .contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
                        .doesNotContain("Set-Cookie");
                readUntil(socket.getInputStream(), "first frameearly");
                socket.getOutputStream().write("later".getBytes(StandardCharsets.US_ASCII));
                readUntil(socket.getInputStream(), "LATER");
                assertThat(origin.head())
                        .contains("Upgrade: websocket\nConnection: Upgrade\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
                        .doesNotContain(http.key());
            }
            assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
        }
        try (GuestOrigin _ = origin("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")) {
            assertThat(http.call("GET", ports + "8080/ws", null, "Connection: Upgrade", "Upgrade: websocket").status()).isEqualTo(426);
        }
    }

    /// The answer cannot be written any more: nothing of the exchange may stay behind, neither its tunnel nor its place.
    @Test
    void aCallerWhoLeavesBeforeTheSwitchLeavesNothingOpen() throws Exception {
        CountDownLatch gone = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        GuestOrigin origin = new GuestOrigin((head, socket) -> {
            try {
                gone.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            socket.getOutputStream().write(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            while (socket.getInputStream().read() >= 0) {}
            ended.countDown();
        });
        try (origin) {
            guest.ports.put(8080, origin.port());
            String request = "GET " + ports + "8080/ws HTTP/1.1\r\nHost: x\r\n" + http.authorization()
                    + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    + "Sec-WebSocket-Version: 13\r\n\r\n";
            Socket socket = http.sendRaw(request.getBytes(StandardCharsets.US_ASCII));
            origin.head();
            socket.setSoLinger(true, 0); // a reset: what is written to it fails
            socket.close();
            Thread.sleep(100); // for the server's kernel to have it
            gone.countDown();
            assertThat(ended.await(20, TimeUnit.SECONDS)).as("the tunnel is closed").isTrue();
        }
    }

    @Test
    void anAuditEventIsWrittenForEachExchange() throws Exception {
        try (GuestOrigin _ = origin("HTTP/1.1 204 No Content\r\n\r\n")) {
            http.get(ports + "8080/secret?token=abc");
        }
        String all = server.audit.page(ports.split("/")[2], dev.declaw.server.audit.AuditQuery.all(0)).toString();
        assertThat(all).contains("port_reached").contains("8080").doesNotContain("token=abc");
    }
}
