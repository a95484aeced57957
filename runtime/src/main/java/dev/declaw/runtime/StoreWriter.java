package dev.declaw.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.HexFormat;

/// The name that a state directory has in the stores that it writes to: random, made once.
final class StoreWriter {
    private static final int BYTES = 8;

    private StoreWriter() {}

    /// @throws IOException when the file holds no such name
    static String of(Path stateDirectory) throws IOException {
        Path file = stateDirectory.resolve("store-writer");
        if (!Files.exists(file)) {
            byte[] random = new byte[BYTES];
            new SecureRandom().nextBytes(random);
            Path temporary = Files.writeString(file.resolveSibling("store-writer.tmp"), HexFormat.of().formatHex(random));
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        }
        String name = Files.readString(file).strip();
        if (!name.matches("[0-9a-f]{16}")) {
            throw new IOException(file + " does not hold 16 hex digits; without it, what this server stored is never removed");
        }
        return name;
    }
}
