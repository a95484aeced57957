package dev.declaw.runtime.storage;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;

/// Copies files that may be mostly holes.
public final class SparseFile {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int BLOCK_BYTES = 1 << 16;

    private SparseFile() {}

    /// Copies the bytes as they are at this moment; blocks of 64 KiB that are zero become holes.
    ///
    /// @throws java.nio.file.FileAlreadyExistsException when there is a file at the target
    public static void copy(Path from, Path to) throws IOException {
        Files.createFile(to, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        byte[] zeros = new byte[BLOCK_BYTES];
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
                RandomAccessFile file = new RandomAccessFile(to.toFile(), "rw")) {
            file.setLength(in.size());
            FileChannel out = file.getChannel();
            long position = 0;
            while (in.read(buffer.clear(), position) > 0) {
                int length = buffer.position();
                for (int at = 0; at < length; at += BLOCK_BYTES) {
                    int end = Math.min(length, at + BLOCK_BYTES);
                    if (!Arrays.equals(buffer.array(), at, end, zeros, 0, end - at)) {
                        ByteBuffer block = ByteBuffer.wrap(buffer.array(), at, end - at);
                        for (long target = position + at; block.hasRemaining(); ) {
                            target += out.write(block, target);
                        }
                    }
                }
                position += length;
            }
        }
    }
}
