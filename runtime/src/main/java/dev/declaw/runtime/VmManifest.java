package dev.declaw.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.linux.HostProcess;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.MachineShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/// What is written down about a running microVM, last of all: a sandbox directory without it is of a boot that did not
/// end. It holds no secret.
///
/// @param process the VMM
/// @param memoryMib what was promised to it, VMM overhead included
/// @param shape what it is
/// @param disk what its own layer lies on
/// @param saving a save that is under way; after a crash it says what may be half done
record VmManifest(HostProcess process, int memoryMib, MachineShape shape, DiskChain disk, Optional<Saving> saving) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int VERSION = 2;

    /// @param snapshot id of the snapshot that is being made
    /// @param layer id that the machine's own layer gets when it is frozen
    record Saving(String snapshot, String layer) {}

    VmManifest with(Optional<Saving> now) {
        return new VmManifest(process, memoryMib, shape, disk, now);
    }

    VmManifest with(DiskChain now) {
        return new VmManifest(process, memoryMib, shape, now, saving);
    }

    void write(Path file) throws IOException {
        ObjectNode json = JSON.createObjectNode()
                .put("version", VERSION)
                .put("pid", process.pid())
                .put("start_ticks", process.startTicks())
                .put("memory_mib", memoryMib);
        shape.write(json.putObject("shape"));
        disk.write(json.putObject("disk"));
        saving.ifPresent(now -> json.putObject("saving").put("snapshot", now.snapshot()).put("layer", now.layer()));
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        JSON.writeValue(temporary.toFile(), json);
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /// @throws IOException when it is not there, or not a whole manifest of this version
    static VmManifest read(Path file) throws IOException {
        JsonNode json = JSON.readTree(file.toFile());
        if (json.path("version").asInt() != VERSION
                || !json.path("pid").isIntegralNumber()
                || !json.path("start_ticks").isIntegralNumber()
                || json.path("memory_mib").asInt() <= 0) {
            throw new IOException("not a manifest of version " + VERSION);
        }
        try {
            JsonNode saving = json.path("saving");
            return new VmManifest(
                    new HostProcess(json.path("pid").asLong(), json.path("start_ticks").asLong()),
                    json.path("memory_mib").asInt(),
                    MachineShape.read(json.path("shape")),
                    DiskChain.read(json.path("disk")),
                    saving.isObject()
                            ? Optional.of(new Saving(
                                    saving.path("snapshot").asText(), saving.path("layer").asText()))
                            : Optional.empty());
        } catch (IllegalArgumentException wrong) {
            throw new IOException("the manifest is damaged: " + wrong.getMessage(), wrong);
        }
    }
}
