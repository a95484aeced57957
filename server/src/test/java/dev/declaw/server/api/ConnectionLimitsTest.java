package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.fake.TestServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Callers who take their time on purpose.
final class ConnectionLimitsTest {
    private static final Duration HEAD_WITHIN = Duration.ofSeconds(15);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path home;

    /// Sends a byte now and then; how long it took to be cut off.
    private static Duration drip(Socket socket, String first, String then) throws Exception {
        long start = System.nanoTime();
        socket.getOutputStream().write(first.getBytes(StandardCharsets.US_ASCII));
        socket.setSoTimeout(200);
        for (int i = 0; System.nanoTime() - start < PATIENCE.toNanos(); i++) {
            try {
                socket.getOutputStream().write(then.charAt(i % then.length()));
                if (socket.getInputStream().read() < 0) break;
            } catch (java.net.SocketTimeoutException nothing) {
                // goes on dripping
            } catch (IOException cut) {
                break;
            }
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Test
    void aHeadThatDripsIsCutAndNobodyElseIs() throws Exception {
        try (TestServer server = new TestServer(home)) {
            String pty = "/sandboxes/" + server.http.post("/sandboxes", "{}").json().path("sandbox_id").textValue() + "/pty";
            String stream = pty + "/" + server.http.post(pty, "{}").json().path("pid").intValue() + "/stream";
            try (Socket slow = open(server.api.port());
                    Socket second = open(server.api.port());
                    Socket handshake = open(server.api.tlsPort().orElseThrow());
                    Socket idle = open(server.api.port());
                    Socket streaming = server.http.send("GET", stream, new byte[0], server.http.authorization())) {
                Thread again = Thread.ofVirtual().start(() -> {
                    try {
                        String request = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
                        second.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                        PtyEndpointsTest.readUntil(second.getInputStream(), "\"status\"");
                        assertThat(drip(second, "GET / HTTP/1.1\r\n", "X: y\r\n")).isBetween(HEAD_WITHIN.minusSeconds(1), PATIENCE.minusSeconds(5));
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                });
                java.util.concurrent.atomic.AtomicReference<Throwable> failure = new java.util.concurrent.atomic.AtomicReference<>();
                again.setUncaughtExceptionHandler((_, e) -> failure.set(e));
                assertThat(drip(slow, "GET /health HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n")).isBetween(HEAD_WITHIN.minusSeconds(1), PATIENCE.minusSeconds(5));
                again.join();
                assertThat(failure.get()).isNull();
                // A connection that waits between requests, and a stream, have been open for as long and go on.
                idle.getOutputStream().write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                PtyEndpointsTest.readUntil(idle.getInputStream(), "\"status\"");
                PtyEndpointsTest.readUntil(streaming.getInputStream(), ": keep-alive");
                // TLS record of 64 bytes, of which one comes every 200 ms at most.
                assertThat(drip(handshake, "\u0016\u0003\u0001\u0000\u0040", "\u0001")).isLessThan(PATIENCE.minusSeconds(5));
            }
        }
    }

    private static Socket open(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        return socket;
    }
}
