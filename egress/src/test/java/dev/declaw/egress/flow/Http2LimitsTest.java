package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// What a hostile guest may make the proxy do, in frames, streams and bytes.
class Http2LimitsTest {
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String OPEN = "{\"pii\":{\"enabled\":true,\"types\":[\"credit_card\"],\"rehydrate_response\":false}}";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final int ENHANCE_YOUR_CALM = 11;

    private interface Attack {
        void on(Http2Peer peer, String authority) throws IOException;
    }

    /// Plays an attack until the proxy ends the connection, which it must.
    private static Http2Peer cut(Attack attack) throws Exception {
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            try {
                attack.on(peer, "api.test:" + origin.port());
            } catch (IOException e) {
                // the proxy has had enough
            }
            try {
                peer.drain();
            } catch (IOException e) {
                // reset while we still wrote
            }
            Http2Peer other = rig.http2ToName("api.test", origin.port());
            other.get(1, "api.test:" + origin.port(), "/");
            assertThat(other.await(1).status()).as("others are served").isEqualTo("200");
            return peer;
        }
    }

    @Test
    @DisplayName("B082 rapid reset ends the connection")
    void rapidResetIsCut() throws Exception {
        Http2Peer peer = cut((p, authority) -> {
            for (int stream = 1; stream < 4000; stream += 2) {
                p.get(stream, authority, "/");
                p.frame(Http2Peer.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
            }
        });
        assertThat(peer.goAway).isIn(ENHANCE_YOUR_CALM, -1);
    }

    @Test
    @DisplayName("B082 resets that the guest provokes from our side are counted too (MadeYouReset)")
    void provokedResetsAreCut() throws Exception {
        Http2Peer peer = cut((p, authority) -> {
            for (int stream = 1; stream < 4000; stream += 2) {
                p.get(stream, authority, "/");
                p.frame(Http2Peer.WINDOW_UPDATE, 0, stream, new byte[] {0, 0, 0, 0});
            }
        });
        assertThat(peer.goAway).isNotZero();
    }

    @Test
    @DisplayName("B082 a flood of pings, or of settings, ends the connection")
    void controlFloodsAreCut() throws Exception {
        assertThat(cut((p, _) -> {
                    for (int i = 0; i < 5_000; i++) p.frame(Http2Peer.PING, 0, 0, new byte[8]);
                }).goAway)
                .isIn(ENHANCE_YOUR_CALM, -1);
        assertThat(cut((p, _) -> {
                    for (int i = 0; i < 5_000; i++) p.frame(Http2Peer.SETTINGS, 0, 0, new byte[0]);
                }).goAway)
                .isIn(ENHANCE_YOUR_CALM, -1);
    }

    @Test
    @DisplayName("B082 an endless row of CONTINUATION frames ends the connection")
    void continuationFloodsAreCut() throws Exception {
        cut((p, authority) -> {
            p.frame(Http2Peer.HEADERS, 0, 1, Http2Peer.block(":method", "GET", ":scheme", "https", ":authority", authority, ":path", "/"));
            for (int i = 0; i < 10_000; i++) p.frame(Http2Peer.CONTINUATION, 0, 1, Http2Peer.block("x", "y"));
        });
        cut((p, authority) -> {
            p.frame(Http2Peer.HEADERS, 0, 1, Http2Peer.block(":method", "GET", ":scheme", "https", ":authority", authority, ":path", "/"));
            for (int i = 0; i < 10_000; i++) p.frame(Http2Peer.CONTINUATION, 0, 1, new byte[0]);
        });
    }

    @Test
    @DisplayName("B082 empty DATA frames without end end the connection")
    void emptyDataIsCut() throws Exception {
        cut((p, authority) -> {
            p.headers(1, false, ":method", "POST", ":scheme", "https", ":authority", authority, ":path", "/");
            for (int i = 0; i < 1_000; i++) p.frame(Http2Peer.DATA, 0, 1, new byte[0]);
        });
    }

    @Test
    @DisplayName("B082 a header bomb of table references is refused before it unfolds")
    void headerBombsAreRefused() throws Exception {
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            byte[] head = Http2Peer.block(":method", "GET", ":scheme", "https", ":authority", "api.test:" + origin.port(), ":path", "/canary");
            // One field of 3,000 bytes into the table, then 10,000 references of one byte each to it.
            byte[] field = Http2Peer.block("x", "v".repeat(3_000));
            field[0] = 0x40;
            byte[] block = new byte[head.length + field.length + 10_000];
            System.arraycopy(head, 0, block, 0, head.length);
            System.arraycopy(field, 0, block, head.length, field.length);
            java.util.Arrays.fill(block, head.length + field.length, block.length, (byte) 0xbe);
            peer.frame(Http2Peer.HEADERS, Http2Peer.END_HEADERS | Http2Peer.END_STREAM, 1, block);
            try {
                Http2Peer.Message answer = peer.await(1);
                assertThat(answer.status()).isIn(null, "431");
            } catch (java.io.EOFException e) {
                assertThat(peer.goAway).isPositive();
            }
            assertThat(origin.received()).doesNotContain("canary");
        }
    }

    @Test
    @DisplayName("B082 no more streams at once than were granted")
    void streamsAreBounded() throws Exception {
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), connection -> connection.socket().getInputStream().transferTo(java.io.OutputStream.nullOutputStream()))) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            for (int stream = 1; stream < 260; stream += 2) peer.get(stream, "api.test:" + origin.port(), "/");
            assertThat(peer.await(259).reset).isEqualTo(7); // REFUSED_STREAM
            assertThat(origin.connections()).isLessThanOrEqualTo(100);
        }
    }

    @Test
    @DisplayName("B087 B134 a guest that gives no credit holds the origin back instead of filling memory")
    void flowControlReachesTheOrigin() throws Exception {
        AtomicLong written = new AtomicLong();
        long total = 64L << 20;
        Origin.Script sending = connection -> {
            connection.readRequest();
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + total + "\r\n\r\n");
            byte[] piece = new byte[64 * 1024];
            for (long sent = 0; sent < total; sent += piece.length) {
                connection.socket().getOutputStream().write(piece);
                written.addAndGet(piece.length);
            }
        };
        try (FlowRig rig = new FlowRig(OPEN, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), sending)) {
            Http2Peer peer = rig.http2ToName("api.test", origin.port());
            peer.credits = false;
            peer.get(1, "api.test:" + origin.port(), "/");
            peer.awaitHead(1);
            Thread reader = Thread.ofVirtual().start(() -> {
                try {
                    peer.drain();
                } catch (IOException e) {
                    // the test's end
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
            assertThat(written.get()).isLessThan(32L << 20);
            rig.slot.close();
            reader.join();
        }
    }

    @Test
    @DisplayName("B087 a window that overflows ends the stream or the connection")
    void windowOverflowIsAnError() throws Exception {
        cut((p, authority) -> {
            p.get(1, authority, "/");
            for (int i = 0; i < 5; i++) p.frame(Http2Peer.WINDOW_UPDATE, 0, 0, new byte[] {0x7f, -1, -1, -1});
        });
    }
}
