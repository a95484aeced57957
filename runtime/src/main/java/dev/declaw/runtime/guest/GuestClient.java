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

    /// Starts a process and follows it from its first byte.
    GuestProcess start(ProcessSpec spec);

    /// Follows a process that was started earlier, from its first retained byte.
    ///
    /// @throws dev.declaw.model.failure.PlatformFailure.NotFound when there is no such process
    GuestProcess follow(int pid);

    /// Running processes that were started through this API.
    List<ProcessInfo> processes();

    void writeStdin(int pid, byte[] bytes);

    void closeStdin(int pid);

    /// Kills the whole process group with SIGKILL. False when it is not running.
    boolean kill(int pid);

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

    /// @param command shell command line, run by `/bin/bash -c`
    /// @param user user name; `user` when empty
    /// @param workingDirectory absolute, or relative to the user's home; the home when empty
    /// @param environment variables on top of the sandbox's
    /// @param timeout after which the process group is killed; empty for none
    /// @param stdin whether stdin is a pipe; otherwise it is /dev/null
    record ProcessSpec(
            String command,
            String user,
            Optional<String> workingDirectory,
            Map<String, String> environment,
            Optional<Duration> timeout,
            boolean stdin) {}

    record ProcessInfo(int pid, String command) {}

    /// @param sizeBytes length of the file, or -1 when it is not known (devices, /proc)
    record FileContent(InputStream stream, long sizeBytes) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            stream.close();
        }
    }

    /// @param directory true for directories and links to them
    record FileEntry(String name, String path, boolean directory, long sizeBytes, int mode, String owner, long modifiedMillis) {}
}
