package dev.declaw.linux;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixStreamTest {
    private static final Duration PATIENCE = Duration.ofMillis(200);
    private static final int MORE_THAN_WAIT = 16;

    @TempDir
    Path directory;

    private static CompletableFuture<Void> onItsOwn(Runnable work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                work.run();
                done.complete(null);
            } catch (RuntimeException failure) {
                done.completeExceptionally(failure);
            }
        });
        return done;
    }

    @Test
    void aPeerThatAcceptsNobodyIsGivenUp() throws IOException {
        Path path = directory.resolve("socket");
        List<UnixStream> open = new ArrayList<>();
        try (UnixListener _ = UnixListener.listen(path)) {
            CompletableFuture<Void> connecting = onItsOwn(() -> {
                for (int i = 0; i < MORE_THAN_WAIT; i++) open.add(UnixStream.connect(path, PATIENCE));
            });
            assertThatThrownBy(() -> connecting.get(30, TimeUnit.SECONDS)).hasCauseInstanceOf(LinuxException.class);
        } finally {
            open.forEach(UnixStream::close);
        }
    }

    @Test
    void aPeerThatReadsNothingIsGivenUp() throws IOException {
        Path path = directory.resolve("socket");
        try (UnixListener listener = UnixListener.listen(path);
                UnixStream stream = UnixStream.connect(path, PATIENCE);
                UnixChannel _ = listener.accept(Duration.ofSeconds(10)).orElseThrow()) {
            byte[] piece = new byte[UnixStream.WRITE_BYTES_MAX];
            CompletableFuture<Void> writing = onItsOwn(() -> {
                try {
                    while (true) stream.write(piece);
                } catch (IOException stuck) {
                    throw new IllegalStateException(stuck);
                }
            });
            assertThatThrownBy(() -> writing.get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(IllegalStateException.class);
        }
    }
}
