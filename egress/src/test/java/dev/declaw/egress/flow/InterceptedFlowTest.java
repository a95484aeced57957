package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.tls.TestTls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InterceptedFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String REDACT = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\",\"email\"],\"action\":\"redact\"}}";
    private static final String BLOCK = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\"],\"action\":\"block\"}}";
    private static final String SSN = "123-45-6789";
    private static final String JSON = "{\"ssn\":\"" + SSN + "\",\"note\":\"call me\"}";

    /// The answer of an origin that said "hi", when the response may have held tokens.
    private static final String OK_REFRAMED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";

    private static String post(int port, String fields, String body) {
        return "POST /v1 HTTP/1.1\r\nHost: api.test:" + port + "\r\nContent-Type: application/json\r\n" + fields
                + "Content-Length: " + body.length() + "\r\n\r\n" + body;
    }

    private static String get(String host, int port) {
        return "GET / HTTP/1.1\r\nHost: " + host + ":" + port + "\r\n\r\n";
    }

    @Test
    void anInterceptedRequestReachesTheOriginOverVerifiedTls() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                SSLSocket client = rig.tlsToName("api.test", origin.port())) {
            assertThat(client.getSession().getProtocol()).isEqualTo("TLSv1.3");
            for (int i = 0; i < 3; i++) {
                FlowRig.send(client, get("api.test", origin.port()));
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            }
            assertThat(origin.connections()).isEqualTo(1);
            assertThat(rig.await(e -> e.event().equals("egress_allowed")).attributes()).containsEntry("protocol", "https");
        }
    }

    @Test
    void aSecondConnectionOfTheSandboxUsesTheFirstOnesUpstream() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            for (int i = 0; i < 3; i++) {
                try (Socket client = rig.tlsToName("api.test", origin.port())) {
                    FlowRig.send(client, get("api.test", origin.port()));
                    assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
                }
            }
            assertThat(origin.connections()).isLessThan(3);
        }
    }

    @Test
    @Tag("B106") @Tag("B113")
    void personalDataIsReplacedOnTheWayOutAndPutBackOnTheWayIn() throws Exception {
        Origin.Script echo = connection -> {
            String request = connection.readRequest();
            String body = request.substring(request.indexOf("\r\n\r\n") + 4);
            connection.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: x\r\nContent-MD5: y\r\nContent-Length: "
                    + body.length() + "\r\n\r\n" + body);
        };
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, post(origin.port(), "Accept-Encoding: br\r\nRange: bytes=0-1\r\n", JSON));
            String answer = FlowRig.readResponse(client);
            assertThat(origin.received())
                    .doesNotContain(SSN, "Range", "br")
                    .contains("REDACTED_SSN_", "\"note\":\"call me\"", "Accept-Encoding: identity");
            assertThat(answer).contains(SSN, "Transfer-Encoding: chunked").doesNotContain("REDACTED_SSN", "Content-MD5");
            var event = rig.await(e -> e.event().equals("egress_allowed"));
            assertThat(event.reason()).contains("pii_redacted");
            assertThat(event.toJson().toString())
                    .contains("\"findings\":{\"ssn\":1}", "\"scanner\":\"pii\"", "\"category\":\"security\"");
            assertThat(rig.events().toString()).doesNotContain(SSN);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 40})
    @Tag("B062") @Tag("B090") @Tag("B098")
    void aValueIsFoundHoweverTheBodyIsCut(int size) throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(
                    client,
                    "POST /v1 HTTP/1.1\r\nHost: api.test:" + origin.port()
                            + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (int at = 0; at < JSON.length(); at += size) {
                String piece = JSON.substring(at, Math.min(JSON.length(), at + size));
                FlowRig.send(client, Integer.toHexString(piece.length()) + ";x\r\n");
                FlowRig.send(client, piece);
                FlowRig.send(client, "\r\n");
            }
            FlowRig.send(client, "0\r\nX-Trailer: " + SSN + "\r\n\r\n");
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK_REFRAMED);
            assertThat(origin.received()).doesNotContain(SSN, "Trailer").contains("REDACTED_SSN_");
        }
    }

    @Test
    @Tag("B108") @Tag("B129")
    void personalDataInThePathAndInHeadersIsReplacedToo() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(
                    client,
                    "GET /u?mail=jane.doe@example.com HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nX-Note: ssn " + SSN
                            + "\r\n\r\n");
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK_REFRAMED);
            assertThat(origin.received()).doesNotContain(SSN, "jane.doe").contains("REDACTED_SSN_", "REDACTED_EMAIL_");
            assertThat(rig.events().toString()).doesNotContain("jane.doe", SSN);
        }
    }

    @Test
    @Tag("B089") @Tag("B132")
    void theBlockActionStopsTheWholeRequest() throws Exception {
        try (FlowRig rig = new FlowRig(BLOCK, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, post(origin.port(), "", JSON));
            assertThat(FlowRig.readAll(client))
                    .startsWith("HTTP/1.1 403 ")
                    .contains("\"code\":\"pii_blocked\"", "\"scanner\":\"pii\"")
                    .doesNotContain(SSN);
            assertThat(origin.connections()).isZero();
            assertThat(rig.awaitBlocked("pii_blocked").toJson().toString())
                    .contains("\"findings\":{\"ssn\":1}")
                    .doesNotContain(SSN);
        }
    }

    @Test
    @Tag("B093") @Tag("B094")
    void aCompressedBodyIsOpenedAndOneThatCannotBeOpenedIsBlocked() throws Exception {
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(zipped)) {
            gzip.write(JSON.getBytes(StandardCharsets.UTF_8));
        }
        String body = zipped.toString(StandardCharsets.ISO_8859_1);
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            try (Socket client = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, post(origin.port(), "Content-Encoding: gzip\r\n", body));
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK_REFRAMED);
                assertThat(origin.received()).contains("REDACTED_SSN_").doesNotContain(SSN, "Content-Encoding");
            }
            for (String coding : List.of("compress", "gzip, exi", "aes128gcm")) {
                try (Socket client = rig.tlsToName("api.test", origin.port())) {
                    FlowRig.send(client, post(origin.port(), "Content-Encoding: " + coding + "\r\n", "canary"));
                    assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("undecodable_body");
                }
            }
            assertThat(origin.received()).doesNotContain("canary");
        }
    }

    @Test
    @Tag("B089")
    void aBodyThatCannotBeScannedAsAWholeIsRefused() throws Exception {
        EgressConfig.Limits limits = new EgressConfig.Limits(32 * 1024, 100, 1000, 64, 1_500, 5_000, 2_000, 8);
        String large = "canary" + "x".repeat(1000);
        try (FlowRig rig = new FlowRig(REDACT, ALLOW, limits);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            String chunked = "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + Integer.toHexString(large.length()) + "\r\n" + large + "\r\n0\r\n\r\n";
            for (String request : List.of(post(origin.port(), "Expect: 100-continue\r\n", large), chunked)) {
                try (Socket client = rig.tlsToName("api.test", origin.port())) {
                    FlowRig.send(client, request);
                    assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 413 ").contains("request_too_large");
                }
            }
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    void aLargeBodyIsScreenedBesideTheEventLoop() throws Exception {
        String body = "{\"a\":\"" + "x ".repeat(100_000) + "\",\"ssn\":\"" + SSN + "\"}";
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, post(origin.port(), "", body));
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK_REFRAMED);
            assertThat(origin.received()).doesNotContain(SSN).contains("REDACTED_SSN_");
        }
    }

    @Test
    @Tag("B035")
    void frontingBehindAnAllowedNameIsMisdirected() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            for (String host : List.of("other.test:" + origin.port(), "api.test", "127.0.0.1:" + origin.port())) {
                try (Socket client = rig.tlsToName("api.test", origin.port())) {
                    FlowRig.send(client, "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
                    assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 421 ").contains("name_mismatch");
                }
            }
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @Tag("B035") @Tag("B036")
    void anSniThatIsNotTheNameThatWasResolvedIsRefused() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket plain = rig.toName("api.test", origin.port());
                Socket client = FlowRig.tls(plain, "other.test", rig.slot.authority().orElseThrow().certificate())) {
            FlowRig.send(client, get("other.test", origin.port()));
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 421 ").contains("name_mismatch");
            rig.awaitBlocked("name_mismatch");
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    void aDeniedNameIsToldSoInsideTls() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, "{\"allow_out\":[\"api.test\"]}");
                Origin origin = Origin.answering(rig.originTls.serverFor("evil.test"), OK);
                Socket client = rig.tlsToName("evil.test", origin.port())) {
            FlowRig.send(client, get("evil.test", origin.port()));
            String id = rig.awaitBlocked("not_in_allow_list").id();
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("not_in_allow_list", id);
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    void withoutACaADeniedNameEndsInAnAlert() throws Exception {
        try (FlowRig rig = new FlowRig(null, "{\"allow_out\":[\"api.test\"]}");
                Socket plain = rig.toName("evil.test", 443)) {
            assertThatThrownBy(() -> FlowRig.tls(plain, "evil.test", rig.originTls.root())).isInstanceOf(SSLException.class);
            rig.awaitBlocked("not_in_allow_list");
        }
    }

    @Test
    @Tag("B041")
    void aHostThatNoContentStageCoversIsPassedThroughUnopened() throws Exception {
        String onlyOther = "{\"pii\":{\"enabled\":true,\"domains\":[\"other.test\"]}}";
        try (FlowRig rig = new FlowRig(onlyOther, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            try (Socket plain = rig.toName("api.test", origin.port());
                    Socket client = FlowRig.tls(plain, "api.test", rig.originTls.root())) {
                FlowRig.send(client, get("api.test", origin.port()));
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
                assertThat(rig.await(e -> e.event().equals("egress_allowed")).attributes()).containsEntry("protocol", "tls");
            }
            rig.await(e -> e.event().equals("egress_closed"));
        }
    }

    @Test
    @Tag("B037")
    void tlsWithoutANameIsRefusedWhereNamesDecide() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Socket plain = rig.toName("api.test", 443)) {
            SSLSocket tls = (SSLSocket) TestTls.clientTrusting(rig.originTls.root())
                    .getSocketFactory()
                    .createSocket(plain, null, 443, true);
            assertThatThrownBy(tls::startHandshake).isInstanceOf(SSLException.class);
            rig.awaitBlocked("tls_without_name");
        }
    }

    @Test
    @Tag("B028") @Tag("B037")
    void aBareAddressUnderAnIpRuleIsInterceptedWithItsOwnLeaf() throws Exception {
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        try (FlowRig rig = new FlowRig(REDACT, "{\"allow_out\":[\"127.0.0.1\"]}");
                Origin origin = Origin.answering(rig.originTls.serverFor(loopback), OK);
                Socket plain = rig.toAddress(loopback, origin.port())) {
            SSLSocket client = (SSLSocket) TestTls.clientTrusting(rig.slot.authority().orElseThrow().certificate())
                    .getSocketFactory()
                    .createSocket(plain, "127.0.0.1", origin.port(), true);
            client.startHandshake();
            FlowRig.send(client, get("127.0.0.1", origin.port()));
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
        }
    }

    @Test
    @Tag("B045")
    void anUpstreamCertificateThatDoesNotVerifyIsNeverHidden() throws Exception {
        TestTls strangers = new TestTls();
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin unknownRoot = Origin.answering(strangers.serverFor("api.test"), OK);
                Origin wrongName = Origin.answering(rig.originTls.serverFor("other.test"), OK);
                Origin expired = Origin.answering(rig.originTls.expiredFor("api.test"), OK);
                Origin nameInSubjectOnly = Origin.answering(rig.originTls.withoutSanFor("api.test"), OK)) {
            for (Origin origin : List.of(unknownRoot, wrongName, expired, nameInSubjectOnly)) {
                try (Socket client = rig.tlsToName("api.test", origin.port())) {
                    FlowRig.send(client, post(origin.port(), "", "canary"));
                    assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 502 ").contains("upstream_tls_invalid");
                    assertThat(origin.received()).isEmpty();
                }
            }
        }
    }

    @Test
    @Tag("B046") @Tag("B047")
    void aClientThatDoesNotTrustTheCaFailsClosedAndIsRecorded() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            for (int attempt = 0; attempt < 2; attempt++) {
                try (Socket plain = rig.toName("api.test", origin.port())) {
                    assertThatThrownBy(() -> FlowRig.tls(plain, "api.test", rig.originTls.root()))
                            .isInstanceOf(IOException.class);
                }
            }
            rig.awaitBlocked("tls_handshake_failed");
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @Tag("B042")
    void anotherProtocolInsideTlsIsRefused() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, "EHLO canary\r\n");
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 400 ");
            rig.awaitBlocked("malformed_request");
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @Tag("B127")
    void aSinkThatFailsLetsNothingOut() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            rig.auditBroken = true;
            try (Socket client = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, post(origin.port(), "", "canary"));
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 503 ").contains("audit_unavailable");
            }
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @Tag("B050") @Tag("B051") @Tag("B079") @Tag("B135")
    void aLeafHasOneNameIsBackDatedAndChainsToTheSandboxesCa() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                SSLSocket client = rig.tlsToName("api.test", 443)) {
            var leaf = (java.security.cert.X509Certificate) client.getSession().getPeerCertificates()[0];
            assertThat(leaf.getSubjectAlternativeNames()).containsExactly(List.of(2, "api.test"));
            assertThat(leaf.getNotBefore().toInstant()).isBefore(java.time.Instant.now().minusSeconds(7_200));
            var root = rig.slot.authority().orElseThrow().certificate();
            assertThat(root.getBasicConstraints()).isZero();
            assertThat(root.getSubjectX500Principal().getName()).isEqualTo("CN=Declaw sandbox CA " + rig.slot.sandboxId());
        }
    }

    @Test
    @Tag("B053")
    void anOriginThatRefusesTheHelloIsNamedAndTheHelloIsABrowsers() throws Exception {
        java.io.ByteArrayOutputStream hello = new java.io.ByteArrayOutputStream();
        Origin.Script resetting = connection -> {
            byte[] head = connection.socket().getInputStream().readNBytes(5);
            hello.writeBytes(connection.socket().getInputStream().readNBytes((head[3] & 255) << 8 | head[4] & 255));
            connection.socket().setSoLinger(true, 0);
            connection.socket().close();
        };
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(null, resetting);
                SSLSocket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, get("api.test", origin.port()));
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 502 ").contains("upstream_tls_reset");
            assertThat(rig.await(event -> event.toJson().toString().contains("upstream_tls_reset"))).isNotNull();
        }
        byte[] bytes = hello.toByteArray();
        int suites = 4 + 2 + 32 + 1 + (bytes[38] & 255);
        int length = (bytes[suites] & 255) << 8 | bytes[suites + 1] & 255;
        StringBuilder offered = new StringBuilder();
        for (int i = 0; i < length; i += 2) {
            offered.append("%02x%02x ".formatted(bytes[suites + 2 + i], bytes[suites + 3 + i]));
        }
        // The suites of Chrome 120 to 143 without GREASE; with AES in the processor BoringSSL puts 1301 first.
        assertThat(offered.toString()).isEqualTo("1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035 ");
    }
}
