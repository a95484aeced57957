package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.declaw.e2e.world.Loopback;
import dev.declaw.linux.Command;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The standalone proxy before clients that we did not write. One that is not installed is left out.
class ProtocolToolsTest {
    private static final String URL = "https://api.example.test";
    private static final String SSN = "123-45-6789";
    private static Loopback loopback;
    private static EchoOrigin origin;

    @BeforeAll
    static void open() throws IOException {
        loopback = new Loopback(
                """
                {"security": {"pii": {"enabled": true, "types": ["ssn"], "action": "redact"}},
                 "network": {"allow_out": ["api.example.test"]}}""");
        origin = new EchoOrigin(loopback.listen());
    }

    @AfterAll
    static void close() throws IOException {
        if (origin != null) origin.listener.close();
        if (loopback != null) loopback.close();
    }

    private static String curl(String... more) {
        List<String> all = new java.util.ArrayList<>(List.of(
                "curl", "-sS", "--max-time", "30", "--cacert", loopback.folder().resolve("ca.pem").toString(),
                "--resolve", "api.example.test:443:127.0.0.2", "-w", "\n%{http_version} %{http_code}"));
        all.addAll(List.of(more));
        return loopback.run(Command.of(all).withDeadline(Duration.ofSeconds(60))).text();
    }

    @Test
    void curlSpeaksBothVersions() {
        for (String version : List.of("--http1.1", "--http2")) {
            String answer = curl(version, "-H", "Content-Type: application/json", "-d", "{\"ssn\":\"" + SSN + "\"}", URL + "/curl");
            assertThat(answer).contains("{\"ssn\":\"" + SSN + "\"}").endsWith(version.equals("--http2") ? "\n2 200" : "\n1.1 200");
        }
        assertThat(curl("--http2", "-H", "Host: other.example.test", URL + "/fronting")).endsWith("\n2 421");
        assertThat(curl("--http1.1", "-T", "/etc/services", "-H", "Expect: 100-continue", URL + "/upload")).endsWith("\n1.1 200");
        assertThat(origin.seen()).contains("REDACTED_SSN_1").doesNotContain(SSN, "/fronting");
    }

    @Test
    void h2loadMultiplexesWithoutAFailure() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/h2load")), "nghttp2-client is not installed");
        for (List<String> version : List.of(List.of("--h1"), List.of("-m", "10"))) {
            List<String> all = new java.util.ArrayList<>(List.of("h2load", "--connect-to=127.0.0.2:443", "-n", "600", "-c", "3"));
            all.addAll(version);
            all.add(URL + "/load");
            String report = loopback.run(Command.of(all)
                            .withDeadline(Duration.ofSeconds(120)))
                    .text();
            assertThat(report).contains("600 total, 600 started, 600 done, 600 succeeded, 0 failed, 0 errored, 0 timeout");
        }
    }

    @Test
    void aPythonClientTalksOverAWebSocket() throws IOException {
        assumeTrue(Files.isDirectory(Path.of("/usr/lib/python3/dist-packages/websockets")), "python3-websockets is not installed");
        Path script = Files.writeString(
                loopback.folder().resolve("client.py"),
                """
                import asyncio, ssl, sys, websockets
                async def main():
                    context = ssl.create_default_context(cafile=sys.argv[1])
                    async with websockets.connect("wss://api.example.test/ws", ssl=context, host="127.0.0.2",
                                                  server_hostname="api.example.test", compression="deflate") as ws:
                        for message in ["hello", "my ssn is %s", "x" * 200000, "bye"]:
                            await ws.send(message)
                            answer = await asyncio.wait_for(ws.recv(), 20)
                            assert answer == message, answer[:80]
                        await ws.send(b"\\x00\\x01\\xff")
                        assert await asyncio.wait_for(ws.recv(), 20) == b"\\x00\\x01\\xff"
                        await asyncio.wait_for(await ws.ping(), 20)
                        print("extensions", ws.extensions)
                    print("closed", ws.close_code)
                asyncio.run(main())
                """
                        .formatted(SSN));
        String said = loopback.run(Command.of("/usr/bin/python3", script.toString(), loopback.folder().resolve("ca.pem").toString())
                        .withDeadline(Duration.ofSeconds(90)))
                .text();
        assertThat(said).contains("extensions []", "closed 1000");
        assertThat(origin.seen()).contains("my ssn is REDACTED_SSN_1").doesNotContain(SSN);
    }

    /// Sends every body and every message back.
    private static final class EchoOrigin {
        final ServerSocket listener;
        private final List<String> seen = new CopyOnWriteArrayList<>();

        EchoOrigin(ServerSocket listener) {
            this.listener = listener;
            Thread.ofVirtual().start(() -> {
                while (!listener.isClosed()) {
                    try {
                        Socket socket = listener.accept();
                        Thread.ofVirtual().start(() -> serve(socket));
                    } catch (IOException e) {
                        // closed, or a handshake that failed: the loop's condition tells
                    }
                }
            });
        }

        String seen() {
            return String.join("\n", seen);
        }

        private void serve(Socket socket) {
            try (socket) {
                DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
                OutputStream out = socket.getOutputStream();
                while (true) {
                    StringBuilder head = new StringBuilder();
                    while (head.indexOf("\r\n\r\n") < 0) head.append((char) in.readUnsignedByte());
                    if (field(head, "upgrade").equals("websocket")) {
                        webSocket(field(head, "sec-websocket-key"), in, out);
                        return;
                    }
                    String length = field(head, "content-length");
                    byte[] body = in.readNBytes(length.isEmpty() ? 0 : Integer.parseInt(length));
                    seen.add(head + new String(body, StandardCharsets.ISO_8859_1));
                    out.write(("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + body.length + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
                    out.write(body);
                    out.flush();
                }
            } catch (IOException e) {
                // the connection is over
            }
        }

        private static String field(StringBuilder head, String name) {
            return head.toString().lines()
                    .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name + ": "))
                    .map(line -> line.substring(name.length() + 2))
                    .findFirst()
                    .orElse("");
        }

        private void webSocket(String key, DataInputStream in, OutputStream out) throws IOException {
            String proof;
            try {
                proof = Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-1")
                        .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII)));
            } catch (java.security.NoSuchAlgorithmException e) {
                throw new IOException(e);
            }
            out.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + proof
                            + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            while (true) {
                int first = in.readUnsignedByte();
                int size = in.readUnsignedByte() & 127;
                if (size == 126) size = in.readUnsignedShort();
                if (size == 127) size = (int) in.readLong();
                byte[] mask = in.readNBytes(4);
                byte[] payload = in.readNBytes(size);
                for (int i = 0; i < size; i++) payload[i] ^= mask[i & 3];
                seen.add(new String(payload, StandardCharsets.ISO_8859_1));
                out.write((first & 15) == 9 ? first & 0xf0 | 10 : first);
                if (size < 126) {
                    out.write(size);
                } else if (size <= 0xffff) {
                    out.write(new byte[] {126, (byte) (size >> 8), (byte) size});
                } else {
                    out.write(127);
                    for (int shift = 56; shift >= 0; shift -= 8) out.write((int) ((long) size >> shift));
                }
                out.write(payload);
                out.flush();
                if ((first & 15) == 8) return;
            }
        }
    }
}
