package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.TestServer;
import dev.declaw.server.lifecycle.Sandboxes;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A thousand streams at once: each costs a bounded amount of memory however long it lives.
final class IdleStreamsTest {
    private static final int SANDBOXES = 5;
    private static final int STREAMS_EACH = 200;
    /// Thread, connection and buffers of one idle stream, with what this test itself holds for it.
    private static final long STREAM_BYTES_MAX = 96 * 1024;

    @TempDir
    Path home;

    @Test
    void aThousandIdleStreamsAreServedWithFlatMemory() throws Exception {
        List<Socket> streams = new ArrayList<>();
        try (TestServer server = new TestServer(home, new FakeHost(), new MovedClock(), new Sandboxes.Settings(8, 4, 3600, 0, false))) {
            List<String> ptys = new ArrayList<>();
            for (int i = 0; i < SANDBOXES; i++) {
                String sandbox = "/sandboxes/" + server.http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
                ptys.add(sandbox + "/pty/" + server.http.post(sandbox + "/pty", "{}").json().path("pid").intValue());
            }
            open(server, streams, ptys, 10); // classes are loaded, pools are filled
            long before = usedBytes();
            open(server, streams, ptys, STREAMS_EACH - 10);
            for (int round = 0; round < 3; round++) {
                for (Socket stream : streams) PtyEndpointsTest.readUntil(stream.getInputStream(), ": keep-alive\n\n");
            }
            assertThat(streams).hasSize(SANDBOXES * STREAMS_EACH);
            long each = (usedBytes() - before) / streams.size();
            assertThat(each).as("bytes per idle stream").isLessThan(STREAM_BYTES_MAX);
            assertThat(server.http.get("/health").status()).isEqualTo(200);
            for (String pty : ptys) server.http.delete(pty);
            for (Socket stream : streams) PtyEndpointsTest.readUntil(stream.getInputStream(), "\"exit_code\":137");
        } finally {
            for (Socket stream : streams) stream.close();
        }
    }

    private static void open(TestServer server, List<Socket> streams, List<String> ptys, int each) throws Exception {
        for (int i = 0; i < each; i++) {
            for (String pty : ptys) {
                streams.add(server.http.send("GET", pty + "/stream", new byte[0], server.http.authorization()));
            }
        }
        for (Socket stream : streams.subList(streams.size() - each * ptys.size(), streams.size())) {
            PtyEndpointsTest.readUntil(stream.getInputStream(), "event: data");
        }
    }

    private static long usedBytes() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(50);
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
