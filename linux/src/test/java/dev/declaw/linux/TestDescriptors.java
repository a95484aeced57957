package dev.declaw.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// Descriptors of files, by open(2).
final class TestDescriptors {
    private static final MethodHandle OPEN = Native.linkVariadic("open", 2, Native.INT, Native.POINTER, Native.INT);

    private TestDescriptors() {}

    static Descriptor open(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            int opened = (int) OPEN.invokeExact(capture, arena.allocateFrom(file.toString()), 0);
            return new Descriptor(Native.check("open", opened, capture));
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.impossible(t);
        }
    }
}
