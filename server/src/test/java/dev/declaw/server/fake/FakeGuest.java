package dev.declaw.server.fake;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.guest.GuestProcess;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;

/// A guest in memory: files in a map, processes that follow a small script.
public final class FakeGuest implements GuestClient {
    public volatile GuestIdentity identity;
    public volatile String ca = "";
    public volatile boolean dead;
    public volatile boolean failInit;
    public volatile boolean failWrites;

    /// Length that every read announces at least.
    public volatile int announce;

    public final Map<String, byte[]> files = new ConcurrentSkipListMap<>();
    public final Map<String, Integer> modes = new ConcurrentHashMap<>();

    /// User that each file was written as last.
    public final Map<String, String> writers = new ConcurrentHashMap<>();

    public final java.util.Set<String> directories = new ConcurrentSkipListSet<>();
    private final Map<Integer, FakeProcess> processes = new ConcurrentHashMap<>();
    private final AtomicInteger pids = new AtomicInteger(100);

    void requireAnswering() {
        if (dead) throw new PlatformFailure.GuestUnreachable("the guest agent does not answer", null);
    }

    private void requireIdentity() {
        requireAnswering();
        if (identity == null) throw new PlatformFailure.Conflict("not_initialised", "init comes first");
    }

    @Override
    public void init(GuestIdentity given) {
        requireAnswering();
        if (failInit) throw new PlatformFailure.GuestUnreachable("init failed", null);
        if (identity != null && !identity.token().equals(given.token())) {
            throw new PlatformFailure.PermissionDenied("unauthenticated", "another token");
        }
        identity = given;
        ca = given.caPem().orElse("");
    }

    @Override
    public void installCa(String caPem) {
        requireIdentity();
        ca = caPem;
    }

    @Override
    public boolean healthy(Duration deadline) {
        return !dead;
    }

    @Override
    public GuestProcess start(ProcessSpec spec) {
        requireIdentity();
        Map<String, String> environment = new HashMap<>(identity.environment());
        environment.putAll(spec.environment());
        chmod(spec.command());
        FakeProcess process = new FakeProcess(pids.incrementAndGet(), spec.command(), environment);
        processes.put(process.pid, process);
        return process.follow(this);
    }

    private void chmod(String command) {
        java.util.regex.Matcher words = java.util.regex.Pattern.compile("chmod ([0-7]{4}) -- '(.*)'").matcher(command);
        if (!words.matches()) return;
        for (String path : words.group(2).split("' '")) modes.put(path, Integer.parseInt(words.group(1), 8));
    }

    private FakeProcess process(int pid) {
        requireIdentity();
        FakeProcess process = processes.get(pid);
        if (process == null) throw new PlatformFailure.NotFound("no_such_process", "there is no process " + pid);
        return process;
    }

    @Override
    public GuestProcess follow(int pid) {
        return process(pid).follow(this);
    }

    @Override
    public List<ProcessInfo> processes() {
        requireIdentity();
        return processes.values().stream()
                .filter(process -> !process.ended())
                .map(process -> new ProcessInfo(process.pid, process.command))
                .toList();
    }

    @Override
    public void writeStdin(int pid, byte[] bytes) {
        FakeProcess process = process(pid);
        if (process.ended()) throw new PlatformFailure.Conflict("stdin_closed", "the process has ended");
        process.input(bytes);
    }

    @Override
    public void closeStdin(int pid) {
        process(pid);
    }

    @Override
    public boolean kill(int pid) {
        return process(pid).kill();
    }

    @Override
    public FileContent read(String path, String user) {
        byte[] bytes = file(path);
        return new FileContent(new ByteArrayInputStream(bytes), Math.max(bytes.length, announce));
    }

    private byte[] file(String path) {
        requireIdentity();
        byte[] bytes = files.get(path);
        if (bytes == null) throw new PlatformFailure.NotFound("not_found", "there is no such file");
        return bytes;
    }

    @Override
    public long write(String path, String user, InputStream content) throws IOException {
        requireIdentity();
        if (failWrites) throw new PlatformFailure.TooLarge("disk_full", "the disk is full");
        byte[] bytes = content.readAllBytes();
        files.put(path, bytes);
        writers.put(path, user);
        return bytes.length;
    }

    @Override
    public List<FileEntry> list(String path, String user, int depth) {
        requireIdentity();
        String prefix = path.endsWith("/") ? path : path + "/";
        TreeMap<String, FileEntry> entries = new TreeMap<>();
        for (String file : new TreeSet<>(files.keySet())) if (file.startsWith(prefix)) entries.put(file, entry(file));
        for (String dir : directories) if (dir.startsWith(prefix)) entries.put(dir, entry(dir));
        return List.copyOf(entries.values());
    }

    private FileEntry entry(String path) {
        boolean directory = directories.contains(path);
        String name = path.substring(path.lastIndexOf('/') + 1);
        byte[] bytes = directory ? new byte[0] : files.get(path);
        // another array is another write, at another time
        long modified = directory ? 0 : System.identityHashCode(bytes);
        return new FileEntry(name, path, directory, directory ? 4096 : bytes.length, modes.getOrDefault(path, 0644), "user", modified);
    }

    @Override
    public FileEntry info(String path, String user) {
        requireIdentity();
        if (!directories.contains(path)) file(path);
        return entry(path);
    }

    @Override
    public boolean exists(String path, String user) {
        requireIdentity();
        return files.containsKey(path) || directories.contains(path);
    }

    @Override
    public void remove(String path, String user) {
        requireIdentity();
        files.keySet().removeIf(file -> file.equals(path) || file.startsWith(path + "/"));
        directories.removeIf(directory -> directory.equals(path) || directory.startsWith(path + "/"));
    }

    @Override
    public FileEntry rename(String oldPath, String newPath, String user) {
        files.put(newPath, file(oldPath));
        files.remove(oldPath);
        return entry(newPath);
    }

    @Override
    public boolean makeDirectory(String path, String user) {
        requireIdentity();
        return directories.add(path);
    }
}
