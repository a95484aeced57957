package dev.declaw.server.template;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One step of a build.
///
/// @param line line of the Dockerfile; 0 for a step of a list
/// @param text as the log shows it
/// @param action what is done in the machine
/// @param config what is in force for it
/// @param args values of `ARG` that it sees
record Step(int line, String text, Action action, ImageConfig config, Map<String, String> args) {
    Step {
        args = Map.copyOf(args);
    }

    /// What is done in the machine.
    sealed interface Action {
        /// What it depends on beside the user, the directory and the variables.
        String key();
    }

    /// Runs a line of the shell.
    record Run(String command) implements Action {
        @Override
        public String key() {
            return "run\0" + command;
        }
    }

    /// Makes a directory, for `WORKDIR`.
    record Directory(String path) implements Action {
        @Override
        public String key() {
            return "directory\0" + path;
        }
    }

    /// Copies from the context.
    ///
    /// @param sources patterns, relative to the context
    /// @param target absolute; a directory when it ends in `/`
    /// @param owner as `chown` takes it
    /// @param mode in octal
    record Copy(List<String> sources, String target, Optional<String> owner, Optional<String> mode) implements Action {
        @Override
        public String key() {
            return "copy\0" + String.join("\0", sources) + "\0" + target + "\0" + owner.orElse("") + "\0" + mode.orElse("");
        }
    }

    String where() {
        return line == 0 ? text : "line " + line + ": " + text;
    }
}
