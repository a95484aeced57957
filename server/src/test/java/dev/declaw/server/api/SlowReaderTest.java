package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A caller that reads slowly slows its process down; nothing is piled up for it.
final class SlowReaderTest {
    /// What sockets and buffers between the two may hold.
    private static final long UNDER_WAY_BYTES_MAX = 24L << 20;

    @TempDir
    Path home;

    @Test
    void whatIsNotReadIsNotPiledUp() throws Exception {
        try (TestServer server = new TestServer(home)) {
            RawHttp http = server.http;
            String id = http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
            FakeGuest guest = server.host.vm(id).guest;
            byte[] body = "{\"cmd\":\"flood\"}".getBytes(StandardCharsets.UTF_8);
            try (Socket socket = http.send("POST", "/sandboxes/" + id + "/commands/stream", body, http.authorization())) {
                awaitStandstill(guest);
                assertThat(guest.flooded.get()).isPositive().isLessThan(UNDER_WAY_BYTES_MAX);
                long stood = guest.flooded.get();
                InputStream in = socket.getInputStream();
                byte[] buffer = new byte[1 << 20];
                for (long read = 0; read < 8 * UNDER_WAY_BYTES_MAX; ) { // base is text: each NUL takes six characters
                    int n = in.read(buffer);
                    assertThat(n).isPositive();
                    read += n;
                }
                assertThat(guest.flooded.get()).as("it goes on when it is read").isGreaterThan(stood);
            }
            for (int i = 0; i < 1000 && !guest.processes().isEmpty(); i++) TimeUnit.MILLISECONDS.sleep(20);
            assertThat(guest.processes()).as("its caller left").isEmpty();
        }
    }

    private static void awaitStandstill(FakeGuest guest) throws InterruptedException {
        long before = -1;
        for (int i = 0; i < 200 && before != guest.flooded.get(); i++) {
            before = guest.flooded.get();
            TimeUnit.MILLISECONDS.sleep(500);
        }
    }
}
