package dev.declaw.runtime.guest;

import java.util.Locale;
import java.util.Optional;

/// Names a process of the guest.
///
/// @param name process id in digits, or the tag that it was started with
/// @param kind what it must be; otherwise it counts as unknown
public record ProcessRef(String name, Optional<Kind> kind) {
    /// What a process was started as.
    public enum Kind {
        COMMAND,
        /// A command that somebody talks to over its pipes.
        STDIO,
        /// A login shell on a terminal of its own.
        PTY;

        String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public ProcessRef {
        if (!name.matches("[1-9][0-9]{0,9}|[a-z]{1,16}-[a-z0-9_-]{1,64}")) {
            throw new IllegalArgumentException("not a process id and not a tag");
        }
    }

    public static ProcessRef pid(int pid) {
        return new ProcessRef(Integer.toString(pid), Optional.empty());
    }

    public static ProcessRef pty(int pid) {
        return new ProcessRef(Integer.toString(pid), Optional.of(Kind.PTY));
    }

    public static ProcessRef stdio(String tag) {
        return new ProcessRef(tag, Optional.of(Kind.STDIO));
    }

    /// Path and query of a call about it.
    String target(String call) {
        return "/processes/" + name + "/" + call + kind.map(wanted -> "?kind=" + wanted.wire()).orElse("");
    }
}
