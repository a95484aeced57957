package dev.declaw.linux;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The only place where the project starts processes. [#run] is for programs that end, with bounds on time and output;
/// [#start] is for those that stay.
public final class Exec {
    /// Where programs are looked for first, and their own PATH: that of a root shell, whatever started this process.
    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static final int STDERR_TAIL_BYTES_MAX = 4096;
    private static final int LINE_BYTES_MAX = 1024;
    private static final int READERS_END_SECONDS_MAX = 10;

    private Exec() {}

    /// What a program printed.
    ///
    /// @param stdout all of it
    /// @param stderrTail the last 4 KiB of its stderr
    public record Output(byte[] stdout, String stderrTail) {
        public String text() {
            return new String(stdout, StandardCharsets.UTF_8);
        }
    }

    /// Runs a program to its end. It inherits the environment, with `LC_ALL=C` so that its messages can be read by us.
    ///
    /// @throws CommandFailedException when it does not end with status 0 within its bounds
    public static Output run(Command command) {
        return run(command, line -> {});
    }

    /// As [#run(Command)], and hands each line of stderr to `lines` as it comes (on another thread).
    public static Output run(Command command, Consumer<String> lines) {
        ProcessBuilder builder = new ProcessBuilder(located(command.arguments()));
        builder.environment().put("PATH", PATH);
        builder.environment().put("LC_ALL", "C");
        builder.environment().putAll(command.environment());
        command.directory().ifPresent(directory -> builder.directory(directory.toFile()));
        if (command.stdin().length == 0) {
            builder.redirectInput(Redirect.from(Path.of("/dev/null").toFile()));
        }
        Process process = launch(command, builder);
        try {
            return await(command, process, lines);
        } finally {
            killTree(process);
        }
    }

    /// Starts a program that stays, in a session of its own, with an empty environment apart from PATH and the command's
    /// variables. It reads nothing; stdout and stderr are appended to `log`. It survives this process.
    public static Process start(Command command, Path log) {
        return startWith(command, Redirect.appendTo(log.toFile()));
    }

    /// As [#start], but stdout and stderr come through [Process#getInputStream], which the caller must keep reading. When
    /// this process is gone, what the program prints is lost and nothing else happens to it, if it ignores SIGPIPE.
    public static Process startPiped(Command command) {
        return startWith(command, Redirect.PIPE);
    }

    private static Process startWith(Command command, Redirect output) {
        Command detached = command.detached();
        ProcessBuilder builder = new ProcessBuilder(located(detached.arguments()));
        builder.environment().clear();
        builder.environment().put("PATH", PATH);
        builder.environment().putAll(command.environment());
        command.directory().ifPresent(directory -> builder.directory(directory.toFile()));
        builder.redirectInput(Redirect.from(Path.of("/dev/null").toFile()));
        builder.redirectErrorStream(true);
        builder.redirectOutput(output);
        return launch(command, builder);
    }

    private static Process launch(Command command, ProcessBuilder builder) {
        try {
            return builder.start();
        } catch (IOException failure) {
            throw new CommandFailedException(command.arguments(), "cannot be started", -1, failure.getMessage(), failure);
        }
    }

    /// The JDK looks in the PATH that this process was started with, which may lack the `sbin` directories.
    private static List<String> located(List<String> arguments) {
        String program = arguments.getFirst();
        if (program.indexOf('/') >= 0) {
            return arguments;
        }
        List<String> all = new ArrayList<>(arguments);
        for (String directory : PATH.split(":")) {
            Path candidate = Path.of(directory, program);
            if (Files.isExecutable(candidate)) {
                all.set(0, candidate.toString());
                break;
            }
        }
        return all;
    }

    private static Output await(Command command, Process process, Consumer<String> lines) {
        ByteArrayOutputStream stdout = new ByteArrayOutputStream();
        Tail stderr = new Tail(STDERR_TAIL_BYTES_MAX);
        LineSplitter splitter = new LineSplitter(LINE_BYTES_MAX, lines);
        boolean[] tooMuch = new boolean[1];
        Thread writer = Thread.ofVirtual().start(() -> feed(process, command.stdin()));
        Thread outReader = Thread.ofVirtual().start(() -> drain(process.getInputStream(), (bytes, length) -> {
            if (stdout.size() + length > command.outputBytesMax()) {
                tooMuch[0] = true;
                process.destroyForcibly();
            } else {
                stdout.write(bytes, 0, length);
            }
        }));
        Thread errReader = Thread.ofVirtual().start(() -> drain(process.getErrorStream(), (bytes, length) -> {
            stderr.write(bytes, length);
            splitter.write(bytes, length);
        }));
        try {
            boolean ended = process.waitFor(command.deadline().toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                killTree(process);
            }
            // Descendants of the program may hold its pipes open after it has ended; they get a while, then are left.
            for (Thread thread : new Thread[] {writer, outReader, errReader}) {
                if (!thread.join(Duration.ofSeconds(READERS_END_SECONDS_MAX))) {
                    throw new CommandFailedException(
                            command.arguments(), "left its output open", -1, stderr.text(), null);
                }
            }
            if (!ended) {
                throw new CommandFailedException(
                        command.arguments(),
                        "was killed after " + command.deadline().toSeconds() + " s",
                        -1,
                        stderr.text(),
                        null);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CommandFailedException(command.arguments(), "was interrupted", -1, stderr.text(), interrupted);
        }
        if (tooMuch[0]) {
            throw new CommandFailedException(
                    command.arguments(),
                    "printed more than " + command.outputBytesMax() + " bytes",
                    -1,
                    stderr.text(),
                    null);
        }
        if (process.exitValue() != 0) {
            throw new CommandFailedException(
                    command.arguments(),
                    "ended with status " + process.exitValue(),
                    process.exitValue(),
                    stderr.text(),
                    null);
        }
        return new Output(stdout.toByteArray(), stderr.text());
    }

    private static void feed(Process process, byte[] stdin) {
        if (stdin.length == 0) {
            return;
        }
        try (OutputStream out = process.getOutputStream()) {
            out.write(stdin);
        } catch (IOException ignored) {
            // The program ended without reading everything; its exit status says whether that is an error.
        }
    }

    @FunctionalInterface
    private interface Sink {
        void write(byte[] bytes, int length);
    }

    private static void drain(InputStream in, Sink sink) {
        byte[] buffer = new byte[8192];
        try (in) {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                sink.write(buffer, length);
            }
        } catch (IOException ignored) {
            // The pipe was closed by killing the program.
        }
    }

    /// Children that the program starts between the look and the kill escape; programs that do so are run in a PID
    /// namespace of their own by whoever runs them.
    private static void killTree(Process process) {
        if (process.isAlive()) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}
