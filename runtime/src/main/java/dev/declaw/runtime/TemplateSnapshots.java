package dev.declaw.runtime;

import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.HostKey;
import dev.declaw.runtime.snapshot.MachineShape;
import dev.declaw.runtime.snapshot.SnapshotManifest;
import dev.declaw.runtime.storage.LocalArtifacts;
import dev.declaw.runtime.storage.DiskLayers;
import dev.declaw.runtime.storage.Part;
import dev.declaw.runtime.template.BootImage;
import dev.declaw.runtime.template.Template;
import dev.declaw.runtime.template.TemplateStore;
import dev.declaw.runtime.template.WarmUp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The saved machines of templates below the template cache. Each is found by what it was made of (template, kernel, agent)
/// and by the hosts it can go on; what is stale is left alone, what is damaged is taken out of use, and both are made anew.
/// Thread-safe, and safe against other servers of this machine.
///
/// The disk layer of one that is taken out of use stays: layers of sandboxes lie on it.
final class TemplateSnapshots {
    private static final Logger LOG = LoggerFactory.getLogger(TemplateSnapshots.class);
    private static final Duration WARM_UP_DEADLINE = Duration.ofSeconds(120);
    private static final Duration SETTLE = Duration.ofMillis(500);
    /// The disk of a template is one of its parts: it has no layers of its own.
    private static final DiskLayers NO_LAYERS = new DiskLayers(Path.of("/nonexistent"));
    private static final int TOKEN_BYTES = 32;
    private static final int ID_BYTES = 8;
    private static final String USER = "user";

    private final TemplateStore templates;
    private final SecureRandom random = new SecureRandom();

    TemplateSnapshots(TemplateStore templates) {
        this.templates = templates;
    }

    /// Boots a machine of the template whose memory is a file, for this class to save.
    @FunctionalInterface
    interface Incubator {
        /// @param memory where its memory file goes
        LocalMicroVm boot(Path memory) throws IOException;
    }

    /// One that can be used now.
    Optional<TemplateSnapshot> find(Template template, BootImage image, HostKey here) throws IOException {
        for (Path directory : candidates(templates.snapshots(template, image))) {
            SnapshotManifest manifest;
            try {
                manifest = SnapshotManifest.read(directory);
            } catch (NoSuchFileException retired) {
                continue;
            } catch (IOException damaged) {
                retire(directory, damaged.getMessage());
                continue;
            }
            Optional<String> refusal = manifest.refusal(directory, here, NO_LAYERS);
            if (refusal.isEmpty()) {
                return Optional.of(new TemplateSnapshot(directory, manifest));
            }
            if (here.refuses(manifest.key()).isPresent()) {
                LOG.debug("the saved machine {} of template {} is not for this host: {}",
                        manifest.id(), template.name(), refusal.get());
            } else {
                retire(directory, refusal.get());
            }
        }
        return Optional.empty();
    }

    /// Newest first.
    private static List<Path> candidates(Path parent) throws IOException {
        try (Stream<Path> entries = Files.list(parent)) {
            return entries.sorted(Comparator.reverseOrder()).toList();
        } catch (NoSuchFileException | NotDirectoryException none) {
            return List.of();
        }
    }

    /// Takes a saved machine out of use for everybody; machines that run from it go on, they have its files open.
    void retire(Path directory, String why) throws IOException {
        LOG.warn("the saved machine in {} is not used any more, and made anew: {}", directory, why);
        Files.deleteIfExists(directory.resolve(LocalArtifacts.MANIFEST));
        Files.deleteIfExists(directory.resolve(TemplateSnapshot.MEMORY));
        Files.deleteIfExists(directory.resolve(TemplateSnapshot.STATE));
    }

    /// One that can be used now, made when there is none.
    TemplateSnapshot prepare(
            Template template, BootImage image, HostKey here, Incubator incubator, Consumer<String> progress)
            throws IOException {
        String id = Instant.now().getEpochSecond() + "-" + HexFormat.of().formatHex(bytes(4));
        Path result = templates.snapshots(template, image).resolve(id);
        Path made = templates.snapshot(
                result,
                () -> find(template, image, here).map(TemplateSnapshot::directory),
                directory -> {
                    progress.accept("template " + template.name() + ": booting it once, to be resumed from then on");
                    make(id, template, here, incubator, directory, result);
                });
        return new TemplateSnapshot(made, SnapshotManifest.read(made));
    }

    private void make(
            String id, Template template, HostKey here, Incubator incubator, Path directory, Path result)
            throws IOException {
        String token = HexFormat.of().formatHex(bytes(TOKEN_BYTES));
        Path state = Files.createFile(directory.resolve(TemplateSnapshot.STATE));
        LocalMicroVm vm = incubator.boot(directory.resolve(TemplateSnapshot.MEMORY));
        try {
            vm.guest().init(new GuestClient.GuestIdentity(token, "sandbox", Map.of(), Optional.empty()));
            warmUp(vm.guest());
            vm.saveAndEnd(state);
            Files.move(vm.disk(), directory.resolve(TemplateSnapshot.DISK), StandardCopyOption.REPLACE_EXISTING);
        } finally {
            vm.kill();
        }
        Map<String, Part> parts = new TreeMap<>();
        for (String name : List.of(TemplateSnapshot.MEMORY, TemplateSnapshot.STATE, TemplateSnapshot.DISK)) {
            parts.put(name, Part.of(directory.resolve(name)));
        }
        DiskChain disk = DiskChain.of(result.resolve(TemplateSnapshot.DISK), DiskChain.LAYER_FORMAT);
        new SnapshotManifest(id, SnapshotManifest.Source.TEMPLATE, Instant.now(), here, MachineShape.of(template), token, parts, disk).write(directory);
    }

    private static void warmUp(GuestClient guest) throws IOException {
        GuestClient.ProcessSpec spec = new GuestClient.ProcessSpec(
                WarmUp.SCRIPT, USER, Optional.empty(), Map.of(), Optional.of(WARM_UP_DEADLINE), false);
        try (GuestProcess process = guest.start(spec)) {
            while (true) {
                if (process.next() instanceof GuestProcess.Event.Exited exited) {
                    if (exited.exitCode() != 0) {
                        throw new IOException("the warm-up of the template ended with " + exited.exitCode());
                    }
                    break;
                }
            }
            Thread.sleep(SETTLE); // what the kernel put off until later happens now, and not in every sandbox
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a template was warmed up", interrupted);
        }
    }

    /// An id for the machine that is saved.
    SandboxId newId() {
        return new SandboxId("sbx-" + HexFormat.of().formatHex(bytes(ID_BYTES)));
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }
}
