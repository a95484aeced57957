package dev.declaw.runtime.guest;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class GuestConnectionTest {
    /// More than the kernel buffers on both sides.
    private static final int MUCH_BYTES = 64 << 20;

    /// What looks like a connection that the agent has closed is sent again; here half of it may have been taken.
    @Test
    void aGuestThatStopsReadingIsTooLateAndNotGone() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                GuestConnection connection = new GuestConnection(
                        SocketChannel.open(),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()),
                        Duration.ofSeconds(10),
                        () -> {})) {
            assertThatThrownBy(() -> connection.write(new byte[MUCH_BYTES], MUCH_BYTES, Duration.ofMillis(200)))
                    .isInstanceOf(SocketTimeoutException.class);
        }
    }
}
