package dev.declaw.runtime.vmm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.linux.CommandFailedException;
import dev.declaw.linux.Exec;
import dev.declaw.linux.Tail;
import dev.declaw.runtime.template.BootImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Decides between KVM and emulation by starting the real kernel on KVM and waiting until it runs its `/init`. That
/// `/dev/kvm` can be opened proves nothing: in nested machines it often opens and no guest starts. The answer is kept
/// until the machine is booted again or the kernel changes.
public final class AcceleratorProbe {
    private static final Logger LOG = LoggerFactory.getLogger(AcceleratorProbe.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path DEVICE = Path.of("/dev/kvm");
    private static final Duration BOOT_DEADLINE = Duration.ofSeconds(5);
    private static final Duration END_DEADLINE = Duration.ofSeconds(5);
    private static final int CONSOLE_BYTES_MAX = 32768;
    private static final int REASON_CHARACTERS_MAX = 160;
    private static final String MARK = "as init process";

    private final Path cacheFile;
    private final Path device;

    /// @param cacheDirectory where the answer is kept
    public AcceleratorProbe(Path cacheDirectory) {
        this(cacheDirectory, DEVICE);
    }

    AcceleratorProbe(Path cacheDirectory, Path device) {
        this.cacheFile = cacheDirectory.resolve("accelerator.json");
        this.device = device;
    }

    public AcceleratorChoice choose(BootImage image) throws IOException {
        String bootId = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        Optional<AcceleratorChoice> kept = load(bootId, image.digest());
        if (kept.isPresent()) {
            return kept.get();
        }
        AcceleratorChoice choice = probe(image);
        LOG.info("{}", choice.reason());
        store(bootId, image.digest(), choice);
        return choice;
    }

    private AcceleratorChoice probe(BootImage image) {
        if (!Files.isReadable(device) || !Files.isWritable(device)) {
            return emulation("there is no usable " + device);
        }
        Process process;
        try {
            process = Exec.startPiped(QemuDriver.probeCommand(image));
        } catch (CommandFailedException missing) {
            return emulation("QEMU cannot be started");
        }
        Tail console = new Tail(CONSOLE_BYTES_MAX);
        CountDownLatch seen = new CountDownLatch(1);
        Thread reader = Thread.ofVirtual().start(() -> {
            read(process, console, seen);
            seen.countDown();
        });
        try {
            seen.await(BOOT_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
        }
        try {
            process.waitFor(END_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
            reader.join(END_DEADLINE);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        String text = console.text();
        if (text.contains(MARK)) {
            return new AcceleratorChoice(Accelerator.KVM, "KVM: a guest started on it");
        }
        String last = text.lines().filter(line -> !line.isBlank()).reduce((first, second) -> second).orElse("no output");
        return emulation(device + " is there, but no guest starts on it within " + BOOT_DEADLINE.toSeconds() + " s ("
                + last.substring(0, Math.min(last.length(), REASON_CHARACTERS_MAX)) + ")");
    }

    private static AcceleratorChoice emulation(String why) {
        return new AcceleratorChoice(
                Accelerator.TCG,
                "emulation (TCG): " + why + "; guests are as isolated, but run 1.2 to 15 times slower than with KVM");
    }

    private static void read(Process process, Tail console, CountDownLatch seen) {
        byte[] buffer = new byte[4096];
        try (InputStream in = process.getInputStream()) {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                console.write(buffer, length);
                if (console.text().contains(MARK)) {
                    seen.countDown();
                }
            }
        } catch (IOException ended) {
            // The probe was killed: its time was over.
        }
    }

    private Optional<AcceleratorChoice> load(String bootId, String digest) {
        try {
            JsonNode json = JSON.readTree(cacheFile.toFile());
            if (json.path("boot_id").asText().equals(bootId)
                    && json.path("image").asText().equals(digest)) {
                return Optional.of(new AcceleratorChoice(
                        Accelerator.valueOf(json.path("accelerator").asText()),
                        json.path("reason").asText()));
            }
        } catch (IOException | IllegalArgumentException unreadable) {
            // No answer was kept, or half of one: ask again.
        }
        return Optional.empty();
    }

    private void store(String bootId, String digest, AcceleratorChoice choice) throws IOException {
        Files.createDirectories(cacheFile.getParent());
        Path temporary = Files.createTempFile(cacheFile.getParent(), "accelerator", ".tmp");
        try {
            JSON.writeValue(
                    temporary.toFile(),
                    JSON.createObjectNode()
                            .put("boot_id", bootId)
                            .put("image", digest)
                            .put("accelerator", choice.accelerator().name())
                            .put("reason", choice.reason()));
            Files.move(temporary, cacheFile, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
