package dev.declaw.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/// Gives up root, for good, in a process that already runs (credentials(7), capabilities(7)).
///
/// Order: limits and groups while root, then the ids, which takes every capability away, then what must come after a
/// change of ids (prctl(2): it resets the dumpable flag and the parent-death signal). glibc carries setgroups, setresgid
/// and setresuid to all threads of the process (nptl(7)); the seccomp filter carries "no new privileges" and its own
/// rules to all of them (seccomp(2), SECCOMP_FILTER_FLAG_TSYNC). Nothing of it is believed: [#verify] reads it back.
public final class Credentials {
    private static final int PR_SET_PDEATHSIG = 1;
    private static final int PR_SET_DUMPABLE = 4;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int SIGKILL = 9;
    private static final int RLIMIT_CORE = 4;
    private static final int RLIMIT_NOFILE = 7;

    private static final MethodHandle SETGROUPS = Native.link("setgroups", Native.INT, Native.LONG, Native.POINTER);
    private static final MethodHandle SETRESGID =
            Native.link("setresgid", Native.INT, Native.INT, Native.INT, Native.INT);
    private static final MethodHandle SETRESUID =
            Native.link("setresuid", Native.INT, Native.INT, Native.INT, Native.INT);
    private static final MethodHandle PRCTL = Native.linkVariadic(
            "prctl", 1, Native.INT, Native.INT, Native.LONG, Native.LONG, Native.LONG, Native.LONG);
    private static final MethodHandle GETRLIMIT = Native.link("getrlimit", Native.INT, Native.INT, Native.POINTER);
    private static final MethodHandle SETRLIMIT = Native.link("setrlimit", Native.INT, Native.INT, Native.POINTER);

    private Credentials() {}

    /// Becomes an ordinary user that can never be anything else, never execute a program, and dies with its parent.
    ///
    /// The signal of the parent's death follows the parent's *thread* that started this process: it must outlive it.
    /// The main thread must call this (the setting ends with its thread).
    ///
    /// @param uid numeric user, not 0; it needs no entry in /etc/passwd
    /// @param gid numeric group, not 0
    /// @param openFilesMax RLIMIT_NOFILE, soft and hard (setrlimit(2)), unless the hard limit is lower already; core dumps
    ///     are switched off
    /// @throws LinuxException when a call fails; the process must end then
    /// @throws IllegalStateException when a thread kept a privilege; the process must end then
    public static void drop(int uid, int gid, int openFilesMax) {
        if (uid <= 0 || gid <= 0) throw new IllegalArgumentException("an unprivileged user and group have positive ids");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            limit(RLIMIT_CORE, 0, arena, capture);
            limit(RLIMIT_NOFILE, openFilesMax, arena, capture);
            Native.check("setgroups", (int) SETGROUPS.invokeExact(capture, 0L, MemorySegment.NULL), capture);
            Native.check("setresgid", (int) SETRESGID.invokeExact(capture, gid, gid, gid), capture);
            Native.check("setresuid", (int) SETRESUID.invokeExact(capture, uid, uid, uid), capture);
            prctl(PR_SET_NO_NEW_PRIVS, 1, "prctl PR_SET_NO_NEW_PRIVS", capture);
            prctl(PR_SET_DUMPABLE, 0, "prctl PR_SET_DUMPABLE", capture);
            prctl(PR_SET_PDEATHSIG, SIGKILL, "prctl PR_SET_PDEATHSIG", capture);
            SystemCallFilter.forbidExecution(arena, capture);
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.impossible(t);
        }
        verify(ProcessHandle.current().pid(), uid, gid);
    }

    private static void limit(int resource, long value, Arena arena, MemorySegment capture) throws Throwable {
        MemorySegment limit = arena.allocate(Native.LONG, 2);
        Native.check("getrlimit", (int) GETRLIMIT.invokeExact(capture, resource, limit), capture);
        long hard = limit.getAtIndex(Native.LONG, 1);
        long lowered = Long.compareUnsigned(hard, value) < 0 ? hard : value; // RLIM_INFINITY is the largest number
        limit.setAtIndex(Native.LONG, 0, lowered);
        limit.setAtIndex(Native.LONG, 1, lowered);
        Native.check("setrlimit", (int) SETRLIMIT.invokeExact(capture, resource, limit), capture);
    }

    private static void prctl(int option, long value, String name, MemorySegment capture) throws Throwable {
        Native.check(name, (int) PRCTL.invokeExact(capture, option, value, 0L, 0L, 0L), capture);
    }

    /// Reads the state of every thread of a process from `/proc/<pid>/task/*/status` (proc_pid_status(5)).
    ///
    /// @throws IllegalStateException naming the line of the first thread that has another id, a group, a capability, or
    ///     no filter; or when the process is gone
    public static void verify(long pid, int uid, int gid) {
        Path tasks = Path.of("/proc", Long.toString(pid), "task");
        int threads = 0;
        try (DirectoryStream<Path> directory = Files.newDirectoryStream(tasks)) {
            for (Path task : directory) {
                try {
                    verifyThread(Files.readString(task.resolve("status")), uid, gid);
                    threads++;
                } catch (NoSuchFileException threadEnded) {
                    // A thread that has ended holds no privilege.
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot read the threads of process " + pid, e);
        }
        if (threads == 0) throw new IllegalStateException("process " + pid + " has no threads");
    }

    static void verifyThread(String status, int uid, int gid) {
        String none = "0".repeat(16);
        Set<String> missing = new TreeSet<>(Set.of(
                "Uid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid,
                "Gid:\t" + gid + "\t" + gid + "\t" + gid + "\t" + gid,
                "Groups:",
                "CapInh:\t" + none,
                "CapPrm:\t" + none,
                "CapEff:\t" + none,
                "CapAmb:\t" + none,
                "NoNewPrivs:\t1",
                "Seccomp:\t2"));
        status.lines().map(String::stripTrailing).forEach(missing::remove);
        if (!missing.isEmpty()) {
            String expected = missing.iterator().next();
            String name = expected.substring(0, expected.indexOf(':') + 1);
            String found = status.lines().filter(line -> line.startsWith(name)).findFirst().orElse("nothing");
            throw new IllegalStateException("a thread kept a privilege: expected '" + expected + "', found '" + found + "'");
        }
    }
}
