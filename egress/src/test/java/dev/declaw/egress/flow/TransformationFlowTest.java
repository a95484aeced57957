package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Transformations both ways, through a real TLS origin.
class TransformationFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";

    private static String rules(String... rules) {
        return ("{'transformations':[" + String.join(",", rules) + "]}").replace('\'', '"');
    }

    private static String sent(String policy, String line, String fields, String body) throws Exception {
        try (FlowRig rig = new FlowRig(policy, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(
                    client,
                    line + " HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n" + fields
                            + (body.isEmpty() ? "" : "Content-Length: " + body.length() + "\r\n") + "\r\n" + body);
            String answer = FlowRig.readResponse(client);
            return answer.startsWith("HTTP/1.1 200 ") ? origin.received() : answer;
        }
    }

    private static String answered(String policy, String response) throws Exception {
        try (FlowRig rig = new FlowRig(policy, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), connection -> {
                    connection.readRequest();
                    connection.write(response);
                });
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, "GET / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nConnection: close\r\n\r\n");
            return FlowRig.readAll(client);
        }
    }

    @Tag("B110")
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "application/json | {'a':'key sk-1','b':[' sk-2 '],'sk-3':1} | {'a':'key <&\\\"1\\\">','b':[' <&\\\"2\\\"> '],'sk-3':1}",
                "text/plain | sk-1 and sk-2 | <&'1'> and <&'2'>",
                "application/x-www-form-urlencoded | a=x+sk-1&b=sk%2D2&c=1 | a=x%20%3C%26%221%22%3E&b=%3C%26%222%22%3E&c=1"
            })
    @Tag("B110")
    void theResultIsDataInEveryFormat(String type, String body, String expected) throws Exception {
        String policy = rules("{'match':'sk-(\\\\d)','replace':'<&\\\"$1\\\">'}");
        assertThat(sent(policy, "POST /", "Content-Type: " + type + "\r\n", body.replace('\'', '"')))
                .endsWith("\r\n\r\n" + expected.replace('\'', '"'));
    }

    @Tag("B110")
    @Test
    @Tag("B110")
    void aRuleCannotAddAParameterOrAHeader() throws Exception {
        assertThat(sent(rules("{'match':'x','replace':'1&admin=1#/../'}"), "GET /p/x?q=x&r=%78", "X-A: y\r\n", ""))
                .startsWith("GET /p/1%26admin%3D1%23%2F..%2F?q=1%26admin%3D1%23%2F..%2F&r=1%26admin%3D1%23%2F..%2F HTTP/1.1");
        assertThat(sent(rules("{'match':'y','replace':'a\\r\\nX-B: 1'}"), "GET /", "X-A: y\r\n", ""))
                .startsWith("HTTP/1.1 403 ")
                .contains("\"code\":\"unsafe_rewrite\"");
    }

    @Test
    @Tag("B110")
    void rulesRunInTheirOrderAndBeforePersonalDataIsLookedFor() throws Exception {
        String policy = rules("{'match':'a','replace':'b'}", "{'match':'b','replace':'c'}", "{'match':'id:','replace':'ssn '}")
                .replaceFirst("\\{", "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\"]},");
        assertThat(sent(policy, "POST /", "Content-Type: text/plain\r\n", "ab id:123-45-6789")).endsWith("cc ssn REDACTED_SSN_1");
    }

    @Test
    void headersAndTheQueryAreRewrittenAsTheHostedProductShows() throws Exception {
        String policy = rules("{'match':'Bearer .*','replace':'Bearer other'}", "{'match':'api_key=.*','replace':'api_key=XX'}");
        assertThat(sent(policy, "GET /v1?api_key=abc&z=1", "Authorization: Bearer secret\r\n", ""))
                .startsWith("GET /v1?api_key=XX&z=1 HTTP/1.1")
                .contains("Authorization: Bearer other\r\n");
    }

    @Test
    void inboundRulesRewriteWholeBodiesAndNothingElse() throws Exception {
        String policy = rules("{'match':'internal-(\\\\w+)','replace':'\\\"[\\\\1]\\\"','direction':'inbound'}");
        String body = "{\"host\":\"internal-db1\",\"n\":1.0}";
        assertThat(answered(policy, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body))
                .contains("{\"host\":\"\\\"[db1]\\\"\",\"n\":1.0}");
        assertThat(sent(policy, "POST /", "Content-Type: text/plain\r\n", "internal-db1")).endsWith("internal-db1");
        String image = "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 12\r\n\r\ninternal-db1";
        assertThat(answered(policy, image)).endsWith("internal-db1");
    }

    @Test
    void inboundRulesReadWhatIsCompressedUnasked() throws Exception {
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
            out.write("see internal-db1".getBytes(StandardCharsets.US_ASCII));
        }
        String body = zipped.toString(StandardCharsets.ISO_8859_1);
        String policy = rules("{'match':'internal-(\\\\w+)','replace':'[$1]','direction':'both'}");
        assertThat(answered(policy, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: " + body.length() + "\r\n\r\n" + body))
                .contains("see [db1]")
                .doesNotContain("Content-Encoding");
        assertThat(answered(policy, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: compress\r\nContent-Length: 3\r\n\r\nabc"))
                .doesNotContain("abc");
    }

    @Test
    void inboundRulesRewriteEventsAsTheyCome() throws Exception {
        String policy = rules("{'match':'secret','replace':'\\\"s\\\"','direction':'in'}");
        String events = "event: secret\r\ndata: {\"delta\":\"a secret\"}\r\n\r\ndata: [secret]\r\n\r\n";
        assertThat(answered(policy, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + events))
                .contains("event: secret\r\ndata: {\"delta\":\"a \\\"s\\\"\"}\r\n\r\n", "data: [\"s\"]\r\n\r\n");
    }

    @Test
    @Tag("B111")
    void tokensCutBetweenEventsAreTurnedBackOverTheWire() throws Exception {
        String policy = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\"]}}";
        try (FlowRig rig = new FlowRig(policy, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), connection -> {
                    connection.readRequest();
                    connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
                    for (String piece : new String[] {"it is REDA", "CTED_SS", "N_1", " ok"}) {
                        connection.write("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + piece + "\"}}]}\n\n");
                    }
                    connection.write("data: [DONE]\n\n");
                });
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(
                    client,
                    "POST / HTTP/1.1\r\nHost: api.test:" + origin.port()
                            + "\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 15\r\n\r\nssn 123-45-6789");
            assertThat(FlowRig.readAll(client)).contains("it is 123-45-6789", "\" ok\"", "[DONE]").doesNotContain("REDA");
        }
    }
}
