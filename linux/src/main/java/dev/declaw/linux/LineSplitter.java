package dev.declaw.linux;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// Cuts a byte stream into lines of bounded length; the rest of a longer line is dropped. Used by one thread.
final class LineSplitter {
    private final int lineBytesMax;
    private final Consumer<String> lines;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    LineSplitter(int lineBytesMax, Consumer<String> lines) {
        this.lineBytesMax = lineBytesMax;
        this.lines = lines;
    }

    void write(byte[] bytes, int length) {
        for (int i = 0; i < length; i++) {
            if (bytes[i] == '\n' || bytes[i] == '\r') {
                if (line.size() > 0) {
                    lines.accept(line.toString(StandardCharsets.UTF_8));
                    line.reset();
                }
            } else if (line.size() < lineBytesMax) {
                line.write(bytes[i]);
            }
        }
    }
}
