package dev.declaw.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A process of this machine that need not be our child, identified for good: ids are used again, a pair of id and start
/// time is not (proc_pid_stat(5)).
///
/// @param pid process id
/// @param startTicks when it started, in clock ticks after the boot
public record HostProcess(long pid, long startTicks) {
    private static final Path PROC = Path.of("/proc");
    private static final MethodHandle PRLIMIT = Native.link(
            "prlimit", Native.INT, Native.INT, Native.INT, Native.POINTER, Native.POINTER);
    private static final int RLIMIT_FSIZE = 1;
    private static final int STAT_STATE = 0;
    private static final int STAT_UTIME = 11;
    private static final int STAT_STIME = 12;
    private static final int STAT_START = 19;
    private static final int TICKS_PER_SECOND = 100;

    /// The process with this id, if there is one that has not ended.
    public static Optional<HostProcess> of(long pid) {
        return stat(pid).map(fields -> new HostProcess(pid, Long.parseLong(fields[STAT_START])));
    }

    /// The processes that were started with an argument that contains `text`, this one excepted. The argument list is what
    /// the process says it is: use it to find our own, never to trust one.
    public static List<HostProcess> withArgument(String text) {
        List<HostProcess> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path entry : entries) {
                long pid = Long.parseLong(entry.getFileName().toString());
                if (pid != ProcessHandle.current().pid() && commandLine(entry).contains(text)) {
                    of(pid).ifPresent(found::add);
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return found;
    }

    public boolean alive() {
        return of(pid).filter(this::equals).isPresent();
    }

    /// Whether it runs as this user (proc_pid_status(5), all four ids), which it cannot pretend; false when it is gone.
    public boolean runsAs(int uid) {
        try {
            String line = "Uid:" + ("\t" + uid).repeat(4);
            return Files.readAllLines(PROC.resolve(pid + "/status")).contains(line) && alive();
        } catch (IOException gone) {
            return false;
        }
    }

    /// Sends SIGKILL and waits until the process is gone.
    ///
    /// @return false when it was still there at the deadline
    public boolean kill(Duration deadline) {
        Optional<ProcessHandle> handle = ProcessHandle.of(pid).filter(found -> alive());
        if (handle.isEmpty()) {
            return true;
        }
        handle.get().destroyForcibly();
        return awaitEnd(deadline);
    }

    /// Waits until the process is gone.
    ///
    /// @return false when it was still there at the deadline
    public boolean awaitEnd(Duration deadline) {
        Optional<ProcessHandle> handle = ProcessHandle.of(pid).filter(found -> alive());
        if (handle.isEmpty()) {
            return true;
        }
        try {
            handle.get().onExit().get(deadline.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException late) {
            return !alive();
        } catch (ExecutionException failure) {
            throw new IllegalStateException("waiting for process " + pid + " failed", failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return !alive();
        }
    }

    /// Completes when the process is gone. For a process that is not our child the JDK polls, at most every 0.3 s.
    public CompletionStage<Void> exited() {
        return ProcessHandle.of(pid)
                .filter(found -> alive())
                .<CompletionStage<Void>>map(found -> found.onExit().thenAccept(ended -> {}))
                .orElseGet(() -> CompletableFuture.completedFuture(null));
    }

    /// Bounds the size of every file that it writes from now on (prlimit(2), RLIMIT_FSIZE): one write beyond ends it.
    ///
    /// @throws LinuxException when the kernel refuses
    public void limitFileBytes(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            MemorySegment limit = arena.allocateFrom(ValueLayout.JAVA_LONG, bytes, bytes);
            int result = (int) PRLIMIT.invokeExact(capture, (int) pid, RLIMIT_FSIZE, limit, MemorySegment.NULL);
            Native.check("prlimit " + pid, result, capture);
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.impossible(t);
        }
    }

    /// Processor time that it has used, in seconds; 0 when it is gone.
    public double cpuSeconds() {
        return stat(pid)
                .map(fields -> (double) (Long.parseLong(fields[STAT_UTIME]) + Long.parseLong(fields[STAT_STIME]))
                        / TICKS_PER_SECOND)
                .orElse(0.0);
    }

    /// Resident memory in MiB (proc_pid_status(5), VmRSS); 0 when it is gone.
    public long residentMib() {
        try {
            return Files.readAllLines(PROC.resolve(pid + "/status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
                    .findFirst()
                    .orElse(0);
        } catch (IOException gone) {
            return 0;
        }
    }

    /// The fields of proc_pid_stat(5) after the command name, which may itself hold spaces and parentheses. Empty when there
    /// is no such process or it is a zombie.
    private static Optional<String[]> stat(long pid) {
        try {
            String text = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
            String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ");
            return "Z".equals(fields[STAT_STATE]) || "X".equals(fields[STAT_STATE])
                    ? Optional.empty()
                    : Optional.of(fields);
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    private static String commandLine(Path process) {
        try {
            return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException gone) {
            return "";
        }
    }
}
