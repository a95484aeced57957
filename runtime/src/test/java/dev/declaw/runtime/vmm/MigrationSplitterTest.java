package dev.declaw.runtime.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.linux.Descriptor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Streams as QEMU writes them, and as a VMM under its guest's control might.
final class MigrationSplitterTest {
    private static final int PAGE_BYTES = MigrationSplitter.PAGE_BYTES;
    private static final long MEMORY_BYTES = 64L * PAGE_BYTES;
    private static final int ZERO = 0x02;
    private static final int MEM_SIZE = 0x04;
    private static final int PAGE = 0x08;
    private static final int EOS = 0x10;
    private static final int CONTINUE = 0x20;

    private static final Duration LONG = Duration.ofMinutes(5);

    @TempDir
    Path directory;

    private static final class Stream {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final DataOutputStream out = new DataOutputStream(bytes);

        Stream head() throws IOException {
            out.writeBytes("QEVM");
            out.writeInt(3);
            out.writeBytes("configuration of a machine");
            out.writeByte(1);
            out.writeInt(2);
            name("ram");
            out.writeInt(0);
            out.writeInt(4);
            return record(2 * MEMORY_BYTES, MEM_SIZE).block("mem0", MEMORY_BYTES).block("bios", MEMORY_BYTES).end();
        }

        Stream name(String name) throws IOException {
            out.writeByte(name.length());
            out.write(name.getBytes(StandardCharsets.US_ASCII));
            return this;
        }

        Stream block(String name, long bytes) throws IOException {
            name(name);
            out.writeLong(bytes);
            out.writeLong(0);
            return this;
        }

        Stream record(long offset, int flags) throws IOException {
            out.writeLong(offset | flags);
            return this;
        }

        Stream page(int fill) throws IOException {
            byte[] page = new byte[PAGE_BYTES];
            Arrays.fill(page, (byte) fill);
            out.write(page);
            return this;
        }

        Stream raw(int... values) throws IOException {
            for (int value : values) out.writeByte(value);
            return this;
        }

        /// End of the records, and of the section.
        Stream end() throws IOException {
            record(0, EOS);
            return raw(0x7e, 0, 0, 0, 2);
        }

        Stream section(int type) throws IOException {
            return raw(type, 0, 0, 0, 2);
        }

        byte[] devices() throws IOException {
            raw(4, 0, 0, 0, 9);
            out.writeBytes("devices");
            return bytes.toByteArray();
        }
    }

    private static byte[] whole() throws IOException {
        return new Stream()
                .head()
                .section(2)
                .record(0, PAGE).name("mem0").page(7)
                .record(PAGE_BYTES, PAGE | CONTINUE).page(8)
                .record(2 * PAGE_BYTES, ZERO | CONTINUE).raw(0)
                .record(0, PAGE).name("bios").page(9)
                .record(PAGE_BYTES, ZERO | CONTINUE).raw(0)
                .end()
                .section(3)
                .record(40 * PAGE_BYTES, PAGE).name("mem0").page(5)
                .end()
                .devices();
    }

    private byte[] split(byte[] stream) throws IOException {
        ByteArrayOutputStream state = new ByteArrayOutputStream();
        Path memory = directory.resolve("memory");
        Files.deleteIfExists(memory);
        try (FileChannel file = FileChannel.open(memory, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long kept = new MigrationSplitter(
                            Channels.newChannel(new ByteArrayInputStream(stream)), file, state, MEMORY_BYTES, "mem0")
                    .run(LONG);
            assertThat(kept).isLessThanOrEqualTo(MEMORY_BYTES);
        }
        return state.toByteArray();
    }

    @Test
    void pagesOfTheMemoryGoToTheirPlacesAndEverythingElseStaysByteForByte() throws IOException {
        byte[] state = split(whole());
        byte[] memory = Files.readAllBytes(directory.resolve("memory"));
        assertThat(memory).hasSize((int) MEMORY_BYTES);
        for (int page = 0; page < 64; page++) {
            int expected = page == 0 ? 7 : page == 1 ? 8 : page == 40 ? 5 : 0;
            for (int at = page * PAGE_BYTES; at < (page + 1) * PAGE_BYTES; at++) {
                assertThat(memory[at]).isEqualTo((byte) expected);
            }
        }
        byte[] expected = new Stream()
                .head()
                .section(2)
                .record(0, PAGE).name("bios").page(9)
                .record(PAGE_BYTES, ZERO).name("bios").raw(0) // what it followed may be gone: named in full
                .end()
                .section(3)
                .end()
                .devices();
        assertThat(state).isEqualTo(expected);
    }

    @Test
    void aStreamThatBreaksOffIsNeverWhole() throws IOException {
        byte[] whole = whole();
        int devices = 5 + "devices".length(); // the end of those is the end of the stream: QEMU says so, we do not
        for (int length = 0; length < whole.length - devices; length += length < 200 ? 1 : 97) {
            byte[] part = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> split(part)).as("cut at %d", length).isInstanceOf(IOException.class);
        }
    }

    @Test
    void whatDoesNotFollowTheFormIsRefused() throws IOException {
        byte[][] hostile = {
            new Stream().head().section(2).record(MEMORY_BYTES, PAGE).name("mem0").page(1).end().devices(),
            new Stream().head().section(2).record(-PAGE_BYTES, PAGE).name("mem0").page(1).end().devices(),
            new Stream().head().section(2).record(0, 0x40).name("mem0").page(1).end().devices(),
            new Stream().head().section(2).record(0, ZERO).name("mem0").raw(1).end().devices(),
            new Stream().raw(new int[70_000]).head().devices(),
            "no stream of QEMU at all, but some text".getBytes(StandardCharsets.US_ASCII),
        };
        for (byte[] stream : hostile) {
            assertThatThrownBy(() -> split(stream)).isInstanceOf(IOException.class);
        }
        byte[] otherSize = new String(new Stream().head().devices(), StandardCharsets.ISO_8859_1)
                .replace("mem0\0\0\0\0\0\4", "mem0\0\0\0\0\0\5")
                .getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> split(otherSize)).isInstanceOf(IOException.class);
    }

    @Test
    void pagesThatComeAgainAndAgainEndTheSave() throws IOException {
        Stream stream = new Stream().head().section(2).record(0, PAGE).name("mem0").page(1);
        for (int again = 0; again < MEMORY_BYTES / PAGE_BYTES; again++) stream.record(0, PAGE | CONTINUE).page(1);
        byte[] endless = stream.end().devices();
        assertThatThrownBy(() -> split(endless)).isInstanceOf(IOException.class).hasMessageContaining("more pages");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStreamWithoutAnEndIsGivenUp(boolean virtual) throws Exception {
        List<Descriptor> pipe = Descriptor.pipe(1 << 16);
        CompletableFuture<Long> kept = new CompletableFuture<>();
        Thread.Builder builder = virtual ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
        try (Descriptor readEnd = pipe.getFirst();
                Descriptor _ = pipe.getLast()) { // open, and silent
            builder.start(() -> {
                try (ReadableByteChannel in = readEnd.newReadChannel();
                        FileChannel memory = FileChannel.open(
                                directory.resolve("memory"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                    kept.complete(new MigrationSplitter(in, memory, new ByteArrayOutputStream(), MEMORY_BYTES, "mem0")
                            .run(Duration.ofMillis(200)));
                } catch (IOException | RuntimeException failure) {
                    kept.completeExceptionally(failure);
                }
            });
            assertThatThrownBy(() -> kept.get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(IOException.class)
                    .hasMessageContaining("no end within");
        }
    }
}
