package dev.declaw.runtime.template;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Writes an initramfs: a `newc` cpio archive (cpio(5); the kernel's Documentation/driver-api/early-userspace/buffer-format).
/// Owner is root and every time is 0, so that the same content gives the same bytes.
final class CpioArchive implements AutoCloseable {
    private static final int DIRECTORY = 0040000;
    private static final int REGULAR = 0100000;
    private static final int ALIGNMENT = 4;

    private final OutputStream out;
    private long written;
    private int inode;

    /// @param out is closed with this archive
    CpioArchive(OutputStream out) {
        this.out = out;
    }

    void directory(String path, int permissions) throws IOException {
        entry(path, DIRECTORY | permissions, new byte[0]);
    }

    void file(String path, int permissions, byte[] content) throws IOException {
        entry(path, REGULAR | permissions, content);
    }

    private void entry(String path, int mode, byte[] content) throws IOException {
        byte[] name = (path + "\0").getBytes(StandardCharsets.UTF_8);
        // magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
        String header = String.format(
                Locale.ROOT,
                "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
                ++inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0);
        write(header.getBytes(StandardCharsets.US_ASCII));
        write(name);
        pad();
        write(content);
        pad();
    }

    private void write(byte[] bytes) throws IOException {
        out.write(bytes);
        written += bytes.length;
    }

    private void pad() throws IOException {
        int over = (int) (written % ALIGNMENT);
        if (over != 0) {
            write(new byte[ALIGNMENT - over]);
        }
    }

    @Override
    public void close() throws IOException {
        try (out) {
            entry("TRAILER!!!", 0, new byte[0]);
        }
    }
}
