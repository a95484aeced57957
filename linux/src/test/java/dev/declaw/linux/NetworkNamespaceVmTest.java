package dev.declaw.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Real namespaces; needs root.
@Tag("vm")
class NetworkNamespaceVmTest {
    private final NetworkNamespace namespace = new NetworkNamespace("declaw-test-" + System.nanoTime());

    @BeforeEach
    void create() {
        namespace.create();
        Exec.run(Command.of("ip", "link", "set", "lo", "up").in(namespace));
    }

    @AfterEach
    void delete() {
        namespace.delete();
    }

    private static String current() throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString();
    }

    @Test
    void workRunsInsideAndNoThreadStaysThere() throws IOException {
        String outside = current();
        String inside = namespace.call(NetworkNamespaceVmTest::current);
        assertThat(inside).isNotEqualTo(outside);
        assertThat(current()).isEqualTo(outside);
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            for (Path thread : threads.toList()) {
                if (Files.exists(thread)) {
                    assertThat(Files.readSymbolicLink(thread.resolve("ns/net"))).hasToString(outside);
                }
            }
        }
    }

    @Test
    void aCommandRunsInside() throws IOException {
        String seen = Exec.run(Command.of("readlink", "/proc/self/ns/net").in(namespace)).text().strip();
        assertThat(seen).isEqualTo(namespace.call(NetworkNamespaceVmTest::current));
    }

    @Test
    void aListenerInsideIsReachedByAChannelFromInsideOnly() throws IOException {
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", 15001);
        try (NativeSocket listener = namespace.listenTransparent(address, 16);
                SocketChannel inside = namespace.openChannel();
                SocketChannel outside = SocketChannel.open()) {
            assertThat(listener.descriptor()).isPositive();
            assertThat(inside.connect(address)).isTrue();
            assertThatThrownBy(() -> outside.connect(address)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aPortIsTakenOnceAndFreeAfterTheClose() throws IOException {
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", 15053);
        NativeSocket first = namespace.bindDatagram(address);
        assertThatThrownBy(() -> namespace.bindDatagram(address))
                .hasRootCauseInstanceOf(LinuxException.class)
                .hasMessageContaining("EADDRINUSE");
        first.close();
        first.close();
        assertThatThrownBy(first::descriptor).isInstanceOf(IllegalStateException.class);
        namespace.bindDatagram(address).close();
    }

    @Test
    void deletingTwiceIsDeletingOnce() throws IOException {
        assertThat(NetworkNamespace.list("declaw-test-")).contains(namespace);
        namespace.delete();
        namespace.delete();
        assertThat(namespace.exists()).isFalse();
        assertThat(NetworkNamespace.list("declaw-test-")).doesNotContain(namespace);
        assertThatThrownBy(() -> namespace.call(() -> 1)).isInstanceOf(IOException.class).hasMessageContaining("ENOENT");
    }

    @Test
    void aFailureOfTheWorkIsTheCause() {
        assertThatThrownBy(() -> namespace.call(() -> {
                    throw new IllegalArgumentException("mine");
                }))
                .isInstanceOf(IOException.class)
                .hasCauseInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void namesThatCouldLeaveTheDirectoryAreRefused() {
        for (String name : List.of("", "..", "a/b", "-x", "A", "a.b", "x".repeat(65), "a\n")) {
            assertThatThrownBy(() -> new NetworkNamespace(name)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
