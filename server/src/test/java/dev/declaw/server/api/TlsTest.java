package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.RawHttp2;
import dev.declaw.server.fake.TestServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TlsTest {
    private static final int STREAMS_MAX = 1000;

    @TempDir
    Path home;

    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void http11IsSpokenWhenTheClientKnowsNothingElse() throws Exception {
        for (String[] protocols : new String[][] {{}, {"http/1.1"}}) {
            try (SSLSocket socket = RawHttp2.connect(home, server.api.tlsPort().orElseThrow(), protocols)) {
                String request = "GET /auth/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + server.http.authorization() + "\r\n\r\n";
                socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                RawHttp.Answer answer = RawHttp.read(socket.getInputStream());
                assertThat(answer.json().path("owner_id").textValue()).isEqualTo("owner-1");
            }
        }
    }

    private RawHttp2 http2() throws Exception {
        return new RawHttp2(home, server.api.tlsPort().orElseThrow());
    }

    private byte[] request(String method, String path) {
        return RawHttp2.block(
                ":method", method, ":scheme", "https", ":authority", "localhost", ":path", path, "authorization", "Bearer " + server.key);
    }

    @Test
    void http2IsChosenWhenItIsOffered() throws Exception {
        try (RawHttp2 http = http2()) {
            http.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS | RawHttp2.END_STREAM, 1, request("GET", "/auth/me"));
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            for (RawHttp2.Frame frame = http.read(); ; frame = http.read()) {
                if (frame.type() == RawHttp2.DATA) body.writeBytes(frame.payload());
                if (frame.stream() == 1 && (frame.flags() & RawHttp2.END_STREAM) != 0) break;
            }
            assertThat(body.toString(StandardCharsets.UTF_8)).contains("\"owner_id\":\"owner-1\"");
        }
    }

    /// The first frame of this type, or null when the connection ended without one.
    private static RawHttp2.Frame await(RawHttp2 http, int type) throws IOException {
        RawHttp2.Frame frame = http.read();
        while (frame != null && frame.type() != type) frame = http.read();
        return frame;
    }

    private void assertServes() {
        assertThat(server.http.get("/auth/me").status()).isEqualTo(200);
    }

    @Test
    void aConnectionHasAThousandStreamsAndNotOneMore() throws Exception {
        try (RawHttp2 http = http2()) {
            byte[] head = request("POST", "/policies/lint");
            for (int i = 0; i <= STREAMS_MAX; i++) http.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 2 * i + 1, head); // bodies to come
            RawHttp2.Frame refused = await(http, RawHttp2.RST_STREAM);
            assertThat(refused.stream()).isEqualTo(2 * STREAMS_MAX + 1);
            assertThat(refused.number(0)).as("REFUSED_STREAM").isEqualTo(7);
            assertServes();
        }
    }

    /// CVE-2023-44487.
    @Test
    void streamsThatAreResetAsSoonAsTheyAreOpenedEndTheConnection() throws Exception {
        try (RawHttp2 http = http2()) {
            byte[] head = request("GET", "/sandboxes");
            Thread.ofVirtual().start(() -> {
                try {
                    for (int stream = 1; stream < 100_000; stream += 2) {
                        http.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS | RawHttp2.END_STREAM, stream, head);
                        http.send(RawHttp2.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
                    }
                } catch (IOException cut) {
                    // which is the point
                }
            });
            RawHttp2.Frame end = await(http, RawHttp2.GOAWAY);
            if (end != null) assertThat(end.number(4)).as("ENHANCE_YOUR_CALM").isEqualTo(11);
            assertServes();
        }
    }

    /// CVE-2024-27316 and its kin: a head without an end.
    @Test
    void aHeadThatNeverEndsEndsTheConnection() throws Exception {
        try (RawHttp2 http = http2()) {
            java.util.concurrent.atomic.AtomicLong sent = new java.util.concurrent.atomic.AtomicLong();
            http.send(RawHttp2.HEADERS, RawHttp2.END_STREAM, 1, request("GET", "/sandboxes"));
            byte[] more = RawHttp2.block("x-more", "y".repeat(1000));
            Thread.ofVirtual().start(() -> {
                try {
                    while (sent.get() < 64 << 20) {
                        http.send(RawHttp2.CONTINUATION, 0, 1, more);
                        sent.addAndGet(more.length);
                    }
                } catch (IOException cut) {
                    // which is the point
                }
            });
            RawHttp2.Frame end = await(http, RawHttp2.GOAWAY);
            if (end != null) assertThat(end.number(4)).isNotZero();
            assertThat(sent).as("bytes of one head that were taken").hasValueLessThan(8 << 20);
            assertServes();
        }
    }

    @Test
    void largeHeadersAndUrlsAreRefusedInTheFormOfTheApi() throws Exception {
        RawHttp.Answer header = server.http.call("GET", "/auth/me", null, "X-Large: " + "x".repeat(20_000));
        assertThat(header.status()).isEqualTo(431);
        assertThat(header.json().path("code").textValue()).isEqualTo("headers_too_large");
        assertThat(header.json().path("message").textValue()).contains("16384 bytes");
        RawHttp.Answer url = server.http.get("/sandboxes?x=" + "x".repeat(20_000));
        assertThat(url.status()).isEqualTo(414);
        assertThat(url.json().path("code").textValue()).isEqualTo("url_too_long");
        RawHttp.Answer body = server.http.post("/sandboxes", "{\"envs\":{\"A\":\"" + "x".repeat(11 * 1024 * 1024) + "\"}}");
        assertThat(body.status()).isEqualTo(413);
        assertThat(body.json().path("code").textValue()).isEqualTo("body_too_large");
    }
}
