package dev.declaw.runtime.guest;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What the server asks of a guest. Calls block (virtual threads); each has a deadline. Thread-safe.
///
/// Every method throws [dev.declaw.model.failure.PlatformFailure.GuestUnreachable] when the agent does not answer or
/// answers nonsense, and the failure that fits when the agent refuses: `NotFound`, `InvalidRequest`, `PermissionDenied`,
/// `Conflict`, `TooLarge`.
public interface GuestClient {
    /// Gives the guest its identity: the first call after a boot, once. Idempotent for the same token.
    void init(GuestIdentity identity);

    /// Replaces the sandbox CA in all trust stores of the guest (after the proxy had to be restarted).
    void installCa(String caPem);

    /// True when the agent answers within the deadline.
    boolean healthy(Duration deadline);

    /// Starts a process, or finds the one that was started with the same tag, and follows it from its first retained byte.
    GuestProcess start(ProcessSpec spec);

    /// Starts a process, or finds the one that was started with the same tag.
    ///
    /// @return its process id
    int launch(ProcessSpec spec);

    /// Follows a process that was started earlier.
    ///
    /// @param after bytes of both outputs that the caller has already; it begins later when they are no longer kept
    /// @throws dev.declaw.model.failure.PlatformFailure.NotFound when there is no such process
    GuestProcess follow(ProcessRef process, long after);

    /// Follows a process from its first retained byte.
    default GuestProcess follow(int pid) {
        return follow(ProcessRef.pid(pid), 0);
    }

    /// Running processes that were started through this API.
    List<ProcessInfo> processes();

    void writeStdin(ProcessRef process, byte[] bytes);

    default void writeStdin(int pid, byte[] bytes) {
        writeStdin(ProcessRef.pid(pid), bytes);
    }

    void closeStdin(ProcessRef process);

    default void closeStdin(int pid) {
        closeStdin(ProcessRef.pid(pid));
    }

    /// Kills the whole process group (of a terminal, its whole session) with SIGKILL. False when it is not running.
    boolean kill(ProcessRef process);

    default boolean kill(int pid) {
        return kill(ProcessRef.pid(pid));
    }

    /// Changes the size of the terminal of a process.
    void resize(int pid, TerminalSize size);

    /// Opens a connection to a port of the guest, on its loopback interface first. The caller closes it.
    ///
    /// @throws dev.declaw.model.failure.PlatformFailure.NotFound with code `port_closed` when nothing listens
    GuestTunnel connect(int port);

    /// From now on every program in the guest waits for an answer over [#execGate] before it starts; without one it does not start.
    /// Does nothing when that is so already.
    ///
    /// @return whether programs that were never files (memfd_create(2)) wait too
    /// @throws dev.declaw.model.failure.PlatformFailure.Conflict with code `gate_unsupported` when the guest's kernel cannot do it
    boolean armExecGate();

    /// Opens the connection over which the guest asks before a program starts, in place of the one there was
    /// (protocol/guest.md). The caller closes it.
    GuestTunnel execGate();

    /// Programs start without a question again.
    void disarmExecGate();

    /// Begins to watch a directory. The caller closes it.
    GuestWatch watch(String path, String user, boolean recursive);

    /// Opens a file. The caller closes the stream.
    FileContent read(String path, String user);

    /// Creates or replaces a file with missing parents, owned by `user` when new.
    ///
    /// @return bytes written
    long write(String path, String user, InputStream content) throws IOException;

    /// Entries below a directory, pre-order, without the directory itself.
    List<FileEntry> list(String path, String user, int depth);

    FileEntry info(String path, String user);

    boolean exists(String path, String user);

    /// Removes a file or a whole tree; succeeds when there is nothing.
    void remove(String path, String user);

    FileEntry rename(String oldPath, String newPath, String user);

    /// @return true when it was created, false when it was there
    boolean makeDirectory(String path, String user);

    /// @param token secret that authenticates every later call, 32 to 128 ASCII characters
    /// @param hostname host name of the guest
    /// @param environment variables of every process
    /// @param caPem certificate of the sandbox CA; empty when nothing is intercepted
    record GuestIdentity(String token, String hostname, Map<String, String> environment, Optional<String> caPem) {
        @Override
        public String toString() {
            return "GuestIdentity[" + hostname + "]";
        }
    }

    /// @param kind what it is started as
    /// @param command shell command line, run by `/bin/bash -c`; empty for a terminal
    /// @param user user name; `user` when empty
    /// @param workingDirectory absolute, or relative to the user's home; the home when empty
    /// @param environment variables on top of the sandbox's
    /// @param timeout after which the process group is killed; empty for none
    /// @param stdin whether stdin is a pipe; otherwise it is /dev/null
    /// @param terminal size of the terminal, of which there is one exactly for [ProcessRef.Kind#PTY]
    /// @param tag a name by which the process can be found, and started only once
    record ProcessSpec(
            ProcessRef.Kind kind,
            String command,
            String user,
            Optional<String> workingDirectory,
            Map<String, String> environment,
            Optional<Duration> timeout,
            boolean stdin,
            Optional<TerminalSize> terminal,
            Optional<ProcessTag> tag) {
        /// A command.
        public ProcessSpec(
                String command,
                String user,
                Optional<String> workingDirectory,
                Map<String, String> environment,
                Optional<Duration> timeout,
                boolean stdin) {
            this(
                    ProcessRef.Kind.COMMAND,
                    command,
                    user,
                    workingDirectory,
                    environment,
                    timeout,
                    stdin,
                    Optional.empty(),
                    Optional.empty());
        }

        public ProcessSpec tagged(ProcessTag newTag) {
            return new ProcessSpec(
                    kind, command, user, workingDirectory, environment, timeout, stdin, terminal, Optional.of(newTag));
        }
    }

    /// @param columns 1 to 4096
    /// @param rows 1 to 4096
    record TerminalSize(int columns, int rows) {}

    /// @param name as [ProcessRef] takes it
    /// @param fingerprint of what is to be done, at most 128 bytes: two starts with one name must agree in it
    record ProcessTag(String name, String fingerprint) {}

    record ProcessInfo(int pid, String command, ProcessRef.Kind kind) {
        /// A command.
        public ProcessInfo(int pid, String command) {
            this(pid, command, ProcessRef.Kind.COMMAND);
        }
    }

    /// @param sizeBytes length of the file, or -1 when it is not known (devices, /proc)
    record FileContent(InputStream stream, long sizeBytes) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            stream.close();
        }
    }

    /// @param directory true for directories and links to them
    /// @param link what a symbolic link says; everything else describes what it leads to
    record FileEntry(
            String name,
            String path,
            boolean directory,
            long sizeBytes,
            int mode,
            String owner,
            long modifiedMillis,
            Optional<String> link) {}
}
