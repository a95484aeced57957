package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TlsTest {
    private static final int ANSWER_MILLIS_MAX = 20_000;
    private static final byte DATA = 0;
    private static final byte HEADERS = 1;
    private static final byte SETTINGS = 4;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;

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

    /// Trusts the server's own certificate and checks its name, as clients do.
    private SSLSocket connect(String... protocols) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (var in = Files.newInputStream(home.resolve("tls-certificate.pem"))) {
            trusted.setCertificateEntry("server", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", server.api.tlsPort().orElseThrow());
        socket.setSoTimeout(ANSWER_MILLIS_MAX);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setApplicationProtocols(protocols);
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    @Test
    void http11IsSpokenWhenTheClientKnowsNothingElse() throws Exception {
        for (String[] protocols : new String[][] {{}, {"http/1.1"}}) {
            try (SSLSocket socket = connect(protocols)) {
                String request = "GET /auth/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + server.http.authorization() + "\r\n\r\n";
                socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                RawHttp.Answer answer = RawHttp.read(socket.getInputStream());
                assertThat(answer.json().path("owner_id").textValue()).isEqualTo("owner-1");
            }
        }
    }

    /// RFC 9113, by hand: no client of the JDK's module graph is at hand here.
    @Test
    void http2IsChosenWhenItIsOffered() throws Exception {
        try (SSLSocket socket = connect("h2", "http/1.1")) {
            assertThat(socket.getApplicationProtocol()).isEqualTo("h2");
            OutputStream out = socket.getOutputStream();
            out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            frame(out, SETTINGS, 0, 0, new byte[0]);
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            literal(head, ":method", "GET");
            literal(head, ":scheme", "https");
            literal(head, ":authority", "localhost");
            literal(head, ":path", "/auth/me");
            literal(head, "authorization", "Bearer " + server.key);
            frame(out, HEADERS, END_HEADERS | END_STREAM, 1, head.toByteArray());
            assertThat(body(new DataInputStream(socket.getInputStream()))).contains("\"owner_id\":\"owner-1\"");
        }
    }

    private static void literal(ByteArrayOutputStream out, String name, String value) {
        out.write(0); // RFC 7541 §6.2.2, new name
        out.write(name.length());
        out.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        out.write(value.length());
        out.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
    }

    private static void frame(OutputStream out, byte type, int flags, int stream, byte[] payload) throws IOException {
        byte[] head = {
            (byte) (payload.length >> 16), (byte) (payload.length >> 8), (byte) payload.length, type, (byte) flags,
            0, 0, 0, (byte) stream
        };
        out.write(head);
        out.write(payload);
        out.flush();
    }

    private static String body(DataInputStream in) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            byte type = in.readByte();
            int flags = in.readUnsignedByte();
            in.readInt();
            byte[] payload = in.readNBytes(length);
            if (type == DATA) body.writeBytes(payload);
            if ((type == DATA || type == HEADERS) && (flags & END_STREAM) != 0) return body.toString(StandardCharsets.UTF_8);
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
