package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import org.junit.jupiter.api.Test;

class InterceptedFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String REDACT = "{\"pii\":{\"enabled\":true,\"action\":\"redact\"}}";

    @Test
    void anInterceptedRequestReachesTheOriginOverVerifiedTls() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            for (int i = 0; i < 3; i++) {
                FlowRig.send(client, "GET /" + i + " HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n");
                assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            }
            assertThat(origin.connections()).isEqualTo(1);
        }
    }
}
