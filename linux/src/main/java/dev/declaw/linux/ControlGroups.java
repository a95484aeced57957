package dev.declaw.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// The control groups of this machine (cgroups(7)): version 2 where it has the controllers, else version 1, each controller in a
/// hierarchy of its own. Groups are made below one of our own at the top, because a VMM outlives the service that
/// started it. A machine that lets us make none still works; then nothing but the VMM itself bounds what a guest takes. Thread-safe.
public final class ControlGroups {
    private static final String OWN = "declaw";
    private static final List<String> CONTROLLERS = List.of("cpu", "memory", "pids");
    private static final int PERIOD_MICROS = 100_000;
    private static final int REMOVE_TRIES_MAX = 50;
    private static final int REMOVE_PAUSE_MILLIS = 2;

    /// Processor shares of all our groups together against everything else of the machine; one process has 1024 (100).
    private static final int OWN_SHARES = 16_384;
    private static final int OWN_WEIGHT = 400;

    private final boolean unified;

    /// Our own directory for each controller; in version 2 it is the same for all.
    private final Map<String, Path> directories;

    private ControlGroups(boolean unified, Map<String, Path> directories) {
        this.unified = unified;
        this.directories = new TreeMap<>(directories);
    }

    /// @param cpuCoresMax processors that it may use, in hundredths of one
    /// @param memoryBytesMax memory, page cache included; at the limit its processes are killed when nothing can be reclaimed
    /// @param tasksMax processes and threads
    public record Limits(int cpuCoresMax, long memoryBytesMax, int tasksMax) {}

    /// What this machine offers, which may be nothing.
    public static ControlGroups find() {
        try {
            return find(Files.readAllLines(Path.of("/proc/self/mountinfo")));
        } catch (IOException unreadable) {
            return new ControlGroups(false, Map.of());
        }
    }

    /// @param mounts lines of proc_pid_mountinfo(5)
    static ControlGroups find(List<String> mounts) {
        Map<String, Path> first = new TreeMap<>();
        for (String line : mounts) {
            String[] fields = line.split(" ");
            int end = Arrays.asList(fields).indexOf("-");
            if (end < 0 || fields.length < end + 4) {
                continue;
            }
            Path mount = Path.of(fields[4]);
            if (fields[end + 1].equals("cgroup2")) {
                ControlGroups second = unified(mount);
                if (!second.directories.isEmpty()) {
                    return second;
                }
            } else if (fields[end + 1].equals("cgroup")) {
                for (String controller : fields[end + 3].split(",")) {
                    if (CONTROLLERS.contains(controller) && made(mount.resolve(OWN))) {
                        first.put(controller, mount.resolve(OWN));
                    }
                }
            }
        }
        if (first.containsKey("cpu")) {
            attempt(first.get("cpu").resolve("cpu.shares"), Integer.toString(OWN_SHARES));
        }
        return new ControlGroups(false, first);
    }

    private static ControlGroups unified(Path mount) {
        Set<String> offered = new TreeSet<>(Arrays.asList(read(mount.resolve("cgroup.controllers")).split("\\s+")));
        offered.retainAll(CONTROLLERS);
        Path own = mount.resolve(OWN);
        if (offered.isEmpty() || !made(own)) {
            return new ControlGroups(true, Map.of());
        }
        Map<String, Path> usable = new TreeMap<>();
        for (String controller : offered) {
            attempt(mount.resolve("cgroup.subtree_control"), "+" + controller);
            if (attempt(own.resolve("cgroup.subtree_control"), "+" + controller)) {
                usable.put(controller, own);
            }
        }
        attempt(own.resolve("cpu.weight"), Integer.toString(OWN_WEIGHT));
        return new ControlGroups(true, usable);
    }

    /// Controllers that work here: some of `cpu`, `memory` and `pids`.
    public Set<String> controllers() {
        return Set.copyOf(directories.keySet());
    }

    /// The group of this name, whether or not it exists.
    public Group group(String name) {
        if (name.isEmpty() || name.contains("/") || name.startsWith(".")) {
            throw new IllegalArgumentException("not a name for a control group");
        }
        return new Group(name);
    }

