package dev.declaw.runtime.vmm;

import dev.declaw.runtime.storage.Digests;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The processor that a guest sees under KVM, where it is the host's own: its name and features (proc_cpuinfo(5)).
final class ProcessorModel {
    private static final int DIGEST_CHARACTERS = 12;

    private ProcessorModel() {}

    static String name() {
        String model = "unknown";
        String flags = "";
        try {
            for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
                String[] parts = line.split(":", 2);
                if (parts.length == 2 && parts[0].strip().equals("model name")) {
                    model = parts[1].strip();
                } else if (parts.length == 2 && parts[0].strip().equals("flags")) {
                    flags = parts[1].strip();
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return model + " " + Digests.ofTexts(flags).substring(0, DIGEST_CHARACTERS);
    }
}
