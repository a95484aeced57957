package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.egress.EgressConfig;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebSocketFlowTest {
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String REDACT = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\",\"email\"],\"action\":\"redact\"}}";
    private static final String BLOCK = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\"],\"action\":\"block\"}}";
    private static final String SSN = "123-45-6789";

    /// An origin that accepts, keeps every frame it gets, sends text back as it came, and answers a close.
    private static final class Echo implements Origin.Script {
        final BlockingQueue<WebSocketPeer.Frame> frames = new LinkedBlockingQueue<>();
        volatile String request;
        private final String moreFields;

        Echo(String moreFields) {
            this.moreFields = moreFields;
        }

        Echo() {
            this("");
        }

        @Override
        public void play(Origin.Connection connection) throws IOException {
            request = connection.readRequest();
            if (request == null) return;
            connection.write(WebSocketPeer.switching(request, moreFields));
            WebSocketPeer peer = connection.webSocket();
            while (true) {
                WebSocketPeer.Frame frame = peer.read();
                if (frame == null) return;
                frames.add(frame);
                int opcode = frame.opcode() == WebSocketPeer.PING ? WebSocketPeer.PONG : frame.opcode();
                peer.frame(frame.firstByte() & 0xf0 | opcode, frame.payload());
                if (opcode == WebSocketPeer.CLOSE) return;
            }
        }

        WebSocketPeer.Frame next() throws InterruptedException {
            WebSocketPeer.Frame frame = frames.poll(8, TimeUnit.SECONDS);
            if (frame == null) throw new AssertionError("the origin got no frame");
            return frame;
        }

        String seen() {
            StringBuilder all = new StringBuilder(String.valueOf(request));
            for (WebSocketPeer.Frame frame : frames) all.append(frame.text());
            return all.toString();
        }
    }

    private static WebSocketPeer open(Socket client, int port, String more) throws IOException {
        FlowRig.send(client, WebSocketPeer.request("api.test", port, more));
        String answer = FlowRig.readResponse(client);
        assertThat(answer)
                .startsWith("HTTP/1.1 101 Switching Protocols\r\n")
                .contains("Sec-WebSocket-Accept: " + WebSocketPeer.proof(WebSocketPeer.KEY) + "\r\n");
        return new WebSocketPeer(client.getInputStream(), client.getOutputStream(), true);
    }

    @Test
    @DisplayName("B119 no extension is offered upstream, so no message hides in compression")
    void theHandshakeIsMadeAnewOnBothLegs() throws Exception {
        Echo echo = new Echo("Sec-WebSocket-Protocol: chat\r\nX-Origin: 1\r\n");
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, WebSocketPeer.request("api.test", origin.port(),
                    "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat, other\r\nX-Mine: 2\r\n"));
            assertThat(FlowRig.readResponse(client))
                    .contains("Sec-WebSocket-Protocol: chat\r\n", "X-Origin: 1\r\n", "Upgrade: websocket\r\n")
                    .doesNotContain("Extensions");
            assertThat(echo.request)
                    .contains("X-Mine: 2\r\n", "Upgrade: websocket\r\n", "Connection: Upgrade\r\n", "Sec-WebSocket-Version: 13\r\n")
                    .doesNotContain("Extensions", "deflate", WebSocketPeer.KEY);
            assertThat(rig.await(e -> e.event().equals("egress_allowed")).attributes()).containsEntry("protocol", "wss");
        }
    }

    @Test
    @DisplayName("B119 a reserved bit without an extension ends the connection")
    void compressedFramesAreRefused() throws Exception {
        assertRefused(WebSocketPeer.bytes(WebSocketPeer.FIN | 0x40 | WebSocketPeer.TEXT, "canary".getBytes(StandardCharsets.UTF_8), true), 1002);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 7, 11, 15})
    @DisplayName("B120 reserved opcodes end the connection")
    void reservedOpcodesAreRefused(int opcode) throws Exception {
        assertRefused(WebSocketPeer.bytes(WebSocketPeer.FIN | opcode, "canary".getBytes(StandardCharsets.UTF_8), true), 1002);
    }

    @Test
    @DisplayName("B120 impossible lengths, unmasked frames and broken fragments end the connection")
    void malformedFramesAreRefused() throws Exception {
        byte[] canary = "canary".getBytes(StandardCharsets.UTF_8);
        for (byte[] bytes : List.of(
                WebSocketPeer.bytes(WebSocketPeer.FIN | WebSocketPeer.TEXT, canary, false),
                WebSocketPeer.bytes(WebSocketPeer.FIN, canary, true),
                WebSocketPeer.bytes(WebSocketPeer.PING, canary, true),
                new byte[] {(byte) 0x81, (byte) 0xff, (byte) 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0},
                new byte[] {(byte) 0x81, (byte) 0xfe, 0, 5, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o'},
                WebSocketPeer.bytes(WebSocketPeer.FIN | WebSocketPeer.CLOSE, new byte[] {3}, true),
                WebSocketPeer.bytes(WebSocketPeer.FIN | WebSocketPeer.CLOSE, WebSocketPeer.close(1005), true))) {
            assertRefused(bytes, 1002);
        }
        assertRefused(WebSocketPeer.bytes(WebSocketPeer.FIN | WebSocketPeer.TEXT, new byte[] {(byte) 0xc0, (byte) 0x80}, true), 1007);
    }

    private static void assertRefused(byte[] bytes, int code) throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, echo);
                Socket client = rig.toName("api.test", origin.port())) {
            WebSocketPeer peer = open(client, origin.port(), "");
            peer.raw(bytes);
            WebSocketPeer.Frame frame = peer.read();
            assertThat(frame.opcode()).isEqualTo(WebSocketPeer.CLOSE);
            assertThat(frame.closeCode()).isEqualTo(code);
            rig.awaitBlocked("malformed_request");
            assertThat(echo.next().opcode()).isEqualTo(WebSocketPeer.CLOSE);
            assertThat(echo.seen()).doesNotContain("canary");
        }
    }

    @Test
    @DisplayName("B118 messages are screened on the way out and rehydrated on the way in")
    void personalDataIsReplacedInMessages() throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            WebSocketPeer peer = open(client, origin.port(), "");
            peer.text("{\"ssn\":\"" + SSN + "\",\"n\":1}");
            WebSocketPeer.Frame frame = echo.next();
            assertThat(frame.masked()).isTrue();
            assertThat(frame.text()).contains("REDACTED_SSN_", "\"n\":1").doesNotContain(SSN);
            assertThat(peer.message()).isEqualTo("{\"ssn\":\"" + SSN + "\",\"n\":1}");
            assertThat(rig.await(e -> e.reason().equals(java.util.Optional.of("pii_redacted"))).toJson().toString())
                    .contains("\"findings\":{\"ssn\":1}")
                    .doesNotContain(SSN);
            peer.frame(WebSocketPeer.FIN | WebSocketPeer.BINARY, new byte[] {0, 1, 2, (byte) 200});
            assertThat(echo.next().payload()).containsExactly(0, 1, 2, (byte) 200);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 9})
    @DisplayName("B120 a value is found over fragments with control frames in between")
    void fragmentsAreJoinedBeforeTheyAreScreened(int size) throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            WebSocketPeer peer = open(client, origin.port(), "");
            byte[] message = ("my ssn is " + SSN + ".").getBytes(StandardCharsets.UTF_8);
            for (int at = 0; at < message.length; at += size) {
                int end = Math.min(message.length, at + size);
                int first = (at == 0 ? WebSocketPeer.TEXT : 0) | (end == message.length ? WebSocketPeer.FIN : 0);
                peer.frame(first, Arrays.copyOfRange(message, at, end));
                if (at == 0) peer.frame(WebSocketPeer.FIN | WebSocketPeer.PING, "are you there".getBytes(StandardCharsets.UTF_8));
            }
            assertThat(echo.next().opcode()).isEqualTo(WebSocketPeer.PING);
            assertThat(echo.next().text()).isEqualTo("my ssn is REDACTED_SSN_1.");
            assertThat(peer.read().opcode()).isEqualTo(WebSocketPeer.PONG);
            assertThat(peer.message()).isEqualTo("my ssn is " + SSN + ".");
        }
    }

    @Test
    @DisplayName("B132 a block in a WebSocket is close code 1008 with the reason")
    void theBlockActionClosesWith1008() throws Exception {
        for (byte[] bytes : List.of(
                WebSocketPeer.bytes(WebSocketPeer.FIN | WebSocketPeer.TEXT, ("ssn " + SSN).getBytes(StandardCharsets.UTF_8), true),
                WebSocketPeer.bytes(WebSocketPeer.FIN | WebSocketPeer.BINARY, ("ssn " + SSN).getBytes(StandardCharsets.UTF_8), true),
                WebSocketPeer.bytes(WebSocketPeer.FIN | WebSocketPeer.PING, ("ssn " + SSN).getBytes(StandardCharsets.UTF_8), true))) {
            Echo echo = new Echo();
            try (FlowRig rig = new FlowRig(BLOCK, ALLOW);
                    Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo);
                    Socket client = rig.tlsToName("api.test", origin.port())) {
                WebSocketPeer peer = open(client, origin.port(), "");
                peer.raw(bytes);
                WebSocketPeer.Frame frame = peer.read();
                assertThat(frame.closeCode()).isEqualTo(1008);
                assertThat(frame.text()).contains("pii_blocked");
                rig.awaitBlocked("pii_blocked");
                WebSocketPeer.Frame told = echo.next();
                assertThat(told.closeCode()).isEqualTo(1001);
                assertThat(echo.seen()).doesNotContain(SSN);
                rig.await(e -> e.event().equals("egress_closed") && Long.valueOf(101).equals(e.attributes().get("status")));
            }
        }
    }

    @Test
    @DisplayName("B120 a message above the cap is refused, never passed on unscanned")
    void aMessageThatCannotBeScannedAsAWholeIsRefused() throws Exception {
        EgressConfig.Limits limits = new EgressConfig.Limits(32 * 1024, 100, 1000, 64, 1_500, 5_000, 2_000, 8);
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(REDACT, ALLOW, limits);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            WebSocketPeer peer = open(client, origin.port(), "");
            peer.text("canary" + "x".repeat(2000));
            assertThat(peer.read().closeCode()).isEqualTo(1009);
            rig.awaitBlocked("request_too_large");
            assertThat(echo.next().opcode()).isEqualTo(WebSocketPeer.CLOSE);
            assertThat(echo.seen()).doesNotContain("canary");
        }
    }

    @Test
    void aLargeMessageIsScreenedBesideTheEventLoopAndStaysInOrder() throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            WebSocketPeer peer = open(client, origin.port(), "");
            peer.text("large " + "x ".repeat(100_000) + SSN);
            peer.text("second");
            assertThat(echo.next().text()).startsWith("large ").endsWith("REDACTED_SSN_1");
            assertThat(echo.next().text()).isEqualTo("second");
            assertThat(peer.message()).startsWith("large ").endsWith(SSN);
            assertThat(peer.message()).isEqualTo("second");
        }
    }

    @Test
    @DisplayName("B121 only an answer that proves our own key becomes a WebSocket")
    void aFakeUpgradeIsRefused() throws Exception {
        for (String fields : List.of(
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + WebSocketPeer.proof(WebSocketPeer.KEY),
                "Upgrade: websocket\r\nConnection: Upgrade",
                "Upgrade: foo\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s",
                "Upgrade: websocket\r\nSec-WebSocket-Accept: %s",
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Accept: %s",
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: unasked\r\nSec-WebSocket-Accept: %s")) {
            Origin.Script liar = connection -> {
                String request = connection.readRequest();
                connection.write("HTTP/1.1 101 Sure\r\n" + fields.formatted(WebSocketPeer.accept(request)) + "\r\n\r\nraw bytes");
            };
            try (FlowRig rig = new FlowRig(null, ALLOW);
                    Origin origin = new Origin(null, liar);
                    Socket client = rig.toName("api.test", origin.port())) {
                FlowRig.send(client, WebSocketPeer.request("api.test", origin.port(), ""));
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 502 ").doesNotContain("raw bytes");
            }
        }
    }

    @Test
    @DisplayName("B066 an upgrade that is no well-formed WebSocket handshake reaches nobody")
    void malformedHandshakesAreRefused() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
            String good = WebSocketPeer.request("api.test", origin.port(), "");
            for (String request : List.of(
                    good.replace("GET", "POST"),
                    good.replace("Version: 13", "Version: 8"),
                    good.replace(WebSocketPeer.KEY, "short"),
                    good.replace("Upgrade: websocket", "Upgrade: h2c, websocket"),
                    good.replace("Connection: Upgrade", "Connection: keep-alive"),
                    good.replace("HTTP/1.1", "HTTP/1.0"),
                    good.replace("GET", "PUT").replace("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\nx"))) {
                try (Socket client = rig.toName("api.test", origin.port())) {
                    FlowRig.send(client, request);
                    assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("unsupported_protocol");
                }
            }
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @DisplayName("B121 an origin that leaves the framing is cut")
    void rawBytesBehindTheUpgradeAreCut() throws Exception {
        Origin.Script liar = connection -> {
            String request = connection.readRequest();
            connection.write(WebSocketPeer.switching(request, "") + "SSH-2.0-raw");
            connection.read();
        };
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, liar);
                Socket client = rig.toName("api.test", origin.port())) {
            WebSocketPeer peer = open(client, origin.port(), "");
            assertThat(peer.read().closeCode()).isEqualTo(1002);
        }
    }

    @Test
    void anOrdinaryAnswerToAHandshakeIsPassedOn() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, WebSocketPeer.request("api.test", origin.port(), ""));
            assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 401 ").endsWith("no");
        }
    }

    @Test
    void theClosingHandshakePassesBothWays() throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, echo);
                Socket client = rig.toName("api.test", origin.port())) {
            WebSocketPeer peer = open(client, origin.port(), "");
            peer.text("hello");
            assertThat(peer.message()).isEqualTo("hello");
            peer.frame(WebSocketPeer.FIN | WebSocketPeer.CLOSE, WebSocketPeer.close(1000));
            assertThat(peer.read().closeCode()).isEqualTo(1000);
            assertThat(peer.read()).isNull();
            var closed = rig.await(e -> e.event().equals("egress_closed"));
            assertThat(closed.attributes()).containsEntry("status", 101L);
            assertThat(closed.attributes().get("detail")).isIn(null, "");
        }
    }

    @Test
    @DisplayName("B122 a flood of pings ends the connection")
    void aFloodOfControlFramesIsCut() throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, echo);
                Socket client = rig.toName("api.test", origin.port())) {
            WebSocketPeer peer = open(client, origin.port(), "");
            for (int i = 0; i < 300; i++) peer.frame(WebSocketPeer.FIN | WebSocketPeer.PING, new byte[0]);
            WebSocketPeer.Frame frame = peer.read();
            while (frame.opcode() == WebSocketPeer.PONG) frame = peer.read();
            assertThat(frame.closeCode()).isEqualTo(1008);
        }
    }

    @Test
    void aSinkThatFailsLetsNoMessageWithFindingsOut() throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            WebSocketPeer peer = open(client, origin.port(), "");
            rig.auditBroken = true;
            peer.text("canary " + SSN);
            assertThat(peer.read().text()).contains("audit_unavailable");
            assertThat(echo.next().opcode()).isEqualTo(WebSocketPeer.CLOSE);
            assertThat(echo.seen()).doesNotContain("canary", "REDACTED");
        }
    }

    @Test
    @DisplayName("B076 an origin that vanishes without a close frame never looks like a clean end")
    void aCutIsPassedOnAsACut() throws Exception {
        Origin.Script vanishing = connection -> {
            connection.write(WebSocketPeer.switching(connection.readRequest(), ""));
            connection.webSocket().frame(WebSocketPeer.TEXT, "half".getBytes(StandardCharsets.UTF_8));
            connection.reset();
        };
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, vanishing);
                Socket client = rig.toName("api.test", origin.port())) {
            open(client, origin.port(), "");
            assertThat(FlowRig.readAll(client)).endsWith("<reset>");
            rig.await(e -> "the origin ended it".equals(e.attributes().get("detail")));
        }
    }
}
