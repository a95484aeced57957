package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// That nothing is kept back: neither time, which an agent sees as a stall, nor memory.
class StreamingFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String REDACT = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\"],\"action\":\"redact\"}}";
    private static final String SSN = "123-45-6789";
    /// MiB of the large bodies; 10240 shows what the documents promise, and takes minutes.
    private static final long LARGE_BYTES = Long.getLong("declaw.test.large.mib", 192) << 20;
    /// What buffers of both legs may hold at any time; the bodies are many times that.
    private static final long BUFFERS_BYTES_MAX = 48L << 20;

    /// Each item is sent only when the test asks for it.
    private static final class Paced implements Origin.Script {
        private final String head;
        final BlockingQueue<String> pieces = new LinkedBlockingQueue<>();

        Paced(String head) {
            this.head = head;
        }

        @Override
        public void play(Origin.Connection connection) throws IOException {
            if (connection.readRequest() == null) return;
            connection.write(head);
            try {
                while (true) connection.write(pieces.take());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static String awaitText(InputStream in, StringBuilder seen, String wanted) throws IOException {
        while (seen.indexOf(wanted) < 0) {
            int b = in.read();
            if (b < 0) throw new AssertionError("the connection ended at " + seen);
            seen.append((char) b);
        }
        return seen.toString();
    }

    @ParameterizedTest
    @CsvSource({"text/event-stream,false", "text/event-stream,true", "application/x-ndjson,false", "application/x-ndjson,true"})
    @DisplayName("B114 B115 each event reaches the guest before the next one is sent")
    void eventsAreFlushedAsTheyCome(String type, boolean rehydrating) throws Exception {
        for (String framing : List.of("Transfer-Encoding: chunked\r\n", "")) {
            boolean chunked = !framing.isEmpty();
            Paced paced = new Paced("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n" + framing + "\r\n");
            try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                    Origin origin = new Origin(rig.originTls.serverFor("api.test"), paced);
                    Socket client = rig.tlsToName("api.test", origin.port())) {
                String body = rehydrating ? "{\"ssn\":\"" + SSN + "\"}" : "{}";
                FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port()
                        + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
                StringBuilder seen = new StringBuilder();
                awaitText(client.getInputStream(), seen, "\r\n\r\n");
                for (int i = 0; i < 5; i++) {
                    String event = "data: {\"n\":" + i + ",\"text\":\"RED\"}\n\n";
                    paced.pieces.add(chunked ? Integer.toHexString(event.length()) + "\r\n" + event + "\r\n" : event);
                    awaitText(client.getInputStream(), seen, event);
                }
            }
        }
    }

    @Test
    @DisplayName("B111 only what may still become a token is held back, at every cut")
    void aTokenCutAnywhereIsTurnedBack() throws Exception {
        String token = "REDACTED_SSN_1";
        for (int cut = 1; cut < token.length(); cut++) {
            Paced paced = new Paced("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
            try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                    Origin origin = new Origin(rig.originTls.serverFor("api.test"), paced);
                    Socket client = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port()
                        + "\r\nContent-Length: " + SSN.length() + "\r\n\r\n" + SSN);
                StringBuilder seen = new StringBuilder();
                paced.pieces.add("data: before " + token.substring(0, cut));
                awaitText(client.getInputStream(), seen, "data: before ");
                paced.pieces.add(token.substring(cut) + " after\n\n");
                assertThat(awaitText(client.getInputStream(), seen, " after\n\n")).contains(SSN).doesNotContain("REDACTED");
            }
        }
    }

    @Test
    @DisplayName("B035 TLS that is opened without a stage is judged request by request, and its bodies stream")
    void anOpenedConnectionWithoutStagesHoldsNothing() throws Exception {
        BlockingQueue<Character> seen = new LinkedBlockingQueue<>();
        Origin.Script reading = connection -> {
            for (int b = connection.read(); b >= 0; b = connection.read()) seen.add((char) b);
        };
        try (FlowRig rig = new FlowRig("{\"intercept\":true}", ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), reading);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, "POST /a?key=" + SSN + " HTTP/1.1\r\nHost: api.test:" + origin.port()
                    + "\r\nContent-MD5: kept\r\nTransfer-Encoding: chunked\r\n\r\n");
            StringBuilder got = new StringBuilder();
            for (String piece : List.of("first " + SSN, "second", "third")) {
                FlowRig.send(client, Integer.toHexString(piece.length()) + "\r\n" + piece + "\r\n");
                while (got.indexOf(piece) < 0) {
                    Character c = seen.poll(8, TimeUnit.SECONDS);
                    assertThat(c).as("after %s", got).isNotNull();
                    got.append(c);
                }
            }
            assertThat(got.toString()).contains("Content-MD5: kept");
            assertThat(rig.await(event -> event.event().equals("egress_allowed")).attributes())
                    .containsEntry("protocol", "https")
                    .containsEntry("path", "/a?key=***");
        }
        try (FlowRig rig = new FlowRig("{\"intercept\":true}", ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, "GET / HTTP/1.1\r\nHost: other.test:" + origin.port() + "\r\n\r\n");
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 421 ");
        }
    }

    @Test
    void aRequestBodyReachesTheOriginPieceByPiece() throws Exception {
        BlockingQueue<Character> seen = new LinkedBlockingQueue<>();
        Origin.Script reading = connection -> {
            for (int b = connection.read(); b >= 0; b = connection.read()) seen.add((char) b);
        };
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, reading);
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nTransfer-Encoding: chunked\r\n\r\n");
            StringBuilder got = new StringBuilder();
            for (int i = 0; i < 5; i++) {
                String line = "{\"line\":" + i + "}\n";
                FlowRig.send(client, Integer.toHexString(line.length()) + "\r\n" + line + "\r\n");
                while (got.indexOf(line) < 0) {
                    Character c = seen.poll(8, TimeUnit.SECONDS);
                    assertThat(c).as("after %s", got).isNotNull();
                    got.append(c);
                }
            }
        }
    }

    @Test
    @DisplayName("B070 the decision comes before 100 Continue, and Expect is never forwarded")
    void aDeniedRequestIsNotAskedForItsBody() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, "{\"allow_out\":[\"api.test\"]}");
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            String fields = ":" + origin.port() + "\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
            try (Socket client = rig.tlsToName("evil.test", origin.port())) {
                FlowRig.send(client, "POST / HTTP/1.1\r\nHost: evil.test" + fields);
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").doesNotContain("100 Continue");
            }
            try (Socket client = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test" + fields);
                assertThat(FlowRig.readResponse(client)).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
                assertThat(origin.connections()).isZero();
                FlowRig.send(client, "hi");
                assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 200 ");
                assertThat(origin.received()).endsWith("hi").doesNotContain("Expect");
            }
            for (String expect : List.of("100-continue, x", "200-ok", "100-continue\r\nExpect: 100-continue", "")) {
                try (Socket client = rig.tlsToName("api.test", origin.port())) {
                    FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test" + fields.replace("100-continue", expect));
                    assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 417 ");
                }
            }
        }
    }

    @Test
    @DisplayName("B134 a large response passes with flat memory")
    void aLargeResponseNeedsNoMemory() throws Exception {
        Origin.Script sending = connection -> {
            connection.readRequest();
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + LARGE_BYTES + "\r\n\r\n");
            pour(connection.socket().getOutputStream());
        };
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, sending);
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, "GET / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n");
            awaitText(client.getInputStream(), new StringBuilder(), "\r\n\r\n");
            drain(client.getInputStream(), LARGE_BYTES);
        }
    }

    @Test
    @DisplayName("B134 a large request passes with flat memory, no faster than the origin reads")
    void aLargeRequestNeedsNoMemory() throws Exception {
        Origin.Script reading = connection -> {
            awaitText(connection.socket().getInputStream(), new StringBuilder(), "\r\n\r\n");
            drain(connection.socket().getInputStream(), LARGE_BYTES);
            connection.write(OK);
        };
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, reading);
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Length: " + LARGE_BYTES + "\r\n\r\n");
            pour(client.getOutputStream());
            client.setSoTimeout(60_000);
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
        }
    }

    @Test
    @DisplayName("B089 B098 a redacted body far above what is held reaches the origin piece by piece, in flat memory")
    void aLargeRequestIsRedactedAsItComes() throws Exception {
        int items = 400_000;
        String item = "{\"n\":1,\"ssn\":\"" + SSN + "\",\"text\":\"nothing to see in this line of the body, or the next\"}\n";
        AtomicLong redacted = new AtomicLong();
        AtomicLong peak = new AtomicLong();
        Origin.Script reading = connection -> {
            String request = awaitText(connection.socket().getInputStream(), new StringBuilder(), "\r\n\r\n");
            assertThat(request).contains("Transfer-Encoding: chunked").doesNotContain("Content-Length");
            var metric = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
            java.io.BufferedReader lines = new java.io.BufferedReader(new java.io.InputStreamReader(connection.socket().getInputStream()), 1 << 16);
            for (String line = lines.readLine(); line != null && !line.equals("0"); line = lines.readLine()) {
                if (line.contains(SSN)) throw new AssertionError("it left: " + line);
                if (line.contains("REDACTED_SSN_1")) redacted.incrementAndGet();
                peak.accumulateAndGet(metric.usedDirectMemory() + metric.usedHeapMemory(), Math::max);
            }
            connection.write(OK);
        };
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), reading);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Type: application/x-ndjson\r\nContent-Length: "
                    + (long) items * item.length() + "\r\n\r\n");
            byte[] many = item.repeat(1000).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            for (int i = 0; i < items / 1000; i++) client.getOutputStream().write(many);
            client.setSoTimeout(60_000);
            assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 200 OK").endsWith("hi\r\n0\r\n\r\n");
            assertThat(redacted.get()).isBetween(items - 40L, (long) items); // a chunk's end may cut a line of the reader above
            assertThat(peak.get()).isLessThan(BUFFERS_BYTES_MAX);
            assertThat(rig.await(event -> event.event().equals("egress_closed")).attributes().toString()).contains("ssn=" + items);
        }
    }

    @Test
    @DisplayName("B089 a body that turns out to be no text after its begin has left never looks complete")
    void aBodyThatIsRefusedHalfWayIsCut() throws Exception {
        StringBuilder seen = new StringBuilder();
        Origin.Script reading = connection -> {
            for (int b = connection.read(); b >= 0; b = connection.read()) seen.append((char) b);
        };
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), reading);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            String filler = "some words of a text ".repeat(50_000);
            FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Type: text/plain\r\nContent-Length: "
                    + (filler.length() + 3) + "\r\n\r\n" + filler + "\u00ff\u00fe ");
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("undecodable_body");
            assertThat(rig.awaitBlocked("undecodable_body").attributes()).containsEntry("detail", "after the begin of its body");
            assertThat(seen.toString()).doesNotEndWith("0\r\n\r\n");
        }
    }

    private static void pour(OutputStream out) throws IOException {
        byte[] piece = new byte[256 * 1024];
        for (long sent = 0; sent < LARGE_BYTES; sent += piece.length) out.write(piece);
        out.flush();
    }

    private static void drain(InputStream in, long bytes) throws IOException {
        var metric = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
        byte[] buffer = new byte[256 * 1024];
        long left = bytes;
        while (left > 0) {
            int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (n < 0) throw new AssertionError(left + " bytes are missing");
            left -= n;
            assertThat(metric.usedDirectMemory()).isLessThan(BUFFERS_BYTES_MAX);
        }
    }

    @Test
    @DisplayName("B134 a slow origin holds the guest back instead of filling memory")
    void aSlowOriginHoldsTheGuestBack() throws Exception {
        AtomicLong written = new AtomicLong();
        long total = 64L << 20;
        BlockingQueue<Boolean> go = new LinkedBlockingQueue<>();
        Origin.Script slow = connection -> {
            awaitText(connection.socket().getInputStream(), new StringBuilder(), "\r\n\r\n");
            try {
                go.take();
            } catch (InterruptedException e) {
                return;
            }
            drain(connection.socket().getInputStream(), total);
            connection.write(OK);
        };
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, slow);
                Socket client = rig.toName("api.test", origin.port())) {
            FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Length: " + total + "\r\n\r\n");
            Thread writer = Thread.ofVirtual().start(() -> {
                byte[] piece = new byte[64 * 1024];
                try {
                    for (long sent = 0; sent < total; sent += piece.length) {
                        client.getOutputStream().write(piece);
                        written.addAndGet(piece.length);
                    }
                } catch (IOException e) {
                    // the test's end closes the socket
                }
            });
            long[] last = {-1, System.nanoTime()};
            FlowRig.eventually(() -> {
                if (written.get() != last[0]) {
                    last[0] = written.get();
                    last[1] = System.nanoTime();
                }
                return System.nanoTime() - last[1] > 300_000_000L;
            });
            assertThat(written.get()).isLessThan(24L << 20);
            go.add(true);
            client.setSoTimeout(30_000);
            assertThat(FlowRig.readResponse(client)).isEqualTo(OK);
            writer.join();
        }
    }

    @Test
    @DisplayName("B076 a guest that half-closes still gets its response; one that resets ends the upstream")
    void halfClosedAndResetGuests() throws Exception {
        BlockingQueue<String> ends = new LinkedBlockingQueue<>();
        Origin.Script origin1 = connection -> {
            connection.readRequest();
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                return;
            }
            connection.write(OK);
            try {
                while (connection.read() >= 0) {}
                ends.add("end");
            } catch (IOException e) {
                ends.add("end");
            }
        };
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = new Origin(null, origin1)) {
            try (Socket client = rig.toName("api.test", origin.port())) {
                FlowRig.send(client, "GET / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n");
                client.shutdownOutput();
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 200 ").endsWith("hi");
            }
            try (Socket client = rig.toName("api.test", origin.port())) {
                FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Length: 100\r\n\r\nabc");
                FlowRig.eventually(() -> origin.received().endsWith("abc"));
                client.setSoLinger(true, 0);
            }
            assertThat(ends.poll(8, TimeUnit.SECONDS)).isEqualTo("end");
            rig.await(e -> "the guest ended it".equals(e.attributes().get("detail")));
        }
    }

    @Test
    @DisplayName("B095 B107 a response that cannot be rehydrated is not asked for")
    void onlyIdentityIsAskedForWhereTokensAreTurnedBack() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, "GET / HTTP/1.1\r\nHost: api.test:" + origin.port()
                    + "\r\nAccept-Encoding: dcb, zstd, br\r\nRange: bytes=0-9\r\nIf-Range: x\r\n\r\n");
            FlowRig.readResponse(client);
            assertThat(origin.received())
                    .contains("Accept-Encoding: identity\r\n")
                    .doesNotContain("dcb", "zstd", "Range");
        }
    }
}
