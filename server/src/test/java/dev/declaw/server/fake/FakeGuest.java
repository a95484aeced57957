package dev.declaw.server.fake;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.FileChange;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.guest.GuestTunnel;
import dev.declaw.runtime.guest.GuestWatch;
import dev.declaw.runtime.guest.ProcessRef;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /// Whether the connection breaks as soon as the next process has started.
    public volatile boolean breaksAfterStart;

    /// Whether `chmod` writes for ever, as a hostile agent could make it seem.
    public volatile boolean floodsChmod;

    /// Length that every read announces at least.
    public volatile int announce;

    public final Map<String, byte[]> files = new ConcurrentSkipListMap<>();
    public final Map<String, Integer> modes = new ConcurrentHashMap<>();

    /// User that each file was written as last.
    public final Map<String, String> writers = new ConcurrentHashMap<>();

    public final java.util.Set<String> directories = new ConcurrentSkipListSet<>();
    /// Ports of the guest, and which port of this machine answers for each.
    public final Map<Integer, Integer> ports = new ConcurrentHashMap<>();

    /// How many processes were really started.
    public final AtomicInteger starts = new AtomicInteger();

    /// What the next watches report, once.
    public final java.util.Queue<FileChange> changes = new java.util.concurrent.ConcurrentLinkedQueue<>();

    /// Bytes that processes which flood have written.
    public final java.util.concurrent.atomic.AtomicLong flooded = new java.util.concurrent.atomic.AtomicLong();

    public final AtomicInteger openWatches = new AtomicInteger();
    private final Map<String, byte[]> seen = new HashMap<>();
    private final Map<String, Long> times = new HashMap<>();
    private final Map<Integer, FakeProcess> processes = new ConcurrentHashMap<>();
    private final AtomicInteger pids = new AtomicInteger(100);

    /// The guest as a snapshot brings it back: whoever does that knows its token.
    FakeGuest copy() {
        requireAnswering();
        FakeGuest copy = new FakeGuest();
        copy.files.putAll(files);
        copy.directories.addAll(directories);
        copy.restored = true;
        copy.identity = identity;
        return copy;
    }

    /// Whether it was brought back and stands still until its first init.
    public volatile boolean restored;

    void requireAnswering() {
        if (dead) throw new PlatformFailure.GuestUnreachable("the guest agent does not answer", null, true);
    }

    private void requireIdentity() {
        requireAnswering();
        if (identity == null || restored) throw new PlatformFailure.Conflict("not_initialised", "init comes first");
    }

    @Override
    public void init(GuestIdentity given) {
        requireAnswering();
        if (failInit) throw new PlatformFailure.GuestUnreachable("init failed", null);
        if (identity != null && !restored && !identity.token().equals(given.token())) {
            throw new PlatformFailure.PermissionDenied("unauthenticated", "another token");
        }
        identity = given;
        restored = false;
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
        if (floodsChmod && spec.command().startsWith("chmod")) {
            ProcessSpec flood = new ProcessSpec(
                    "flood", spec.user(), Optional.empty(), Map.of(), Optional.empty(), false);
            return started(flood, environment).follow(this, 0);
        }
        return started(spec, environment).follow(this, 0);
    }

    private synchronized FakeProcess started(ProcessSpec spec, Map<String, String> environment) {
        String tag = spec.tag().map(ProcessTag::name).orElse("");
        String fingerprint = spec.tag().map(ProcessTag::fingerprint).orElse("");
        for (FakeProcess known : processes.values()) {
            if (tag.isEmpty() || !known.tag.equals(tag)) continue;
            if (!known.fingerprint.equals(fingerprint)) throw new PlatformFailure.Conflict("tag_taken", "another process");
            return known;
        }
        starts.incrementAndGet();
        FakeProcess process = new FakeProcess(pids.incrementAndGet(), spec, environment);
        processes.put(process.pid, process);
        if (breaksAfterStart) {
            breaksAfterStart = false;
            throw new PlatformFailure.GuestUnreachable("the connection broke", null);
        }
        return process;
    }

    /// Another array is another write, a millisecond after the one before.
    private synchronized long modified(String path, byte[] bytes) {
        if (seen.put(path, bytes) != bytes) times.merge(path, 0L, (before, _) -> before + 1);
        return times.get(path);
    }

    private void chmod(String command) {
        java.util.regex.Matcher words = java.util.regex.Pattern.compile("chmod ([0-7]{4}) -- '(.*)'").matcher(command);
        if (!words.matches()) return;
        for (String path : words.group(2).split("' '")) modes.put(path, Integer.parseInt(words.group(1), 8));
    }

    @Override
    public int launch(ProcessSpec spec) {
        requireIdentity();
        Map<String, String> environment = new HashMap<>(identity.environment());
        environment.putAll(spec.environment());
        chmod(spec.command());
        return started(spec, environment).pid;
    }

    private FakeProcess process(ProcessRef ref) {
        requireIdentity();
        return processes.values().stream()
                .filter(process -> ref.name().equals(Integer.toString(process.pid)) || ref.name().equals(process.tag))
                .filter(process -> ref.kind().isEmpty() || ref.kind().get() == process.kind)
                .findFirst()
                .orElseThrow(() -> new PlatformFailure.NotFound("no_such_process", "there is no process " + ref.name()));
    }

    @Override
    public GuestProcess follow(ProcessRef process, long after) {
        return process(process).follow(this, after);
    }

    @Override
    public List<ProcessInfo> processes() {
        requireIdentity();
        return processes.values().stream()
                .filter(process -> !process.ended())
                .map(process -> new ProcessInfo(process.pid, process.command, process.kind))
                .toList();
    }

    @Override
    public void writeStdin(ProcessRef ref, byte[] bytes) {
        FakeProcess process = process(ref);
        if (process.ended()) throw new PlatformFailure.Conflict("stdin_closed", "the process has ended");
        process.input(bytes);
    }

    @Override
    public void closeStdin(ProcessRef ref) {
        process(ref).inputEnds();
    }

    @Override
    public boolean kill(ProcessRef ref) {
        return process(ref).kill();
    }

    @Override
    public void resize(int pid, TerminalSize size) {
        process(ProcessRef.pty(pid)).resized(size);
    }

    @Override
    public boolean armExecGate() {
        throw new PlatformFailure.Conflict("gate_unsupported", "a guest without a kernel");
    }

    @Override
    public GuestTunnel execGate() {
        throw new PlatformFailure.Conflict("gate_unsupported", "a guest without a kernel");
    }

    @Override
    public void disarmExecGate() {}

    @Override
    public GuestTunnel connect(int port) {
        requireIdentity();
        Integer local = ports.get(port);
        if (local == null) throw new PlatformFailure.NotFound("port_closed", "nothing in the sandbox listens on port " + port);
        return new FakeTunnel(local);
    }

    @Override
    public GuestWatch watch(String path, String user, boolean recursive) {
        requireIdentity();
        if (!directories.contains(path)) throw new PlatformFailure.NotFound("not_found", path + " does not exist");
        return new FakeWatch(this, path);
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
        long modified = directory ? 0 : modified(path, bytes);
        return new FileEntry(name, path, directory, directory ? 4096 : bytes.length, modes.getOrDefault(path, 0644), "user", modified, Optional.empty());
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
