package dev.declaw.runtime.vmm;

import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Splits QEMU's migration stream, as it comes, into a sparse memory file and the state of the devices: the form that a
/// template is saved in, which is mapped instead of read. (QEMU's migration/ram.c and savevm.c, stream version 3.)
///
/// Records of the named memory block become pages of the file; everything else is copied byte for byte, with the other
/// blocks' pages named in full. The VMM may be under its guest's control: whatever does not follow the form, or lies outside
/// the memory, ends the save. Used once, by one thread.
final class MigrationSplitter {
    static final int PAGE_BYTES = 4096;
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int RUN_BYTES_MAX = 1 << 20;
    private static final int HEAD_BYTES_MAX = 1 << 16;
    private static final int BLOCKS_MAX = 256;
    private static final long STATE_BYTES_MAX = 64L << 20;

    private static final int SECTION_START = 1;
    private static final int SECTION_PART = 2;
    private static final int SECTION_END = 3;
    private static final int SECTION_FOOTER = 0x7e;
    private static final byte[] RAM = {3, 'r', 'a', 'm'};

    private static final long FLAGS = PAGE_BYTES - 1;
    private static final int ZERO = 0x02;
    private static final int MEM_SIZE = 0x04;
    private static final int PAGE = 0x08;
    private static final int EOS = 0x10;
    private static final int CONTINUE = 0x20;

