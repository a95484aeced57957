package dev.declaw.runtime.objects;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Objects by name. One that was written is never changed, only deleted. Calls block, end within a bounded time, and may
/// come from any thread.
///
/// Names are one to four parts of lower-case letters, digits, dots and dashes, separated by slashes, 200 characters at most.
public sealed interface ObjectStore extends AutoCloseable permits LocalObjects, S3Objects {
    /// Longest object, in bytes: each is sent in one request, from memory.
    int OBJECT_BYTES_MAX = 64 << 20;

    /// Writes an object. When it returns, the store has said that it holds all of these bytes and no others; when it throws,
    /// the object is there as a whole or not at all, and may be written again.
    ///
    /// @throws IOException when that cannot be had, with the object's name and without any credential
    void put(String name, byte[] content) throws IOException;

    /// A part of an object.
    ///
    /// @throws java.io.FileNotFoundException when there is no such object
    /// @throws IOException when it cannot be had, or ends before the part does
    byte[] get(String name, long offset, int length) throws IOException;

    /// Length of an object in bytes; empty when there is none.
    Optional<Long> size(String name) throws IOException;

    /// Names that begin with this, in order.
    List<String> list(String prefix) throws IOException;

    /// Removes an object; does nothing when there is none.
    void delete(String name) throws IOException;

    /// Where it is, for people.
    @Override
    String toString();

    @Override
    void close();

    /// @throws IllegalArgumentException when it is no name of an object
    static String requireName(String name) {
        if (name.length() > 200 || !name.matches("[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9.-]*){0,3}")) {
            throw new IllegalArgumentException("not the name of an object");
        }
        return name;
    }
}
