package dev.declaw.egress.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestParserTest {
    private static final HeadLimits LIMITS = new HeadLimits(2048, 20);

    /// What came of a message: the canonical form that would be sent, or the status of the refusal, or "incomplete".
    private static String outcome(String text, int... cuts) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        RequestParser parser = new RequestParser(LIMITS, false);
        BodyReader body = null;
        ByteBuf in = Unpooled.buffer();
        StringBuilder out = new StringBuilder();
        int from = 0;
        int[] ends = java.util.Arrays.copyOf(cuts, cuts.length + 1);
        ends[cuts.length] = bytes.length;
        try {
            for (int end : ends) {
                in.writeBytes(bytes, from, end - from);
                from = end;
                while (true) {
                    if (body == null) {
                        RequestHead head = parser.parse(in);
                        if (head == null) break;
                        ByteBuf canonical = Unpooled.buffer();
                        new HeadWriter()
                                .request(
                                        head.method(),
                                        head.target(),
                                        head.authority().hostText(),
                                        head.fields(),
                                        head.framing(),
                                        canonical);
                        out.append(canonical.toString(StandardCharsets.ISO_8859_1));
                        body = new BodyReader(head.framing());
                    } else {
                        ByteBuf data = body.read(in);
                        if (data != null) {
                            out.append(data.toString(StandardCharsets.ISO_8859_1));
                            data.release();
                        } else if (!body.done()) {
                            break;
                        }
                    }
                    if (body != null && body.done()) {
                        out.append("<end>");
                        body = null;
                    }
                }
            }
        } catch (HttpViolation e) {
            return out + "<" + e.status() + ">";
        }
        return out + (body != null || in.isReadable() || parser.begun() ? "<incomplete>" : "");
    }

    private static String get(String fields) {
        return "GET / HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n";
    }

    private static String post(String framing, String body) {
        return "POST / HTTP/1.1\r\nHost: a.test\r\n" + framing + "\r\n" + body;
    }

    private static String chunked(String body) {
        return post("Transfer-Encoding: chunked\r\n", body);
    }

    static Stream<String> refused() {
        List<String> all = new ArrayList<>();
        // start line
        all.add("GET /\r\n");
        all.add("GET\r\n");
        all.add("GET / HTTP/1.1 \r\nHost: a.test\r\n\r\n");
        all.add("GET / HTTP/1.1\t\r\nHost: a.test\r\n\r\n");
        all.add("GET  / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add("GET /  HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add(" GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add("GET\t/ HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add("get / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add("G\u00c9T / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add("GET/ HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add("A".repeat(33) + " / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        for (String version : List.of(
                "HTTP/0.9", "HTTP/2.0", "HTTP/2", "HTTP/1.2", "HTTP/1.10", "HTTP/01.1", "http/1.1", "HTTP/1,1", "HTTP 1.1",
                "ICE/1.0", "HTTP/1.1\0", "HTTP/1.1 x")) {
            all.add("GET / " + version + "\r\nHost: a.test\r\n\r\n");
        }
        all.add("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        all.add("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add("TRACE / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add("TRACK / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        for (String target : List.of(
                "*", "a.test", "?q", "/a\tb", "/a\0b", "/a\u00e9", "/a#frag", "/a\u007f", "http://user@a.test/", "http:///x",
                "https://a.test/", "ftp://a.test/", "http://a.test:99999/", "http://a.test:/", "http://b.test/",
                "http://a.test:81/", "http://a.test\\@b.test/", "//")) {
            if (!target.equals("//")) all.add("GET " + target + " HTTP/1.1\r\nHost: a.test\r\n\r\n");
        }
        // line ends and control characters
        all.add("GET / HTTP/1.1\nHost: a.test\r\n\r\n");
        all.add("GET / HTTP/1.1\r\nHost: a.test\n\r\n");
        all.add("GET / HTTP/1.1\r\nHost: a.test\r\n\n");
        all.add("GET / HTTP/1.1\rHost: a.test\r\n\r\n");
        all.add("\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add("\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        all.add("\0GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        for (String line : List.of(
                "X : 1", " X: 1", "X", ": 1", "X\t: 1", "X\0: 1", "X: a\0b", "X: a\rb", "X: a\u0001b", "X: a\u007fb",
                "X(: 1", "X\u00e9: 1", "X@y: 1", "X: 1\r\n folded", "X: 1\r\n\tfolded", "X: \u000b", "\u00a0X: 1", "X\"y: 1",
                "X y: 1", "X: a\u001bb")) {
            all.add(get(line + "\r\n"));
        }
        // Host
        all.add("GET / HTTP/1.1\r\n\r\n");
        all.add("GET / HTTP/1.0\r\n\r\n");
        all.add(get("Host: a.test\r\n"));
        all.add(get("Host: b.test\r\n"));
        for (String host : List.of(
                "", "a.test:", "a.test:0", "a.test:080", "a.test:+80", "a.test:80:80", "a.test:80@b.test", "user@a.test",
                "a.test:65536", "a.test:8o", "a..test", ".a.test", "a.test..", "-a.test", "a-.test", "a.test/", "a.test?x",
                "a.test#x", "a test", "a,b", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "[::1", "::1",
                "[fe80::1%25eth0]", "[127.0.0.1]", "a.test\\b", "\u00e9.test", "a\u0000.test", "x".repeat(64) + ".test")) {
            all.add("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        }
        // framing
        for (String framing : List.of(
                "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
                "Content-Length: 3\r\nContent-Length: 3\r\n",
                "Content-Length: 3\r\nContent-Length: 4\r\n",
                "Content-Length: 3, 3\r\n",
                "Content-Length: +3\r\n",
                "Content-Length: -3\r\n",
                "Content-Length: -0\r\n",
                "Content-Length: 0x3\r\n",
                "Content-Length: 03\r\n",
                "Content-Length: 3 3\r\n",
                "Content-Length: 3;\r\n",
                "Content-Length: 3.0\r\n",
                "Content-Length: \r\n",
                "Content-Length: 9999999999999999999\r\n",
                "Content-Length: 18446744073709551619\r\n",
                "Content-Length: \u00b3\r\n",
                "Content-Length : 3\r\n",
                "content-length: 3\r\nCONTENT-LENGTH: 3\r\n",
                "Transfer-Encoding: xchunked\r\n",
                "Transfer-Encoding: chunkedx\r\n",
                "Transfer-Encoding: chunked, identity\r\n",
                "Transfer-Encoding: identity, chunked\r\n",
                "Transfer-Encoding: chunked, chunked\r\n",
                "Transfer-Encoding: chunked,\r\n",
                "Transfer-Encoding: ,chunked\r\n",
                "Transfer-Encoding: identity\r\n",
                "Transfer-Encoding: gzip, chunked\r\n",
                "Transfer-Encoding: gzip\r\n",
                "Transfer-Encoding: \u000bchunked\r\n",
                "Transfer-Encoding: chunked\0\r\n",
                "Transfer-Encoding: \"chunked\"\r\n",
                "Transfer-Encoding: chunked;q=1\r\n",
                "Transfer-Encoding: \r\n",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
                "Transfer-Encoding : chunked\r\n",
                "Transfer-Encoding\r\n : chunked\r\n",
                " Transfer-Encoding: chunked\r\n",
                "Transfer-Encoding: chun\r\n ked\r\n")) {
            all.add(post(framing, "abc"));
        }
        all.add("POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        // chunks
        for (String body : List.of(
                "3\nabc\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n", "3\r\nabc\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n",
                "+3\r\nabc\r\n", "-3\r\nabc\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n", "\r\n", "g\r\n", "123456789\r\n",
                "0000000003\r\nabc\r\n", "3;a=\"\r\nabc\r\n", "3;a=\0\r\nabc\r\n", "3;a\nabc\r\n", "3 ;a\r\nabc\r\n", "3,a\r\nabc\r\n",
                "3;" + "x".repeat(300) + "\r\nabc\r\n", "3\rabc\r\n", "0\r\nX : 1\r\n\r\n", "0\r\n folded\r\n\r\n", "0\r\nX\r\n\r\n",
                "0\r\nX: 1\n\r\n", "3\r\nabc\r0\r\n\r\n")) {
            all.add(chunked(body));
        }
        // hop-by-hop tricks
        for (String name : List.of("Host", "authorization", "Content-Length", "TRANSFER-ENCODING", "Cookie", "Content-Type")) {
            all.add(get("Connection: close, " + name + "\r\n"));
        }
        all.add(get("Connection: a b\r\n"));
        all.add(get("Expect: 100-continue\r\nExpect: 100-continue\r\n"));
        all.add(get("Expect: 100-continue, x\r\n"));
        all.add(get("Expect: 200-ok\r\n"));
        // limits
        all.add(get("X: 1\r\n".repeat(20)));
        all.add(get("X: " + "a".repeat(2048) + "\r\n"));
        all.add("GET /" + "a".repeat(3000));
        return all.stream();
    }

    @Test
    void theListOfRefusedMessagesIsLong() {
        assertThat(refused().count()).isGreaterThanOrEqualTo(150);
    }

    @ParameterizedTest
    @MethodSource("refused")
    @Tag("B024") @Tag("B025") @Tag("B026") @Tag("B027") @Tag("B031") @Tag("B055") @Tag("B056") @Tag("B057") @Tag("B058") @Tag("B059") @Tag("B060") @Tag("B061") @Tag("B063") @Tag("B064") @Tag("B065") @Tag("B067") @Tag("B073") @Tag("B074") @Tag("B075")
    void refusesWhatTwoParsersCouldReadDifferently(String message) {
        assertThat(outcome(message)).matches("(?s).*<(400|405|417|431|505)>");
    }

    @ParameterizedTest
    @MethodSource("refused")
    void refusesTheSameWhenEveryByteComesAlone(String message) {
        int[] cuts = new int[message.length()];
        for (int i = 0; i < cuts.length; i++) cuts[i] = i;
        assertThat(outcome(message, cuts)).isEqualTo(outcome(message));
    }

    @ParameterizedTest
    @MethodSource("refused")
    @Tag("B055") @Tag("B057") @Tag("B060")
    void refusesTheSameWhereverTheMessageIsCut(String message) {
        String whole = outcome(message);
        for (int cut = 0; cut <= message.length(); cut++) {
            String parted = outcome(message, cut);
            if (!parted.equals(whole)) fail("cut at " + cut + ": " + parted + " instead of " + whole);
        }
    }

    static Stream<String> accepted() {
        return Stream.of(
                get(""),
                "\r\n" + get(""),
                get("X:1\r\nY: \t two words \t\r\nZ:\r\n"),
                get("X: \u00e9\u00ff\r\n"),
                "GET http://A.test/x?y HTTP/1.1\r\nHost: a.test:80\r\n\r\n",
                "GET http://a.test?y HTTP/1.1\r\nHost: a.test\r\n\r\n",
                "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
                "GET //x HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n",
                "GET /%2e%2e/{a}|b HTTP/1.0\r\nHost: 192.0.2.1\r\nConnection: keep-alive\r\n\r\n",
                post("Content-Length: 3\r\n", "abc") + get(""),
                post("Content-Length: 0\r\n", "") + post("Content-Length: 1\r\n", "x"),
                chunked("3\r\nabc\r\n10;ext=\"v\"\r\n0123456789abcdef\r\n0\r\n\r\n") + get(""),
                chunked("00\r\nTrailer: dropped\r\nAuthorization: x\r\n\r\n"),
                post("transfer-encoding: Chunked\r\nExpect: 100-Continue\r\n", "1\r\nx\r\n0\r\n\r\n"),
                get("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade, HTTP2-Settings\r\nProxy-Foo: 1\r\n"),
                get("Connection: close\r\nConnection: X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\n"));
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void readsTheSameWhereverTheMessageIsCut(String message) {
        String whole = outcome(message);
        assertThat(whole).endsWith("<end>");
        for (int first = 0; first <= message.length(); first++) {
            assertThat(outcome(message, first)).as("cut at %d", first).isEqualTo(whole);
        }
        int[] cuts = new int[message.length()];
        for (int i = 0; i < cuts.length; i++) cuts[i] = i;
        assertThat(outcome(message, cuts)).isEqualTo(whole);
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void aMessageThatIsCutShortIsNeverComplete(String message) {
        int ends = outcome(message).split("<end>", -1).length;
        for (int length = 0; length < message.length(); length++) {
            assertThat(outcome(message.substring(0, length)).split("<end>", -1).length).isLessThan(ends);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void aMessageWithOneByteChangedIsReadTheSameHoweverItIsCut(long seed) {
        Random random = new Random(seed);
        List<String> corpus = accepted().toList();
        for (int round = 0; round < 300; round++) {
            StringBuilder message = new StringBuilder(corpus.get(random.nextInt(corpus.size())));
            message.setCharAt(random.nextInt(message.length()), (char) random.nextInt(256));
            String text = message.toString();
            int a = random.nextInt(text.length());
            int b = a + random.nextInt(text.length() - a);
            assertThat(outcome(text, a, b)).as("round %d", round).isEqualTo(outcome(text));
        }
    }

    @Test
    @Tag("B064") @Tag("B066") @Tag("B137")
    void takesHopByHopFieldsOutAndWritesTheCanonicalForm() {
        assertThat(outcome(get("Upgrade: h2c\r\nHTTP2-Settings: x\r\nConnection: X-Hop, upgrade\r\nX-Hop: 1\r\nX-End: 2\r\n"
                        + "Proxy-Authorization: x\r\nTrailer: y\r\nTE: trailers\r\nExpect: 100-continue\r\n")))
                .isEqualTo("GET / HTTP/1.1\r\nHost: a.test\r\nX-End: 2\r\n\r\n<end>");
    }

    @Test
    @Tag("B060") @Tag("B062")
    void dropsChunkExtensionsAndTrailers() {
        assertThat(outcome(chunked("3;secret=canary\r\nabc\r\n0;x\r\nX-Trailer: canary\r\n\r\n")))
                .isEqualTo("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\nabc<end>");
    }

    @Test
    void noticesAWebSocketHandshake() throws HttpViolation {
        RequestParser parser = new RequestParser(LIMITS, false);
        ByteBuf in = Unpooled.copiedBuffer(get("Upgrade: WebSocket\r\nConnection: Upgrade\r\n"), StandardCharsets.ISO_8859_1);
        assertThat(parser.parse(in).websocket()).isTrue();
    }
}
