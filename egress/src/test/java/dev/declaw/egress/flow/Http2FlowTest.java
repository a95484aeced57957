package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class Http2FlowTest {
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String REDACT = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\",\"email\"],\"action\":\"redact\"}}";
    private static final String BLOCK = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\"],\"action\":\"block\"}}";
    /// Intercepts, and screens nothing that the tests send.
    private static final String OPEN = "{\"pii\":{\"enabled\":true,\"types\":[\"credit_card\"],\"rehydrate_response\":false}}";
    private static final String SSN = "123-45-6789";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Origin: 1\r\nKeep-Alive: x\r\n\r\nhi";

    /// An origin of HTTP/2 that sends every body back with a trailer, and keeps what it got.
    private static final class Echo implements Origin.Script {
        final BlockingQueue<Http2Peer.Message> requests = new LinkedBlockingQueue<>();
        volatile Http2Peer peer;

        @Override
        public void play(Origin.Connection connection) throws IOException {
            peer = connection.http2();
            Http2Peer.Frame frame;
            while ((frame = peer.read()) != null) {
                Http2Peer.Message message = peer.message(frame.stream());
                boolean ends = (frame.flags() & Http2Peer.END_STREAM) != 0;
                if (frame.type() > Http2Peer.HEADERS || !ends) continue;
                requests.add(message);
                peer.headers(frame.stream(), false, ":status", "200", "content-type", "application/grpc");
                peer.data(frame.stream(), false, message.text());
                peer.headers(frame.stream(), true, "grpc-status", "0", "x-custom-trailer", "kept");
            }
        }

        Http2Peer.Message next() throws InterruptedException {
            Http2Peer.Message request = requests.poll(8, TimeUnit.SECONDS);
            if (request == null) throw new AssertionError("the origin got no request");
            return request;
        }
    }

    private static String authority(Origin origin) {
        return "api.test:" + origin.port();
    }

    @Test
    @DisplayName("B052 h2 is kept for the guest and translated to an origin of HTTP/1.1 in canonical form")
    void anH2RequestReachesAnH1Origin() throws Exception {
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.headers(1, true, ":method", "GET", ":scheme", "https", ":authority", "API.test:" + origin.port(), ":path", "/a?b=c",
                    "x-two", "2", "te", "trailers", "cookie", "a=1", "cookie", "b=2", "proxy-foo", "x");
            Http2Peer.Message answer = peer.await(1);
            assertThat(answer.fields).containsEntry(":status", "200").containsEntry("x-origin", "1").doesNotContainKeys("keep-alive", "connection");
            assertThat(answer.text()).isEqualTo("hi");
            assertThat(origin.received()).isEqualTo("GET /a?b=c HTTP/1.1\r\nHost: " + authority(origin)
                    + "\r\nx-two: 2\r\ncookie: a=1; b=2\r\n\r\n");
            var event = rig.await(e -> e.event().equals("egress_allowed"));
            assertThat(event.attributes()).containsEntry("protocol", "https").containsEntry("method", "GET");
            peer.headers(3, false, ":method", "POST", ":scheme", "https", ":authority", authority(origin), ":path", "/p");
            peer.data(3, false, "abc");
            peer.data(3, true, "def");
            assertThat(peer.await(3).status()).isEqualTo("200");
            assertThat(origin.received()).contains("POST /p HTTP/1.1\r\n", "abc", "def");
        }
    }

    @Test
    @DisplayName("B086 gRPC works: h2 on both legs, trailers kept")
    void anH2RequestReachesAnH2Origin() throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo, "h2")) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            for (int stream = 1; stream < 20; stream += 2) {
                peer.headers(stream, false, ":method", "POST", ":scheme", "https", ":authority", authority(origin), ":path", "/pkg.Svc/M",
                        "content-type", "application/grpc", "te", "trailers", "grpc-timeout", "1S");
                peer.data(stream, true, "\0\0\0\0\3abc");
            }
            for (int stream = 1; stream < 20; stream += 2) {
                Http2Peer.Message answer = peer.await(stream);
                assertThat(answer.status()).isEqualTo("200");
                assertThat(answer.text()).isEqualTo("\0\0\0\0\3abc");
                assertThat(answer.trailers).containsEntry("grpc-status", "0").containsEntry("x-custom-trailer", "kept");
            }
            Http2Peer.Message request = echo.next();
            assertThat(request.fields)
                    .containsEntry(":authority", authority(origin))
                    .containsEntry(":scheme", "https")
                    .containsEntry("te", "trailers")
                    .containsEntry("grpc-timeout", "1S")
                    .doesNotContainKey("host");
            assertThat(origin.connections()).as("streams share one connection").isEqualTo(1);
        }
    }

    @Test
    @DisplayName("B035 B079 every stream's authority must be the server name; the others go on")
    void frontingIsMisdirectedPerStream() throws Exception {
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.get(1, "other.test:" + origin.port(), "/canary");
            peer.get(3, authority(origin), "/fine");
            peer.get(5, "api.test", "/canary");
            assertThat(peer.await(1).status()).isEqualTo("421");
            assertThat(peer.await(1).text()).contains("name_mismatch");
            assertThat(peer.await(5).status()).isEqualTo("421");
            assertThat(peer.await(3).status()).isEqualTo("200");
            assertThat(origin.received()).contains("/fine").doesNotContain("canary");
            rig.awaitBlocked("name_mismatch");
        }
    }

    static Stream<List<String>> malformed() {
        List<String> good = List.of(":method", "GET", ":scheme", "https", ":authority", "$A", ":path", "/canary");
        return Stream.of(
                List.of(":method", "GET", ":scheme", "https", ":path", "/canary"),
                with(good, ":authority", "$A"),
                with(good, "host", "other.test"),
                replaced(good, "$A", "user@$A"),
                replaced(good, "$A", "$A, $A"),
                replaced(good, "$A", ""),
                replaced(good, "https", "http"),
                replaced(good, "GET", "get"),
                replaced(good, "GET", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"),
                replaced(good, "GET", "CONNECT"),
                replaced(good, "GET", "TRACE"),
                replaced(good, "/canary", "/canary HTTP/1.1\r\nX: y"),
                replaced(good, "/canary", "canary"),
                replaced(good, "/canary", ""),
                replaced(good, "/canary", "/canary\u00e9"),
                replaced(good, "/canary", "/canary#f"),
                replaced(good, "/canary", "https://api.test/canary"),
                with(good, "x", "a\r\nhost: evil.test"),
                with(good, "x", "a\nb"),
                with(good, "x", "a\0b"),
                with(good, "x", " a"),
                with(good, "x", "a\t"),
                with(good, "X-Upper", "a"),
                with(good, "x y", "a"),
                with(good, "x:y", "a"),
                with(good, "", "a"),
                with(good, "x\r\ny", "a"),
                with(good, "transfer-encoding", "chunked"),
                with(good, "connection", "close"),
                with(good, "keep-alive", "1"),
                with(good, "proxy-connection", "close"),
                with(good, "upgrade", "websocket"),
                with(good, "te", "gzip"),
                with(good, "content-length", "5"),
                with(good, "content-length", "+0"),
                with(good, ":protocol", "websocket"),
                with(good, ":status", "200"),
                with(good, ":unknown", "x"),
                List.of(":method", "GET", ":scheme", "https", ":authority", "$A"),
                with(good, "expect", "200-ok"));
    }

    private static List<String> with(List<String> fields, String... more) {
        return Stream.concat(fields.stream(), Arrays.stream(more)).toList();
    }

    private static List<String> replaced(List<String> fields, String from, String to) {
        return fields.stream().map(text -> text.equals(from) ? to : text).toList();
    }

    @ParameterizedTest
    @MethodSource("malformed")
    @DisplayName("B080 B081 B084 a head that HTTP/1.1 could read differently goes nowhere")
    void malformedHeadsAreRefused(List<String> fields) throws Exception {
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.headers(1, true, fields.stream().map(text -> text.replace("$A", authority(origin))).toArray(String[]::new));
            Http2Peer.Message answer = peer.await(1);
            assertThat(answer.status()).isIn("400", "405", "417", null);
            assertThat(answer.status() != null || answer.reset > 0).isTrue();
            rig.awaitBlocked("malformed_request");
            peer.get(3, authority(origin), "/fine");
            assertThat(peer.await(3).status()).as("the connection goes on").isEqualTo("200");
            assertThat(origin.received()).doesNotContain("canary");
        }
    }

    @Test
    @DisplayName("B081 data that does not add up to Content-Length never looks complete")
    void lengthsMustAddUp() throws Exception {
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            for (String body : List.of("ab", "abcdef")) {
                Http2Peer peer = rig.http2ToName("api.test", origin.port());
                peer.headers(1, false, ":method", "POST", ":scheme", "https", ":authority", authority(origin), ":path", "/", "content-length", "4");
                peer.data(1, true, body);
                assertThat(peer.await(1).status()).isNotEqualTo("200");
                rig.await(e -> e.event().equals("egress_blocked") && e.reason().equals(java.util.Optional.of("malformed_request")));
            }
            assertThat(origin.received()).doesNotEndWith("abcd");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 100})
    @DisplayName("I9 B098 personal data is found over DATA frames, and put back in the answer")
    void personalDataIsReplaced(int size) throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo, "h2")) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            String body = "{\"ssn\":\"" + SSN + "\"}";
            peer.headers(1, false, ":method", "POST", ":scheme", "https", ":authority", authority(origin), ":path", "/?m=a.b@example.com",
                    "content-type", "application/json", "x-note", SSN);
            for (int at = 0; at < body.length(); at += size) {
                int end = Math.min(body.length(), at + size);
                peer.data(1, end == body.length(), body.substring(at, end));
            }
            Http2Peer.Message request = echo.next();
            assertThat(request.text()).isEqualTo("{\"ssn\":\"REDACTED_SSN_1\"}");
            assertThat(request.fields).containsEntry("x-note", "REDACTED_SSN_1").containsEntry(":path", "/?m=REDACTED_EMAIL_1");
            assertThat(rig.events().toString()).doesNotContain(SSN);
        }
    }

    @Test
    @DisplayName("B132 a block is 403 with JSON, and a gRPC status for gRPC")
    void blocksSpeakTheClientsLanguage() throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(BLOCK, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo, "h2")) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            for (String type : List.of("application/json", "application/grpc")) {
                int stream = type.endsWith("json") ? 1 : 3;
                peer.headers(stream, false, ":method", "POST", ":scheme", "https", ":authority", authority(origin), ":path", "/", "content-type", type);
                // for gRPC: one message that is not compressed, of 20 bytes, with one field of text
                peer.data(stream, true, (stream == 3 ? "\0\0\0\0\24\n\22" : "") + "my ssn " + SSN);
            }
            Http2Peer.Message json = peer.await(1);
            assertThat(json.status()).isEqualTo("403");
            assertThat(json.text()).contains("\"code\":\"pii_blocked\"");
            Http2Peer.Message grpc = peer.await(3);
            assertThat(grpc.fields).containsEntry(":status", "200").containsEntry("grpc-status", "7").containsEntry("content-type", "application/grpc");
            assertThat(grpc.fields.get("grpc-message")).contains("personal data");
            assertThat(echo.requests).isEmpty();
        }
    }

    @Test
    @DisplayName("B130 a denied name is told so on every stream")
    void aDeniedNameIsToldSo() throws Exception {
        try (FlowRig rig = new FlowRig(OPEN, "{\"allow_out\":[\"api.test\"]}");
                Origin origin = Origin.answering(rig.originTls.serverFor("evil.test"), OK)) {
            Http2Peer peer = rig.http2ToName("evil.test", origin.port());
            peer.get(1, "evil.test:" + origin.port(), "/");
            assertThat(peer.await(1).status()).isEqualTo("403");
            assertThat(peer.await(1).text()).contains("not_in_allow_list");
            rig.awaitBlocked("not_in_allow_list");
            assertThat(origin.connections()).isZero();
        }
    }

    @Test
    @DisplayName("B083 fields that may be secrets are never-indexed literals towards the origin")
    void secretsLeaveNoTraceInTables() throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo, "h2")) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.headers(1, true, ":method", "GET", ":scheme", "https", ":authority", authority(origin), ":path", "/", "x-api-key", "k");
            peer.await(1);
            echo.next();
            byte[] block = echo.peer.headerBlocks.getFirst();
            boolean found = false;
            for (int i = 0; i + 1 < block.length; i++) {
                // a literal that is never indexed with a new name (RFC 7541 §6.2.3) has the first byte 0001 0000
                found |= block[i] == 0x10 && (block[i + 1] & 127) > 0;
            }
            assertThat(found).isTrue();
        }
    }

    @Test
    @DisplayName("B084 extended CONNECT is not offered")
    void extendedConnectIsNotOffered() throws Exception {
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.get(1, authority(origin), "/");
            peer.await(1);
            assertThat(peer.settings).doesNotContainEntry(8, 1L).containsKeys(3, 6);
            assertThat(peer.settings.get(3)).isLessThanOrEqualTo(100);
        }
    }

    @Test
    @DisplayName("B085 pushed responses and foreign frames of an origin go nowhere")
    void pushIsRefused() throws Exception {
        Origin.Script pushing = connection -> {
            Http2Peer peer = connection.http2();
            int stream = peer.awaitRequest();
            byte[] promise = Http2Peer.block(":method", "GET", ":scheme", "https", ":authority", "api.test", ":path", "/pushed");
            byte[] payload = new byte[4 + promise.length];
            payload[3] = 2;
            System.arraycopy(promise, 0, payload, 4, promise.length);
            peer.frame(Http2Peer.PUSH_PROMISE, Http2Peer.END_HEADERS, stream, payload);
            peer.drain();
        };
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), pushing, "h2")) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.get(1, authority(origin), "/");
            assertThat(peer.await(1).status()).isEqualTo("502");
        }
    }

    @Test
    @DisplayName("B071 B116 a hostile or broken answer of an h2 origin is a 502, or a reset once it has begun")
    void hostileAnswersAreRefused() throws Exception {
        for (List<String> head : List.of(
                List.of(":status", "200", "connection", "close"),
                List.of(":status", "101"),
                List.of(":status", "2000"),
                List.of(":status", "200", ":status", "200"),
                List.of("x", "y"),
                List.of(":status", "200", "x", "a\r\nset-cookie: b"),
                List.of(":status", "200", "transfer-encoding", "chunked"))) {
            assertThat(answerOf((peer, stream) -> peer.headers(stream, true, head.toArray(String[]::new))).status()).isEqualTo("502");
        }
        Http2Peer.Message cut = answerOf((peer, stream) -> {
            peer.headers(stream, false, ":status", "200", "content-length", "10");
            peer.data(stream, true, "short");
        });
        assertThat(cut.ended).isFalse();
        assertThat(cut.reset).isPositive();
        Http2Peer.Message reset = answerOf((peer, stream) -> {
            peer.headers(stream, false, ":status", "200");
            peer.data(stream, false, "begun");
            peer.frame(Http2Peer.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 2});
        });
        assertThat(reset.ended).isFalse();
        assertThat(reset.reset).isPositive();
    }

    private interface Answer {
        void give(Http2Peer peer, int stream) throws IOException;
    }

    private static Http2Peer.Message answerOf(Answer answer) throws Exception {
        Origin.Script script = connection -> {
            Http2Peer peer = connection.http2();
            answer.give(peer, peer.awaitRequest());
            peer.drain();
        };
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), script, "h2")) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.get(1, authority(origin), "/");
            return peer.await(1);
        }
    }

    @Test
    @DisplayName("B062 request trailers go nowhere")
    void requestTrailersAreDropped() throws Exception {
        Echo echo = new Echo();
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo, "h2")) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.headers(1, false, ":method", "POST", ":scheme", "https", ":authority", authority(origin), ":path", "/");
            peer.data(1, false, "abc");
            peer.headers(1, true, "x-canary", "canary");
            Http2Peer.Message request = echo.next();
            assertThat(request.text()).isEqualTo("abc");
            assertThat(request.trailers).isEqualTo(Map.of());
            assertThat(peer.await(1).text()).isEqualTo("abc");
        }
    }

    @Test
    @DisplayName("B088 a slow answer on one stream holds up no other")
    void streamsDoNotWaitForEachOther() throws Exception {
        BlockingQueue<Integer> go = new LinkedBlockingQueue<>();
        Origin.Script script = connection -> {
            String request = connection.readRequest();
            if (request == null) return;
            try {
                if (request.contains("/slow")) go.take();
            } catch (InterruptedException e) {
                return;
            }
            connection.write(OK);
        };
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), script)) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.get(1, authority(origin), "/slow");
            for (int stream = 3; stream < 15; stream += 2) {
                peer.get(stream, authority(origin), "/fast");
                assertThat(peer.await(stream).status()).isEqualTo("200");
            }
            assertThat(peer.message(1).headed).isFalse();
            go.add(1);
            assertThat(peer.await(1).status()).isEqualTo("200");
        }
    }

    @Test
    @DisplayName("B114 B115 each piece of an answer reaches the guest before the next one is sent")
    void answersAreStreamed() throws Exception {
        BlockingQueue<String> pieces = new LinkedBlockingQueue<>();
        Origin.Script script = connection -> {
            Http2Peer peer = connection.http2();
            int stream = peer.awaitRequest();
            peer.headers(stream, false, ":status", "200", "content-type", "text/event-stream");
            try {
                while (true) peer.data(stream, false, pieces.take());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), script, "h2")) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.get(1, authority(origin), "/");
            Http2Peer.Message answer = peer.awaitHead(1);
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < 5; i++) {
                String event = "data: " + i + "\n\n";
                all.append(event);
                pieces.add(event);
                while (answer.body.size() < all.length()) peer.read();
                assertThat(answer.body.toString(StandardCharsets.US_ASCII)).isEqualTo(all.toString());
            }
        }
    }
}
