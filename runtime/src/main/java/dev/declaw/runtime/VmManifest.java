package dev.declaw.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.linux.HostProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// What is written down about a running microVM, last of all: a sandbox directory without it is of a boot that did not
/// end. It holds no secret.
///
/// @param process the VMM
/// @param memoryMib what was promised to it, VMM overhead included
/// @param templateDigest what it was booted from
record VmManifest(HostProcess process, int memoryMib, String templateDigest) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int VERSION = 1;

    void write(Path file) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        JSON.writeValue(
                temporary.toFile(),
                JSON.createObjectNode()
                        .put("version", VERSION)
                        .put("pid", process.pid())
                        .put("start_ticks", process.startTicks())
                        .put("memory_mib", memoryMib)
                        .put("template_digest", templateDigest));
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
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
        return new VmManifest(
                new HostProcess(json.path("pid").asLong(), json.path("start_ticks").asLong()),
                json.path("memory_mib").asInt(),
                json.path("template_digest").asText());
    }
}
