package dev.declaw.runtime.guest;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// One thing that happened below a watched directory.
///
/// @param path absolute, as seen from the path that was asked for
/// @param oldPath where it was before, for a rename
/// @param directory whether it happened to a directory
public record FileChange(Type type, String path, Optional<String> oldPath, boolean directory) {
    public enum Type {
        CREATE,
        WRITE,
        REMOVE,
        RENAME,
        /// Mode, owner or times.
        CHMOD,
        /// Changes were lost: there were more than the guest's kernel keeps.
        OVERFLOW;

        public String wire() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Optional<Type> of(String wire) {
            return Arrays.stream(values()).filter(type -> type.wire().equals(wire)).findFirst();
        }
    }
}
