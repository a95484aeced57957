package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlainHttpFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"api.test\"]}";
    private static final String CANARY = "canary-9f27c1";

    private static String get(String host, int port) {
        return "GET /" + CANARY + " HTTP/1.1\r\nHost: " + host + ":" + port + "\r\n\r\n";
    }

    @Test
    @Tag("B023")
    void anAllowedRequestReachesTheOriginInCanonicalForm() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(
                    client,
                    "GET /a?token=secret HTTP/1.1\r\nhost:API.test:" + origin.port()
                            + "\r\nX-Two:  spaced \r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n\r\n");
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            assertThat(origin.received())
                    .isEqualTo("GET /a?token=secret HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nX-Two: spaced\r\n\r\n");
            var event = rig.await(e -> e.event().equals("egress_allowed"));
            assertThat(event.toJson().toString())
                    .contains("\"path\":\"/a?token=***\"", "\"rule\":\"api.test\"", "\"address\":\"127.0.0.1\"")
                    .contains("\"policy_version\":7", "\"protocol\":\"http\"");
            var closed = rig.await(e -> e.event().equals("egress_closed"));
            assertThat(closed.attributes()).containsEntry("status", 200L);
        }
    }

    @Test
    @Tag("B132")
    void aDeniedNameIsAnsweredWithTheReasonAndReachesNobody() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toName("evil.test", origin.port())) {
            FlowRig.send(client, get("evil.test", origin.port()));
            String answer = FlowRig.readAll(client);
            var event = rig.awaitBlocked("not_in_allow_list");
            assertThat(answer)
                    .startsWith("HTTP/1.1 403 Forbidden\r\n")
                    .contains("X-Declaw-Reason: not_in_allow_list\r\n", "Connection: close\r\n")
                    .contains("{\"error\":\"request blocked by security policy\",\"code\":\"not_in_allow_list\",\"reason\":\"")
                    .endsWith("\"scanner\":null,\"audit_id\":\"" + event.id() + "\"}");
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @Tag("B068")
    void eachPipelinedRequestIsDecidedAndNothingFollowsABlock() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(
                    client,
                    get("api.test", origin.port()).replace(CANARY, "1")
                            + get("evil.test", origin.port())
                            + get("api.test", origin.port()));
            String answer = FlowRig.readAll(client);
            assertThat(answer).startsWith(OK + "HTTP/1.1 421 Misdirected Request\r\n").containsOnlyOnce("HTTP/1.1 200");
            assertThat(origin.received()).contains("GET /1").doesNotContain(CANARY);
            rig.awaitBlocked("name_mismatch");
        }
    }

    @ParameterizedTest
    @CsvSource({"evil.test,421", "127.0.0.1,421", "api.test:1,421", "api.test@evil.test,400", "2130706433,400"})
    @Tag("B025")
    void aHostThatIsNotTheDestinationIsRefused(String host, int status) throws Exception {
        try (FlowRig rig = new FlowRig(null, "{\"allow_out\":[\"*.test\"]}");
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toName("api.test", origin.port())) {
            String text = host.contains(":") ? host : host + ":" + origin.port();
            FlowRig.send(client, "GET /" + CANARY + " HTTP/1.1\r\nHost: " + text + "\r\n\r\n");
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 " + status + " ");
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @Tag("B014") @Tag("B016")
    void anAddressThatANameResolvesToIsCheckedWithAllItsSiblings() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toName("api.test", origin.port())) {
            rig.names.put(
                    "api.test",
                    List.of(InetAddress.getLoopbackAddress(), InetAddress.getByName("169.254.169.254")));
            FlowRig.send(client, get("api.test", origin.port()));
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("metadata_endpoint");
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @Tag("B028") @Tag("B036")
    void aBareAddressNeedsAnIpRuleAndAHostHeaderDoesNotReplaceIt() throws Exception {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK)) {
            try (Socket client = rig.toAddress(loopback, origin.port())) {
                FlowRig.send(client, get("127.0.0.1", origin.port()));
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("address_not_public");
            }
            // The guest claims an allowed name for an address of its choice: what we resolve is dialled, not that address.
            try (Socket client = rig.toAddress(InetAddress.getByName("203.0.113.9"), origin.port())) {
                rig.names.put("api.test", List.of(loopback));
                FlowRig.send(client, get("api.test", origin.port()));
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            }
            try (Socket client = rig.toAddress(InetAddress.getByName("169.254.169.254"), origin.port())) {
                FlowRig.send(client, get("api.test", origin.port()));
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("metadata_endpoint");
            }
        }
        try (FlowRig rig = new FlowRig(null, "{\"allow_out\":[\"127.0.0.0/8\"]}");
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toAddress(loopback, origin.port())) {
            FlowRig.send(client, get("127.0.0.1", origin.port()));
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
        }
    }

    @Test
    @Tag("B004") @Tag("B005")
    void theProxysOwnListenerIsNoDestination() throws Exception {
        try (FlowRig rig = new FlowRig(null, "{\"allow_out\":[\"127.0.0.0/8\",\"api.test\"]}")) {
            try (Socket client = rig.toAddress(InetAddress.getLoopbackAddress(), rig.proxyPort())) {
                assertThat(FlowRig.readAll(client)).isEqualTo("<reset>");
            }
            rig.awaitBlocked("address_not_public");
            try (Socket client = rig.toName("api.test", rig.proxyPort())) {
                FlowRig.send(client, get("api.test", rig.proxyPort()));
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ");
            }
        }
    }

    @Test
    @Tag("B127")
    void aSinkThatFailsLetsNothingOut() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, get("api.test", origin.port()).replace(CANARY, "1"));
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            rig.await(e -> e.event().equals("egress_closed"));
            rig.auditBroken = true;
            FlowRig.send(client, get("api.test", origin.port()));
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 503 ").contains("audit_unavailable");
            assertThat(origin.received()).doesNotContain(CANARY);
        }
    }

    @Test
    @Tag("B003") @Tag("B043")
    void webSocketsAndOtherProtocolsAreRefused() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK)) {
            try (Socket client = rig.toName("api.test", origin.port())) {
                FlowRig.send(
                        client,
                        "GET / HTTP/1.1\r\nHost: api.test:" + origin.port()
                                + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("unsupported_protocol");
            }
            for (String bytes : List.of("SSH-2.0-" + CANARY + "\r\n", "\0\0\0\10\4\322\26/", "get / HTTP/1.1\r\n", "\u0080abc")) {
                try (Socket client = rig.toName("api.test", origin.port())) {
                    FlowRig.send(client, bytes);
                    assertThat(FlowRig.readAll(client)).isEqualTo("<reset>");
                }
            }
            rig.awaitBlocked("unsupported_protocol");
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @Tag("B003") @Tag("B044")
    void opaqueTcpPassesOnlyWhereARuleNamesTheAddress() throws Exception {
        Origin.Script greet = connection -> {
            connection.write("220 server first\r\n");
            while (connection.read() >= 0) {}
        };
        try (FlowRig rig = new FlowRig(null, "{\"allow_out\":[\"127.0.0.1\"]}");
                Origin origin = new Origin(null, greet);
                Socket client = rig.toAddress(InetAddress.getLoopbackAddress(), origin.port())) {
            byte[] greeting = client.getInputStream().readNBytes(18);
            assertThat(new String(greeting, StandardCharsets.US_ASCII)).isEqualTo("220 server first\r\n");
            FlowRig.send(client, "HELO\0\r\n");
            client.shutdownOutput();
            assertThat(FlowRig.readAll(client)).isEmpty();
            assertThat(origin.received()).isEqualTo("HELO\0\r\n");
            var event = rig.await(e -> e.event().equals("egress_closed"));
            assertThat(event.attributes()).containsEntry("bytes_up", 7L).containsEntry("bytes_down", 18L);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi",
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
                "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nhi",
                "garbage\r\n\r\n",
                "",
            })
    @Tag("B071")
    void aHostileResponseIsAnsweredWith502(String response) throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, connection -> {
                    connection.readRequest();
                    connection.write(response);
                });
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, get("api.test", origin.port()));
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 502 ").contains("upstream_unreachable");
        }
    }

    @Test
    @Tag("B071")
    void anEndlessRowOfInterimResponsesIsCut() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, connection -> {
                    connection.readRequest();
                    while (true) connection.write("HTTP/1.1 103 Early Hints\r\n\r\n");
                });
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, get("api.test", origin.port()));
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 502 ");
        }
    }

    @Test
    @Tag("B071")
    void surplusBehindAResponseIsNeverTakenForTheNextOne() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, connection -> {
                    while (connection.readRequest() != null) {
                        connection.write(OK + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
                    }
                });
                Socket client = rig.toName("api.test", origin.port())) {
            for (int i = 0; i < 3; i++) {
                FlowRig.send(client, get("api.test", origin.port()));
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            }
            assertThat(origin.connections()).isEqualTo(3);
        }
    }

    @Test
    @Tag("B076") @Tag("B116")
    void aBodyThatIsCutShortUpstreamNeverEndsCleanly() throws Exception {
        for (String response : List.of(
                "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")) {
            try (FlowRig rig = new FlowRig(null, ALLOW);
                    Origin origin = new Origin(null, connection -> {
                        connection.readRequest();
                        connection.write(response);
                    });
                    Socket client = rig.toName("api.test", origin.port())) {
                FlowRig.send(client, get("api.test", origin.port()));
                assertThat(FlowRig.readAll(client)).contains("hi").endsWith("<reset>").doesNotContain("\r\n0\r\n");
            }
        }
    }

    @Test
    void aResponseUntilCloseIsReframed() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, connection -> {
                    connection.readRequest();
                    connection.write("HTTP/1.0 200 OK\r\n\r\nhello");
                });
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, get("api.test", origin.port()));
            assertThat(FlowRig.readResponse(client))
                    .isEqualTo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        }
    }

    @Test
    @Tag("B060") @Tag("B062") @Tag("B070")
    void aRequestBodyIsStreamedAndReframed() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(
                    client,
                    "POST / HTTP/1.1\r\nHost: api.test:" + origin.port()
                            + "\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
            assertThat(FlowRig.readResponse(client)).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            FlowRig.send(client, "3;" + CANARY + "\r\nabc\r\n0\r\nX-Trailer: " + CANARY + "\r\n\r\n");
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            assertThat(origin.received())
                    .endsWith("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
                    .doesNotContain(CANARY, "Expect");
        }
    }

    @Test
    void anOriginThatClosedItsIdleConnectionIsAskedAgain() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, connection -> {
                    connection.readRequest();
                    connection.write(OK);
                    connection.readRequest(); // and closes without an answer
                });
                Socket client = rig.toName("api.test", origin.port())) {
            for (int i = 0; i < 3; i++) {
                FlowRig.send(client, get("api.test", origin.port()));
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            }
        }
    }

    @Test
    void anUnreachableOriginIsA502() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW)) {
            int port;
            try (Origin origin = Origin.answering(null, OK)) {
                port = origin.port();
            }
            try (Socket client = rig.toName("api.test", port)) {
                FlowRig.send(client, get("api.test", port));
                assertThat(FlowRig.readAll(client))
                        .startsWith("HTTP/1.1 502 ")
                        .contains("\"error\":\"upstream request failed\"", "upstream_unreachable");
            }
            rig.names.put("gone.test", List.of());
            try (Socket client = rig.toName("gone.test", port)) {
                FlowRig.send(client, get("gone.test", port));
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ");
            }
        }
    }

    @Test
    @Tag("B044") @Tag("B075") @Tag("B130")
    void everyConnectionLeavesATrace() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW)) {
            rig.toName("api.test", 80).close();
            rig.await(e -> "ended before a request".equals(e.attributes().get("detail")));
            try (Socket silent = rig.toName("api.test", 80)) {
                FlowRig.readAll(silent);
                rig.awaitBlocked("timed_out");
            }
            try (Socket slow = rig.toName("api.test", 80)) {
                FlowRig.send(slow, "GET / HTTP/1.1\r\nHost: ");
                assertThat(FlowRig.readAll(slow)).startsWith("HTTP/1.1 408 ");
            }
        }
    }

    @Test
    @Tag("B077")
    void closingTheSlotCutsItsConnections() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(null, OK);
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, get("api.test", origin.port()));
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            rig.slot.close();
            assertThat(FlowRig.readAll(client)).isIn("", "<reset>");
            FlowRig.eventually(() -> rig.slot.openChannels() == 0);
            assertThat(catchConnect(rig)).isTrue();
        }
    }

    private static boolean catchConnect(FlowRig rig) {
        try (Socket _ = rig.toName("api.test", 80)) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    @Tag("B134")
    void aSlowReaderHoldsTheOriginBackInsteadOfFillingMemory() throws Exception {
        int total = 64 * 1024 * 1024;
        AtomicLong written = new AtomicLong();
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, connection -> {
                    connection.readRequest();
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + total + "\r\n\r\n");
                    String piece = "x".repeat(64 * 1024);
                    for (int sent = 0; sent < total; sent += piece.length()) {
                        connection.write(piece);
                        written.addAndGet(piece.length());
                    }
                });
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, get("api.test", origin.port()));
            InputStream in = client.getInputStream();
            assertThat(in.read()).isEqualTo('H');
            // Until the origin's writes stand still: socket buffers of both legs are full, and ours hold little.
            long[] last = {-1, System.nanoTime()};
            FlowRig.eventually(() -> {
                if (written.get() != last[0]) {
                    last[0] = written.get();
                    last[1] = System.nanoTime();
                }
                return System.nanoTime() - last[1] > 300_000_000L;
            });
            assertThat(written.get()).isLessThan(24L * 1024 * 1024);
            int head = "TTP/1.1 200 OK\r\nContent-Length: \r\n\r\n".length() + Integer.toString(total).length();
            byte[] buffer = new byte[256 * 1024];
            for (int left = head + total; left > 0; ) {
                int n = in.read(buffer, 0, Math.min(left, buffer.length));
                assertThat(n).isPositive();
                left -= n;
            }
        }
    }
}