    /// One group.
    public final class Group {
        private final String name;

        private Group(String name) {
            this.name = name;
        }

        /// Makes the group, or changes its limits. What the kernel does not take is left out.
        ///
        /// @return controllers that did not take their limit
        public Set<String> create(Limits limits) {
            Set<String> refused = new TreeSet<>();
            directories.forEach((controller, parent) -> {
                Path directory = parent.resolve(name);
                boolean taken = made(directory) && switch (controller) {
                    case "cpu" -> cpu(directory, limits.cpuCoresMax());
                    case "memory" ->
                        attempt(
                                directory.resolve(unified ? "memory.max" : "memory.limit_in_bytes"),
                                Long.toString(limits.memoryBytesMax()));
                    default -> attempt(directory.resolve("pids.max"), Integer.toString(limits.tasksMax()));
                };
                if (!taken) {
                    refused.add(controller);
                }
            });
            return refused;
        }

        private boolean cpu(Path directory, int hundredths) {
            long quota = (long) PERIOD_MICROS * hundredths / 100;
            return unified
                    ? attempt(directory.resolve("cpu.max"), quota + " " + PERIOD_MICROS)
                    : attempt(directory.resolve("cpu.cfs_period_us"), Integer.toString(PERIOD_MICROS))
                            && attempt(directory.resolve("cpu.cfs_quota_us"), Long.toString(quota));
        }

        /// Puts a process with all its threads, and what it starts from now on, into the group.
        ///
        /// @return controllers whose group does not hold it
        public Set<String> add(long pid) {
            Set<String> refused = new TreeSet<>();
            directories.forEach((controller, parent) -> {
                if (!attempt(parent.resolve(name).resolve("cgroup.procs"), Long.toString(pid))) {
                    refused.add(controller);
                }
            });
            return refused;
        }

        /// Removes the group, whose processes have ended; does nothing when there is none.
        ///
        /// @throws LinuxException when something is still in it
        public void remove() {
            for (Path parent : new TreeSet<>(directories.values())) {
                removeDirectory(parent.resolve(name));
            }
        }

        @Override
        public String toString() {
            return OWN + "/" + name;
        }
    }

    /// A process that was killed may still be counted for a moment after its end was seen.
    private static void removeDirectory(Path directory) {
        for (int attempt = 1; ; attempt++) {
            try {
                Files.deleteIfExists(directory);
                return;
            } catch (IOException busy) {
                if (attempt == REMOVE_TRIES_MAX) {
                    throw new LinuxException("rmdir " + directory, Errno.EBUSY);
                }
            }
            try {
                Thread.sleep(REMOVE_PAUSE_MILLIS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new LinuxException("rmdir " + directory, Errno.EBUSY);
            }
        }
    }

    private static boolean made(Path directory) {
        try {
            Files.createDirectories(directory);
            return true;
        } catch (IOException refused) {
            return false;
        }
    }

    /// Writes to a file of the kernel, which exists; false when the kernel does not take it.
    private static boolean attempt(Path file, String text) {
        if (!Files.exists(file)) {
            return false;
        }
        try {
            Files.writeString(file, text, StandardCharsets.US_ASCII);
            return true;
        } catch (IOException refused) {
            return false;
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.US_ASCII);
        } catch (NoSuchFileException none) {
            return "";
        } catch (IOException unreadable) {
            return "";
        }
    }

    /// The groups that exist below ours.
    public List<String> names() {
        Set<String> names = new TreeSet<>();
        for (Path parent : new TreeSet<>(directories.values())) {
            try (var entries = Files.newDirectoryStream(parent, Files::isDirectory)) {
                entries.forEach(entry -> names.add(entry.getFileName().toString()));
            } catch (IOException gone) {
                // Nobody made one yet.
            }
        }
        return new ArrayList<>(names);
    }

    @Override
    public String toString() {
        return directories.isEmpty()
                ? "no control groups"
                : "control groups of version " + (unified ? 2 : 1) + " with " + String.join(", ", directories.keySet());
    }
}
