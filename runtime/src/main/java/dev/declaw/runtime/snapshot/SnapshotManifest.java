package dev.declaw.runtime.snapshot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.runtime.storage.LocalArtifacts;
import dev.declaw.runtime.storage.DiskLayers;
import dev.declaw.runtime.storage.Part;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What is written down of a saved machine, last of all: one without a manifest is of a save that did not end (L3).
///
/// @param id names this saved machine, for good
/// @param source whose it is
/// @param created when it was saved
/// @param key which hosts it can go on
/// @param shape of the machine
/// @param guestToken the token that its agent has; whoever restores it must give it a new one, or be the same sandbox
/// @param parts its files by name
/// @param disk what its disk consists of
public record SnapshotManifest(
        String id,
        Source source,
        Instant created,
        HostKey key,
        MachineShape shape,
        String guestToken,
        Map<String, Part> parts,
        DiskChain disk) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int VERSION = 1;
    private static final long FILE_BYTES_MAX = 1 << 20;
    private static final int PARTS_MAX = 128;

    /// Whose a saved machine is.
    ///
    /// @param tenant owner of the sandbox; empty for a template's
    /// @param sandboxId that was saved; empty likewise
    public record Source(String tenant, String sandboxId) {
        public static final Source TEMPLATE = new Source("", "");
    }

    public SnapshotManifest {
        parts = Map.copyOf(parts);
    }

    @Override
    public String toString() {
        return "SnapshotManifest[" + id + "]"; // without the token
    }

    /// Writes it so that it is either there as a whole or not at all, and on the disk when this returns, its parts before it:
    /// a power cut that left a manifest whose memory file has holes would go unnoticed, for its size and times are right.
    public void write(Path directory) throws IOException {
        for (String part : parts.keySet()) {
            try (FileChannel file = FileChannel.open(directory.resolve(part), StandardOpenOption.WRITE)) {
                file.force(true);
            }
        }
        Path temporary = directory.resolve(LocalArtifacts.MANIFEST + ".tmp");
        Files.deleteIfExists(temporary);
        Files.createFile(
                temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(temporary, toBytes());
        try (FileChannel file = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            file.force(true);
        }
        Files.move(
                temporary,
                directory.resolve(LocalArtifacts.MANIFEST),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel parent = FileChannel.open(directory, StandardOpenOption.READ)) {
            parent.force(true);
        }
    }

    /// As [#parse] reads it.
    public byte[] toBytes() throws IOException {
        ObjectNode json = JSON.createObjectNode()
                .put("version", VERSION)
                .put("id", id)
                .put("tenant", source.tenant())
                .put("sandbox", source.sandboxId())
                .put("created", created.toString())
                .put("guest_token", guestToken);
        json.set("key", key.toJson());
        shape.write(json.putObject("shape"));
        DiskChain.writeParts(json.putObject("parts"), new TreeMap<>(parts));
        disk.write(json.putObject("disk"));
        return JSON.writeValueAsBytes(json);
    }

    /// @throws IOException when it is not there, or is no whole manifest of this version
    public static SnapshotManifest read(Path directory) throws IOException {
        Path file = directory.resolve(LocalArtifacts.MANIFEST);
        if (Files.size(file) > FILE_BYTES_MAX) {
            throw new IOException("the manifest is larger than " + FILE_BYTES_MAX + " bytes");
        }
        return parse(Files.readAllBytes(file));
    }

    /// @throws IOException when it is no whole manifest of this version
    public static SnapshotManifest parse(byte[] content) throws IOException {
        JsonNode json = JSON.readTree(content);
        if (json.path("version").asInt() != VERSION) {
            throw new IOException("the manifest is not of version " + VERSION);
        }
        try {
            return new SnapshotManifest(
                    text(json, "id"),
                    new Source(json.path("tenant").asText(""), json.path("sandbox").asText("")),
                    Instant.parse(text(json, "created")),
                    HostKey.parse(json.path("key")),
                    MachineShape.read(json.path("shape")),
                    text(json, "guest_token"),
                    DiskChain.readParts(json.path("parts"), PARTS_MAX),
                    DiskChain.read(json.path("disk")));
        } catch (IllegalArgumentException | DateTimeParseException wrong) {
            throw new IOException("the manifest is damaged: " + wrong.getMessage(), wrong);
        }
    }

    private static String text(JsonNode json, String field) {
        if (!json.path(field).isTextual()) {
            throw new IllegalArgumentException("`" + field + "` is missing");
        }
        return json.path(field).textValue();
    }

    /// Whether only a disk was saved: nothing can go on from it, a machine boots from it.
    public boolean diskAlone() {
        return parts.isEmpty();
    }

    /// Why the saved machine in this directory cannot go on under this key; empty when it can.
    ///
    /// @param layers where the layers of its disk lie
    public Optional<String> refusal(Path directory, HostKey here, DiskLayers layers) throws IOException {
        if (diskAlone()) {
            return Optional.of("only its disk was saved");
        }
        Optional<String> foreign = here.refuses(key);
        if (foreign.isPresent()) {
            return foreign.map(why -> "it was saved on another kind of host: " + why);
        }
        for (Map.Entry<String, Part> part : parts.entrySet()) {
            Optional<String> damage = part.getValue().damage(directory.resolve(part.getKey()));
            if (damage.isPresent()) {
                return damage.map(why -> "it is damaged: " + why);
            }
        }
        return diskRefusal(layers);
    }

    /// Why no machine can boot from the disk of this saved one; empty when one can. Any host may.
    public Optional<String> diskRefusal(DiskLayers layers) throws IOException {
        for (Map.Entry<String, Part> layer : disk.layers().entrySet()) {
            Optional<String> damage = layer.getValue().damage(layers.path(layer.getKey()));
            if (damage.isPresent()) {
                return damage.map(why -> "its disk is damaged: " + why);
            }
        }
        return Files.exists(Path.of(disk.base()))
                ? Optional.empty()
                : Optional.of("the disk of its template is gone: " + disk.base());
    }
}
