package dev.declaw.runtime;

import dev.declaw.linux.HostProcess;
import dev.declaw.model.sandbox.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The files of one sandbox. The directory is the first thing that a boot makes and the last that a kill removes, so every
/// slot and process of this host has one: that is how they are found again, and how those of another server are told apart.
record SandboxDirectory(SandboxId id, Path path) {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxDirectory.class);
    private static final String SANDBOXES = "sandboxes";
    private static final FileAttribute<?> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final Duration KILL_DEADLINE = Duration.ofSeconds(10);

    static SandboxDirectory of(Path stateDirectory, SandboxId id) {
        return new SandboxDirectory(id, stateDirectory.resolve(SANDBOXES).resolve(id.value()));
    }

    /// All of this host. Entries that are not named like a sandbox were not made by a host and are left alone.
    static List<SandboxDirectory> list(Path stateDirectory) throws IOException {
        Path root = stateDirectory.resolve(SANDBOXES);
        List<SandboxDirectory> found = new ArrayList<>();
        if (Files.isDirectory(root)) {
            try (Stream<Path> entries = Files.list(root)) {
                for (Path entry : entries.toList()) {
                    try {
                        found.add(new SandboxDirectory(new SandboxId(entry.getFileName().toString()), entry));
                    } catch (IllegalArgumentException stranger) {
                        LOG.warn("{} is not a sandbox: left alone", entry);
                    }
                }
            }
        }
        return found;
    }

    /// @throws java.nio.file.FileAlreadyExistsException when the sandbox exists
    void create() throws IOException {
        Files.createDirectories(path.getParent(), PRIVATE);
        Files.createDirectory(path, PRIVATE);
    }

    Path disk() {
        return path.resolve("disk.qcow2");
    }

    /// The layer that the machine writes to next, while it is saved.
    Path nextDisk() {
        return path.resolve("next.qcow2");
    }

    /// Empty when there is no whole one.
    Optional<VmManifest> readManifest() {
        try {
            return Optional.of(VmManifest.read(manifest()));
        } catch (IOException incomplete) {
            return Optional.empty();
        }
    }

    /// Control socket of the VMM.
    Path control() {
        return path.resolve("qmp");
    }

    Path manifest() {
        return path.resolve("vm.json");
    }

    /// VMM processes of this sandbox, known or not: their arguments name its disk.
    List<HostProcess> processes() {
        return HostProcess.withArgument(disk().toString());
    }

    /// Ends every VMM of this sandbox, also one that has written other arguments over its own: it cannot change its user.
    void killProcesses() {
        Set<HostProcess> all = new HashSet<>(processes());
        readManifest().map(VmManifest::process).filter(vmm -> vmm.runsAs(VmmUser.of(id))).ifPresent(all::add);
        for (HostProcess process : all) {
            if (!process.kill(KILL_DEADLINE)) {
                throw new IllegalStateException("process " + process.pid() + " does not end");
            }
        }
    }

    /// Ends VMMs of this sandbox other than its own: what a start that did not end left.
    void killOthers(HostProcess own) {
        for (HostProcess process : processes()) {
            if (!process.equals(own) && process.runsAs(VmmUser.of(id)) && !process.kill(KILL_DEADLINE)) {
                throw new IllegalStateException("process " + process.pid() + " does not end");
            }
        }
    }

    void delete() {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> all = Files.walk(path)) {
            for (Path entry : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(entry);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
