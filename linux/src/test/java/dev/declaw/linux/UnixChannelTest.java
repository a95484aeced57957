package dev.declaw.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class UnixChannelTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    Path directory;

    private UnixListener listener;
    private UnixChannel client;
    private UnixChannel server;

    @BeforeEach
    void connect() throws IOException {
        listener = UnixListener.listen(directory.resolve("socket"));
        client = UnixChannel.connect(directory.resolve("socket"));
        server = listener.accept(SOON).orElseThrow();
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
        listener.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 65_535, 65_536, 65_537, 200_001, UnixChannel.MESSAGE_BYTES_MAX})
    void aMessageOfAnySizeArrivesWhole(int bytes) throws Exception {
        byte[] message = new byte[bytes];
        new Random(bytes).nextBytes(message);
        CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> send(client, message));
        try (UnixChannel.Received received = server.receive()) {
            assertThat(received.bytes()).isEqualTo(message);
            assertThat(received.descriptors()).isEmpty();
        }
        sending.get(10, TimeUnit.SECONDS);
    }

    @Test
    void descriptorsArriveWithTheirOwnMessage() throws Exception {
        Path one = Files.writeString(directory.resolve("one"), "first");
        Path two = Files.writeString(directory.resolve("two"), "second");
        try (Descriptor first = open(one);
                Descriptor second = open(two)) {
            client.send("none".getBytes());
            client.send("two".getBytes(), first.descriptor(), second.descriptor());
            client.send("one".getBytes(), second.descriptor());
        }
        try (UnixChannel.Received received = server.receive()) {
            assertThat(received.descriptors()).isEmpty();
        }
        try (UnixChannel.Received received = server.receive()) {
            assertThat(received.bytes()).isEqualTo("two".getBytes());
            assertThat(received.descriptors()).extracting(UnixChannelTest::content).containsExactly("first", "second");
        }
        try (UnixChannel.Received received = server.receive()) {
            assertThat(received.descriptors()).extracting(UnixChannelTest::content).containsExactly("second");
        }
    }

    @Test
    void aReceivedDescriptorIsClosedOnExecAndClosedWithItsMessage() throws Exception {
        try (Descriptor sent = open(Files.writeString(directory.resolve("one"), "x"))) {
            client.send(new byte[0], sent.descriptor());
        }
        UnixChannel.Received received = server.receive();
        int number = received.descriptors().getFirst().descriptor();
        String flags = Files.readString(Path.of("/proc/self/fdinfo/" + number)).lines()
                .filter(line -> line.startsWith("flags:")).findFirst().orElseThrow();
        assertThat(Long.parseLong(flags.substring(6).strip(), 8) & 02000000).isNotZero();
        received.close();
        assertThat(Path.of("/proc/self/fd/" + number)).doesNotExist();
    }

    @Test
    void aReleasedDescriptorOutlivesItsMessage() throws Exception {
        try (Descriptor sent = open(Files.writeString(directory.resolve("one"), "x"))) {
            client.send(new byte[0], sent.descriptor());
        }
        int number;
        try (UnixChannel.Received received = server.receive()) {
            number = received.descriptors().getFirst().release();
        }
        try (Descriptor released = new Descriptor(number)) {
            assertThat(content(released)).isEqualTo("x");
        }
    }

    @Test
    void closingWakesTheOwnReceiver() throws Exception {
        CompletableFuture<Throwable> end = CompletableFuture.supplyAsync(() -> failure(server));
        awaitBlockedIn(server);
        server.close();
        assertThat(end.get(10, TimeUnit.SECONDS)).isInstanceOf(EOFException.class);
    }

    @Test
    void closingWakesASenderThatNobodyReads() throws Exception {
        CompletableFuture<Throwable> end = CompletableFuture.supplyAsync(() -> {
            try {
                while (true) client.send(new byte[UnixChannel.MESSAGE_BYTES_MAX]);
            } catch (IOException e) {
                return e;
            }
        });
        awaitBlockedIn(client);
        client.close();
        assertThat(end.get(10, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
    }

    @Test
    void theEndOfThePeerIsTheEndOfTheStream() {
        client.close();
        assertThatExceptionOfType(EOFException.class).isThrownBy(server::receive);
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> server.send(new byte[1]));
    }

    @Test
    void aFrameCutOffAtEveryByteIsTheEndOfTheStream() throws Exception {
        byte[] frame = {0, 0, 0, 3, 'a', 'b', 'c'};
        for (int length = 0; length < frame.length; length++) {
            sendRaw(Arrays.copyOf(frame, length));
            try (UnixChannel accepted = listener.accept(SOON).orElseThrow()) {
                assertThatExceptionOfType(EOFException.class).isThrownBy(accepted::receive);
            }
        }
    }

    @Test
    void aFrameThatIsAnnouncedAboveTheLimitIsRefusedBeforeItIsRead() throws Exception {
        for (byte[] header : new byte[][] {{0, 16, 0, 1}, {127, -1, -1, -1}, {-1, -1, -1, -1}}) {
            sendRaw(header);
            try (UnixChannel accepted = listener.accept(SOON).orElseThrow()) {
                assertThatExceptionOfType(IOException.class).isThrownBy(accepted::receive).withMessageContaining("limit");
            }
        }
    }

    @Test
    void whatIsOverTheLimitsIsNotSent() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> client.send(new byte[UnixChannel.MESSAGE_BYTES_MAX + 1]));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> client.send(new byte[1], new int[UnixChannel.DESCRIPTORS_MAX + 1]));
    }

    @Test
    void thePeerIsKnown() {
        assertThat(server.peer().pid()).isEqualTo((int) ProcessHandle.current().pid());
        assertThat(server.peer().uid()).isEqualTo(client.peer().uid());
    }

    @Test
    void nobodyElseMayUseTheSocketFileAndItGoesWithTheListener() throws IOException {
        Path path = directory.resolve("socket");
        assertThat(Files.getPosixFilePermissions(path)).hasSize(2);
        listener.close();
        assertThat(path).doesNotExist();
        assertThatExceptionOfType(LinuxException.class).isThrownBy(() -> UnixChannel.connect(path));
    }

    @Test
    void acceptReturnsWhenNobodyComesOrTheListenerIsClosed() throws Exception {
        assertThat(listener.accept(Duration.ofMillis(1))).isEmpty();
        CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> listener.accept(SOON).isEmpty());
        listener.close();
        assertThat(waiting.get(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aPathThatTheKernelCannotHoldIsRefused() {
        Path path = directory.resolve("x".repeat(108));
        assertThatIllegalArgumentException().isThrownBy(() -> UnixListener.listen(path));
    }

    private void sendRaw(byte[] bytes) throws IOException {
        try (SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            raw.connect(UnixDomainSocketAddress.of(directory.resolve("socket")));
            raw.write(ByteBuffer.wrap(bytes));
        }
    }

    /// Until a thread holds the channel's socket in a system call, as far as this process can tell.
    private static void awaitBlockedIn(UnixChannel channel) {
        while (!channel.inCall()) Thread.onSpinWait();
    }

    private static Throwable failure(UnixChannel channel) {
        try (UnixChannel.Received received = channel.receive()) {
            return new AssertionError("received " + received.bytes().length + " bytes");
        } catch (IOException e) {
            return e;
        }
    }

    private static void send(UnixChannel channel, byte[] message) {
        try {
            channel.send(message);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Descriptor open(Path file) {
        return TestDescriptors.open(file);
    }

    private static String content(Descriptor descriptor) {
        try (FileInputStream in = new FileInputStream("/proc/self/fd/" + descriptor.descriptor())) {
            return new String(in.readAllBytes());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
