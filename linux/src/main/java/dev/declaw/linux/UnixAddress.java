package dev.declaw.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// `struct sockaddr_un` (unix(7)) for a path or an abstract name.
final class UnixAddress {
    static final int AF_UNIX = 1;
    static final int BYTES = 110;
    private static final int PATH_OFFSET = 2;
    private static final int PATH_BYTES_MAX = 107;

    private UnixAddress() {}

    /// The address of an abstract socket: a zero byte and the name, and nothing behind it, for every byte counts.
    ///
    /// @throws IllegalArgumentException when the name does not fit: the kernel allows 107 bytes
    static MemorySegment ofAbstract(String name, Arena arena) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > PATH_BYTES_MAX) {
            throw new IllegalArgumentException("the name of an abstract socket has 1 to " + PATH_BYTES_MAX + " bytes: " + name);
        }
        MemorySegment address = arena.allocate(PATH_OFFSET + 1 + bytes.length);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, PATH_OFFSET + 1, bytes.length);
        return address;
    }

    /// @throws IllegalArgumentException when the path does not fit: the kernel allows 107 bytes
    static MemorySegment of(Path path, Arena arena) {
        byte[] bytes = path.toAbsolutePath().toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length > PATH_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "the path of a Unix socket may have " + PATH_BYTES_MAX + " bytes: " + path);
        }
        MemorySegment address = arena.allocate(BYTES);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, PATH_OFFSET, bytes.length);
        return address;
    }
}
