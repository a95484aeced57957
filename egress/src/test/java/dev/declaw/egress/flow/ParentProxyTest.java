package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Upstream connections through an operator's HTTP proxy.
class ParentProxyTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String INTERCEPT = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\"],\"rehydrate_response\":false}}";

    /// A proxy that opens tunnels to where it is asked to.
    private static void tunnel(Origin.Connection connection) throws IOException {
        String request = connection.readRequest();
        if (request == null) return;
        String authority = request.substring(8, request.indexOf(' ', 8));
        int colon = authority.lastIndexOf(':');
        try (Socket out = new Socket(authority.substring(0, colon), Integer.parseInt(authority.substring(colon + 1)))) {
            connection.write("HTTP/1.1 200 Connection established\r\nVia: parent\r\n\r\n");
            Thread back = Thread.ofVirtual().start(() -> {
                try {
                    out.getInputStream().transferTo(connection.socket().getOutputStream());
                } catch (IOException e) {
                    // one of the two ended
                }
            });
            connection.socket().getInputStream().transferTo(out.getOutputStream());
            out.shutdownOutput();
            back.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static FlowRig rig(String security, Origin parent) throws IOException {
        return new FlowRig(
                security, ALLOW, FlowRig.LIMITS, Optional.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), parent.port())));
    }

    @Test
    void requestsPassThroughTheParentToTheCheckedAddress() throws Exception {
        try (Origin parent = new Origin(null, ParentProxyTest::tunnel);
                FlowRig rig = rig(INTERCEPT, parent);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Origin plain = Origin.answering(null, OK)) {
            try (Socket client = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, "GET /secret HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n");
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            }
            try (Socket client = rig.toName("api.test", plain.port())) {
                FlowRig.send(client, "GET /secret HTTP/1.1\r\nHost: api.test:" + plain.port() + "\r\n\r\n");
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            }
            assertThat(parent.received()).startsWith("CONNECT 127.0.0.1:" + origin.port() + " HTTP/1.1\r\nHost: 127.0.0.1:")
                    .contains("CONNECT 127.0.0.1:" + plain.port() + " HTTP/1.1\r\n")
                    .doesNotContain("secret", "api.test");
            assertThat(rig.await(e -> e.event().equals("egress_allowed")).attributes()).containsEntry("address", "127.0.0.1");
        }
    }

    @Test
    void aNameWithAForbiddenAddressNeverReachesTheParent() throws Exception {
        try (Origin parent = new Origin(null, ParentProxyTest::tunnel);
                FlowRig rig = rig(INTERCEPT, parent)) {
            rig.names.put("evil.test", List.of(InetAddress.getByName("169.254.169.254")));
            try (Socket client = rig.tlsToName("evil.test", 443)) {
                FlowRig.send(client, "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n");
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("metadata_endpoint");
            }
            assertThat(parent.connections()).isZero();
        }
    }

    @Test
    void aParentThatRefusesIsAFailureAndNoWayAround() throws Exception {
        for (String answer : List.of(
                "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n", "garbage\r\n\r\n", "")) {
            Origin.Script script = connection -> {
                connection.readRequest();
                connection.write(answer);
            };
            try (Origin parent = new Origin(null, script);
                    FlowRig rig = rig(INTERCEPT, parent);
                    Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                    Socket client = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, "GET / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n");
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 502 ").contains("upstream_unreachable");
                assertThat(origin.connections()).isZero();
            }
        }
    }
}
