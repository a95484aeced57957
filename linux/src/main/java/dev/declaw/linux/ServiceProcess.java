package dev.declaw.linux;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// A long-running program of our own as a child process: no input, its output on our standard error, a clean environment.
/// The thread that starts it must outlive it where the program asked for a signal at its parent's death (prctl(2)).
public final class ServiceProcess implements AutoCloseable {
    /// What a program needs to find its files; everything else, API keys first of all, stays here.
    private static final Set<String> ENVIRONMENT = Set.of("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "JAVA_HOME");

    private final Process process;

    private ServiceProcess(Process process) {
        this.process = process;
    }

    /// @param workingDirectory where it starts
    /// @throws IOException when the program cannot be started
    public static ServiceProcess start(List<String> command, Path workingDirectory) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(workingDirectory.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().keySet().retainAll(ENVIRONMENT);
        return new ServiceProcess(builder.start());
    }

    public long pid() {
        return process.pid();
    }

    public boolean alive() {
        return process.isAlive();
    }

    /// True when the process has ended within the time.
    public boolean awaitEnd(Duration timeout) throws InterruptedException {
        return process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// Kills it (SIGKILL) and reaps it.
    @Override
    public void close() {
        process.destroyForcibly();
        boolean interrupted = false;
        while (true) {
            try {
                process.waitFor();
                break;
            } catch (InterruptedException e) {
                interrupted = true; // the kernel ends a killed process soon; a child must not be left behind
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }
}
