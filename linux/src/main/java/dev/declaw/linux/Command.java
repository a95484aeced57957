package dev.declaw.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A program with its arguments; no shell is involved.
///
/// @param arguments the program (looked up in PATH) and its arguments
/// @param stdin what the program reads; empty for nothing
/// @param deadline after which it and its descendants are killed; applies to [Exec#run] only
/// @param outputBytesMax what it may print to stdout; more is a failure
/// @param directory working directory; that of this process when empty
/// @param environment variables on top of the ones that [Exec] gives
public record Command(
        List<String> arguments,
        byte[] stdin,
        Duration deadline,
        int outputBytesMax,
        Optional<Path> directory,
        Map<String, String> environment) {
    private static final Duration DEADLINE_DEFAULT = Duration.ofSeconds(30);
    private static final int OUTPUT_BYTES_DEFAULT = 1 << 20;

    public Command {
        arguments = List.copyOf(arguments);
        environment = Map.copyOf(environment);
        stdin = stdin.clone();
        if (arguments.isEmpty() || arguments.getFirst().isEmpty()) {
            throw new IllegalArgumentException("a command needs a program");
        }
        if (deadline.isNegative() || deadline.isZero() || outputBytesMax < 0) {
            throw new IllegalArgumentException("a command needs a positive deadline and a limit for its output");
        }
    }

    /// No input, 30 s, at most 1 MiB of output.
    public static Command of(String... arguments) {
        return of(List.of(arguments));
    }

    public static Command of(List<String> arguments) {
        return new Command(
                arguments, new byte[0], DEADLINE_DEFAULT, OUTPUT_BYTES_DEFAULT, Optional.empty(), Map.of());
    }

    @Override
    public byte[] stdin() {
        return stdin.clone();
    }

    public Command withStdin(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Command(arguments, bytes, deadline, outputBytesMax, directory, environment);
    }

    public Command withDeadline(Duration newDeadline) {
        return new Command(arguments, stdin, newDeadline, outputBytesMax, directory, environment);
    }

    public Command withOutputBytesMax(int bytes) {
        return new Command(arguments, stdin, deadline, bytes, directory, environment);
    }

    public Command withDirectory(Path newDirectory) {
        return new Command(arguments, stdin, deadline, outputBytesMax, Optional.of(newDirectory), environment);
    }

    public Command withEnvironment(String name, String value) {
        Map<String, String> more = new TreeMap<>(environment);
        more.put(name, value);
        return new Command(arguments, stdin, deadline, outputBytesMax, directory, more);
    }

    /// The same program inside a network namespace, with the same process id (nsenter(1) becomes the program). Unlike
    /// `ip netns exec` it leaves the mounts alone.
    public Command in(NetworkNamespace namespace) {
        return prefixed("nsenter", "--net=" + namespace.path(), "--");
    }

    /// The same program as leader of its own session (setsid(1)), with the same process id: signals to the group or
    /// terminal of this process do not reach it.
    public Command detached() {
        return prefixed("setsid");
    }

    private Command prefixed(String... prefix) {
        List<String> all = new ArrayList<>(List.of(prefix));
        all.addAll(arguments);
        return new Command(all, stdin, deadline, outputBytesMax, directory, environment);
    }
}
