package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import org.junit.jupiter.api.Test;

class PlainHttpFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"api.test\"]}";

    @Test
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
                    .contains("\"path\":\"/a?token=***\"", "\"rule\":\"api.test\"", "\"address\":\"127.0.0.1\"");
            var closed = rig.await(e -> e.event().equals("egress_closed"));
            assertThat(closed.attributes()).containsEntry("status", 200L);
        }
    }
}