    private final ReadableByteChannel in;
    private final FileChannel memory;
    private final OutputStream state;
    private final long memoryBytes;
    private final byte[] block;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);
    private final ByteBuffer run = ByteBuffer.allocateDirect(RUN_BYTES_MAX);
    private long runAt;
    private long stateBytes;
    private long keptBytes;
    private byte[] current = new byte[0];

    /// @param in the stream
    /// @param memory empty; becomes as long as the guest's memory, with holes where it is zero
    /// @param state takes the rest
    /// @param block name of the memory block that the file is
    MigrationSplitter(
            ReadableByteChannel in, FileChannel memory, OutputStream state, long memoryBytes, String block) {
        this.in = in;
        this.memory = memory;
        this.state = state;
        this.memoryBytes = memoryBytes;
        this.block = block.getBytes(StandardCharsets.US_ASCII);
    }

    /// Reads to the end of the stream, which must come before the deadline: at that, the stream is closed under the read.
    ///
    /// @return bytes of the memory that were not zero
    /// @throws IOException when the stream breaks off, has no end in time, or is not of the expected form
    long run(Duration deadline) throws IOException {
        FutureTask<Long> work = new FutureTask<>(this::split);
        // A read of a pipe by a virtual thread cannot be woken: its channel would not even close.
        Thread.ofPlatform().daemon().name("save").start(work);
        try {
            return work.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            in.close();
            throw new IOException("the VMM's stream has no end within " + deadline.toMillis() + " ms", late);
        } catch (InterruptedException interrupted) {
            in.close();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted during a save", interrupted);
        } catch (ExecutionException failure) {
            throw failure.getCause() instanceof IOException known ? known : new IOException(failure.getCause());
        }
    }

    private long split() throws IOException {
        memory.write(ByteBuffer.allocate(1), memoryBytes - 1);
        byte[] section = head();
        records();
        boolean more = true;
        while (more) {
            require(4 + 1);
            if (copyByte() != SECTION_FOOTER) {
                throw broken("a section without its end");
            }
            copy(4);
            require(4 + 1);
            int type = buffer.get(buffer.position());
            byte[] id = new byte[4];
            buffer.get(buffer.position() + 1, id);
            more = (type == SECTION_PART || type == SECTION_END) && Arrays.equals(id, section);
            if (more) {
                copy(1 + 4);
                records();
            }
        }
        flush();
        while (fill()) {
            copy(buffer.remaining());
        }
        return keptBytes;
    }

    /// Copies everything up to the records of the memory section and returns that section's id.
    private byte[] head() throws IOException {
        int at = 0;
        while (true) {
            require(at + 1 + 4 + RAM.length);
            byte[] name = new byte[RAM.length];
            buffer.get(buffer.position() + at + 1 + 4, name);
            if (buffer.get(buffer.position() + at) == SECTION_START && Arrays.equals(name, RAM)) {
                break;
            }
            if (++at > HEAD_BYTES_MAX) {
                throw broken("no memory section");
            }
        }
        copy(at + 1);
        byte[] id = new byte[4];
        buffer.get(buffer.position(), id);
        copy(4 + RAM.length + 4 + 4); // the id, the name, instance and version
        return id;
    }

    private void records() throws IOException {
        while (true) {
            require(8);
            long header = buffer.getLong(buffer.position());
            int flags = (int) (header & FLAGS);
            long offset = header & ~FLAGS;
            switch (flags & ~CONTINUE) {
                case EOS -> {
                    copy(8);
                    return;
                }
                case MEM_SIZE -> sizes(offset);
                case ZERO, PAGE -> page(offset, flags);
                default -> throw broken("an unknown record " + Integer.toHexString(flags));
            }
        }
    }

    /// The list of blocks: name, size, and an address because shared memory is ignored.
    private void sizes(long total) throws IOException {
        copy(8);
        long left = total;
        for (int blocks = 0; left > 0; blocks++) {
            if (blocks == BLOCKS_MAX) {
                throw broken("more than " + BLOCKS_MAX + " memory blocks");
            }
            require(1);
            int length = buffer.get(buffer.position()) & 255;
            require(1 + length + 8 + 8);
            byte[] name = new byte[length];
            buffer.get(buffer.position() + 1, name);
            long size = buffer.getLong(buffer.position() + 1 + length);
            if (size <= 0 || Arrays.equals(name, block) && size != memoryBytes) {
                throw broken("a memory block of another size");
            }
            left -= size;
            copy(1 + length + 8 + 8);
        }
    }

    private void page(long offset, int flags) throws IOException {
        buffer.position(buffer.position() + 8);
        if ((flags & CONTINUE) == 0) {
            require(1);
            current = new byte[buffer.get() & 255];
            require(current.length);
            buffer.get(current);
        }
        boolean zero = (flags & ZERO) != 0;
        require(zero ? 1 : PAGE_BYTES);
        if (!Arrays.equals(current, block)) {
            other(offset, flags, zero ? 1 : PAGE_BYTES);
        } else if (zero) {
            if (buffer.get() != 0) {
                throw broken("a page that is filled with something else than zeros");
            }
        } else {
            if (offset < 0 || offset > memoryBytes - PAGE_BYTES) {
                throw broken("a page outside the memory");
            }
            keep(offset);
        }
    }

    /// A page of another block: copied, and named in full because what it followed may be gone from the stream.
    private void other(long offset, int flags, int bytes) throws IOException {
        byte[] header = new byte[8 + 1 + current.length];
        ByteBuffer.wrap(header).putLong(offset | flags & ~CONTINUE).put((byte) current.length).put(current);
        write(header, header.length);
        copy(bytes);
    }

    private void keep(long offset) throws IOException {
        if (run.position() > 0 && (runAt + run.position() != offset || run.remaining() < PAGE_BYTES)) {
            flush();
        }
        if (run.position() == 0) {
            runAt = offset;
        }
        keptBytes += PAGE_BYTES;
        if (keptBytes > memoryBytes) {
            throw broken("more pages than the memory has");
        }
        run.put(run.position(), buffer, buffer.position(), PAGE_BYTES);
        run.position(run.position() + PAGE_BYTES);
        buffer.position(buffer.position() + PAGE_BYTES);
    }

    private void flush() throws IOException {
        run.flip();
        long at = runAt;
        while (run.hasRemaining()) {
            at += memory.write(run, at);
        }
        run.clear();
    }

    private int copyByte() throws IOException {
        int value = buffer.get(buffer.position());
        copy(1);
        return value;
    }

    private void copy(int bytes) throws IOException {
        require(bytes);
        byte[] piece = new byte[bytes];
        buffer.get(piece);
        write(piece, bytes);
    }

    private void write(byte[] bytes, int length) throws IOException {
        stateBytes += length;
        if (stateBytes > STATE_BYTES_MAX) {
            throw broken("more than " + STATE_BYTES_MAX + " bytes beside the memory");
        }
        state.write(bytes, 0, length);
    }

    /// Has at least so many bytes in the buffer.
    private void require(int bytes) throws IOException {
        while (buffer.remaining() < bytes) {
            buffer.compact();
            int read = in.read(buffer);
            buffer.flip();
            if (read < 0) {
                throw new EOFException("the VMM's stream breaks off");
            }
        }
    }

    /// Whether anything is left, in the buffer or to be read.
    private boolean fill() throws IOException {
        if (buffer.hasRemaining()) {
            return true;
        }
        buffer.clear();
        int read = in.read(buffer);
        buffer.flip();
        return read > 0;
    }

    private static IOException broken(String what) {
        return new IOException("the VMM's stream is not of the expected form: " + what);
    }
}
