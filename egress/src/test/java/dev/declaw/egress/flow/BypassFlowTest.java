package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.tls.TestTls;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Ways around the policy that no other test of flows tries.
class BypassFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String BLOCK = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\"],\"action\":\"block\"}}";
    private static final String CANARY = "canary-51ab09";

    private static String get(String host, int port) {
        return "GET /" + CANARY + " HTTP/1.1\r\nHost: " + host + ":" + port + "\r\n\r\n";
    }

    @Test
    @Tag("B008")
    void aConnectionWithoutADestinationIsCutAndRecorded() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Socket client = rig.toNowhere()) {
            assertThat(FlowRig.readAll(client)).isEqualTo("<reset>");
            rig.awaitBlocked("unknown_destination");
        }
    }

    @Test
    @Tag("B009")
    void urgentDataIsNoPartOfTheStream() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toName("api.test", origin.port())) {
            String request = "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Length: 4\r\n\r\n";
            FlowRig.send(client, request + "ab");
            client.sendUrgentData('U');
            FlowRig.send(client, "cd");
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            assertThat(origin.received()).endsWith("abcd");
        }
    }

    @Test
    @Tag("B014") @Tag("B022")
    void aNameThatIsReboundIsJudgedAnewForEachConnectionAndDialledWhereItWasJudged() throws Exception {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        InetAddress metadata = InetAddress.getByName("169.254.169.254");
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK)) {
            for (int i = 0; i < 40; i++) {
                boolean evil = i % 2 == 1;
                rig.names.put("api" + i % 4 + ".test", List.of(evil ? metadata : loopback));
                try (Socket client = rig.toName("api" + i % 4 + ".test", origin.port())) {
                    FlowRig.send(client, get("api" + i % 4 + ".test", origin.port()));
                    String answer = FlowRig.readResponse(client);
                    assertThat(answer).startsWith(evil ? "HTTP/1.1 403 " : "HTTP/1.1 200 ");
                }
            }
            rig.awaitBlocked("metadata_endpoint");
        }
    }

    @Test
    @Tag("B046")
    void anOriginThatAsksForAClientCertificateIsAFailureNotASplice() throws Exception {
        try (FlowRig rig = new FlowRig(BLOCK, ALLOW);
                Origin origin = Origin.demandingCertificate(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, get("api.test", origin.port()));
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 502 ");
            assertThat(origin.received()).doesNotContain(CANARY);
        }
    }

    @Test
    @Tag("B048")
    void versionsBeforeTls12AreRefusedOnBothSides() throws Exception {
        try (FlowRig rig = new FlowRig(BLOCK, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            for (String version : List.of("TLSv1", "TLSv1.1")) {
                try (Socket client = rig.toName("api.test", origin.port())) {
                    client.getOutputStream().write(firstFlight(version));
                    byte[] answer = client.getInputStream().readNBytes(7);
                    assertThat(answer).as(version).startsWith(21, 3); // an alert
                    assertThat(answer[6]).isEqualTo((byte) 70); // protocol_version
                }
            }
            assertThat(origin.connections()).isZero();
        }
    }

    /// What a client of an old version sends first.
    private static byte[] firstFlight(String version) throws IOException {
        SslContext context =
                SslContextBuilder.forClient().sslProvider(SslProvider.OPENSSL).protocols(version).build();
        SSLEngine engine = context.newEngine(ByteBufAllocator.DEFAULT, "api.test", 443);
        java.nio.ByteBuffer out = java.nio.ByteBuffer.allocate(32 * 1024);
        engine.wrap(java.nio.ByteBuffer.allocate(0), out);
        return java.util.Arrays.copyOf(out.array(), out.position());
    }

    @Test
    @Tag("B049") @Tag("B051")
    void aSessionOfOneSandboxIsNothingToAnother() throws Exception {
        try (FlowRig one = new FlowRig(BLOCK, ALLOW);
                FlowRig two = new FlowRig(BLOCK, ALLOW);
                Origin origin = Origin.answering(one.originTls.serverFor("api.test"), OK)) {
            X509Certificate ofOne = one.slot.authority().orElseThrow().certificate();
            X509Certificate ofTwo = two.slot.authority().orElseThrow().certificate();
            SSLContext trusting = TestTls.clientTrusting(ofOne);
            try (SSLSocket client = (SSLSocket) trusting.getSocketFactory()
                    .createSocket(one.toName("api.test", origin.port()), "api.test", 443, true)) {
                FlowRig.send(client, get("api.test", origin.port()));
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            }
            // The same client with the same session cache offers its ticket to the other sandbox, which must not take it.
            try (Socket plain = two.toName("api.test", origin.port())) {
                SSLSocket client = (SSLSocket) trusting.getSocketFactory().createSocket(plain, "api.test", 443, true);
                assertThatThrownBy(client::startHandshake).isInstanceOf(SSLException.class);
            }
            assertThatThrownBy(() -> ofTwo.verify(ofOne.getPublicKey())).isInstanceOf(java.security.GeneralSecurityException.class);
        }
    }

    @Test
    @Tag("B050")
    void aFloodOfNamesCostsTimeOnly() throws Exception {
        try (FlowRig rig = new FlowRig(BLOCK, ALLOW)) {
            for (int i = 0; i < 300; i++) {
                rig.slot.leaves().orElseThrow().forHost(new dev.declaw.model.network.HostName("n" + i + ".test"));
            }
            try (SSLSocket client = rig.tlsToName("n0.test", 443)) {
                assertThat(client.getSession().isValid()).isTrue();
            }
            for (String odd : List.of("*.test", "a..test", "-a.test")) {
                try (Socket plain = rig.toName("api.test", 443)) {
                    assertThatThrownBy(() -> FlowRig.tls(plain, odd, rig.originTls.root()))
                            .isInstanceOfAny(IOException.class, IllegalArgumentException.class);
                }
            }
        }
    }

    @Test
    @Tag("B052")
    void aClientThatSharesNoProtocolIsReadAsHttp1() throws Exception {
        try (FlowRig rig = new FlowRig(BLOCK, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            X509Certificate root = rig.slot.authority().orElseThrow().certificate();
            for (String protocol : List.of("http/1.1", "http/1.0", "acme-tls/1", "spdy/3")) {
                try (SSLSocket client = FlowRig.tls(rig.toName("api.test", origin.port()), "api.test", root, protocol)) {
                    assertThat(client.getApplicationProtocol()).isEqualTo(protocol.equals("http/1.1") ? protocol : "");
                    FlowRig.send(client, get("api.test", origin.port()));
                    assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
                }
            }
            try (SSLSocket client = FlowRig.tls(rig.toName("api.test", origin.port()), "api.test", root, "h2", "http/1.1")) {
                assertThat(client.getApplicationProtocol()).isEqualTo("h2");
            }
        }
    }

    @Test
    @Tag("B067")
    void http2WithoutNegotiationReachesNobody() throws Exception {
        String preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0" + CANARY;
        try (FlowRig rig = new FlowRig(BLOCK, ALLOW);
                Origin origin = Origin.answering(null, OK)) {
            try (Socket client = rig.toName("api.test", origin.port())) {
                FlowRig.send(client, preface);
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 505 ");
            }
            try (Socket client = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, preface);
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 505 ");
            }
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @Tag("B069")
    void aBodyIsFramedAndScreenedWhateverTheMethod() throws Exception {
        try (FlowRig rig = new FlowRig(BLOCK, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            for (String method : List.of("GET", "HEAD", "DELETE", "OPTIONS")) {
                try (Socket client = rig.tlsToName("api.test", origin.port())) {
                    FlowRig.send(client, method + " / HTTP/1.1\r\nHost: api.test:" + origin.port()
                            + "\r\nContent-Length: 11\r\n\r\n123-45-6789");
                    assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ");
                }
            }
            // What stands behind a length of zero is the next request, and judged as one.
            try (Socket client = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, "GET / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Length: 0\r\n\r\n"
                        + get("evil.test", origin.port()));
                assertThat(FlowRig.readAll(client)).contains("HTTP/1.1 200 ", "HTTP/1.1 421 ");
            }
            assertThat(origin.received()).doesNotContain(CANARY, "123-45");
        }
    }

    @Test
    @Tag("B069")
    void anOriginThatAnswersEarlyGetsNoOtherRequest() throws Exception {
        Origin.Script early = connection -> {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) head.append((char) connection.read());
            connection.write(OK);
            while (connection.read() >= 0) {}
        };
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, early)) {
            for (int i = 0; i < 2; i++) {
                try (Socket client = rig.toName("api.test", origin.port())) {
                    FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Length: 100\r\n\r\nabc");
                    assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 200 ").contains("Connection: close");
                }
            }
            assertThat(origin.connections()).isEqualTo(2);
        }
    }

    @Test
    @Tag("B077")
    void sandboxesShareNoUpstreamConnection() throws Exception {
        try (FlowRig one = new FlowRig(BLOCK, ALLOW);
                Origin origin = Origin.answering(one.originTls.serverFor("api.test"), OK)) {
            try (Socket client = one.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, get("api.test", origin.port()));
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            }
            try (FlowRig two = new FlowRig(BLOCK, ALLOW);
                    Socket client = two.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, get("api.test", origin.port()));
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            }
            assertThat(origin.connections()).isEqualTo(2);
        }
    }

    @Test
    @Tag("B090")
    void noByteLeavesBeforeTheWholeBodyWasJudged() throws Exception {
        try (FlowRig rig = new FlowRig(BLOCK, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            String body = CANARY + " 123-45-6789";
            FlowRig.send(client, "POST /" + CANARY + " HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Length: "
                    + body.length() + "\r\n\r\n");
            for (char c : body.substring(0, body.length() - 1).toCharArray()) {
                FlowRig.send(client, String.valueOf(c));
                assertThat(origin.connections()).isZero();
            }
            FlowRig.send(client, "9");
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ");
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @Tag("B133") @Tag("B075")
    void aHostileSandboxDoesNotKeepAnotherFromItsAnswers() throws Exception {
        EgressConfig.Limits limits = new EgressConfig.Limits(32 * 1024, 100, 1024 * 1024, 32, 1_500, 5_000, 2_000, 8);
        try (FlowRig hostile = new FlowRig(null, ALLOW, limits);
                FlowRig other = new FlowRig(null, ALLOW, limits);
                Origin origin = Origin.answering(null, OK)) {
            Socket[] held = new Socket[60];
            try {
                for (int i = 0; i < held.length; i++) {
                    held[i] = hostile.toName("api.test", origin.port());
                    try {
                        FlowRig.send(held[i], "GET / HTTP/1.1\r\nX: ");
                    } catch (java.net.SocketException reset) {
                        // beyond the limit a connection is cut, now and then before its first byte
                    }
                }
                for (int i = 0; i < 20; i++) {
                    try (Socket client = other.toName("api.test", origin.port())) {
                        FlowRig.send(client, get("api.test", origin.port()));
                        assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
                    }
                }
                hostile.awaitBlocked("limit_reached");
            } finally {
                for (Socket socket : held) if (socket != null) socket.close();
            }
        }
    }

    @Test
    @Tag("B133")
    void oneSandboxHasABoundedNumberOfConnections() throws Exception {
        EgressConfig.Limits one = new EgressConfig.Limits(32 * 1024, 100, 1024, 1, 1_500, 5_000, 2_000, 8);
        try (FlowRig rig = new FlowRig(null, ALLOW, one);
                Socket first = rig.toName("api.test", 80)) {
            FlowRig.send(first, "GET");
            try (Socket second = rig.toName("api.test", 80)) {
                assertThat(FlowRig.readAll(second)).isEqualTo("<reset>");
            }
            rig.awaitBlocked("limit_reached");
        }
    }

    @Test
    @Tag("B133")
    void theSandboxesOfATenantHaveABoundedNumberOfConnectionsTogether() throws Exception {
        TenantConnections tenant = new TenantConnections(2);
        try (FlowRig one = new FlowRig(null, ALLOW);
                FlowRig other = new FlowRig(null, ALLOW)) {
            one.slot.tenant(tenant);
            other.slot.tenant(tenant);
            try (Socket first = one.toName("api.test", 80);
                    Socket second = one.toName("api.test", 80)) {
                FlowRig.send(first, "GET");
                FlowRig.send(second, "GET");
                awaitOpen(tenant, 2);
                try (Socket third = other.toName("api.test", 80)) {
                    assertThat(FlowRig.readAll(third)).isEqualTo("<reset>");
                }
                other.awaitBlocked("limit_reached");
            }
            awaitOpen(tenant, 0);
        }
    }

    private static void awaitOpen(TenantConnections tenant, int wanted) throws InterruptedException {
        for (int i = 0; tenant.open() != wanted; i++) {
            assertThat(i).as("tries, while %d are open", tenant.open()).isLessThan(1000);
            Thread.sleep(10);
        }
    }

    @Test
    @Tag("B137")
    void absoluteFormIsJudgedByItsAuthorityAndSentInOriginForm() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK)) {
            String host = "api.test:" + origin.port();
            try (Socket client = rig.toName("api.test", origin.port())) {
                FlowRig.send(client, "GET http://" + host + "/x?y HTTP/1.1\r\nHost: " + host
                        + "\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic " + CANARY + "\r\n\r\n");
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
                assertThat(origin.received()).isEqualTo("GET /x?y HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
            }
            try (Socket client = rig.toName("api.test", origin.port())) {
                FlowRig.send(client, "GET http://evil.test:" + origin.port() + "/ HTTP/1.1\r\nHost: evil.test:" + origin.port() + "\r\n\r\n");
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 421 ");
            }
        }
    }

    @Test
    @Tag("B128")
    void whatStandsInAPathCannotBreakALineOfTheAudit() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toName("api.test", origin.port())) {
            String path = "/%0a%0d\"},{\"event\":\"forged\"}" + "x".repeat(20_000);
            FlowRig.send(client, "GET " + path.replace(" ", "") + " HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n");
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            String line = rig.await(e -> e.event().equals("egress_allowed")).toJson().toString();
            assertThat(line).doesNotContain("\n", "\"event\":\"forged\"").hasSizeLessThan(16 * 1024);
            assertThat(new String(line.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)).isEqualTo(line);
        }
    }
}
