package dev.declaw.server.lifecycle;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.volumes.VolumeAttachment;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// A request for a new sandbox, its form already checked.
///
/// @param timeoutSeconds life from now on; 0 for no deadline
/// @param secure false asks for a sandbox without content scanning
/// @param network top-level network rules as sent
/// @param security policy as sent, in either encoding
/// @param lifecycle as sent, for the echo
/// @param volumes what is attached, in order
/// @param snapshotId snapshot that it is a fork of; the template is that of the snapshot then
/// @param vaultReferences secrets by the variable that stands for them
public record CreateSandbox(
        String template,
        long timeoutSeconds,
        boolean secure,
        Map<String, String> metadata,
        Map<String, String> envs,
        Optional<JsonNode> network,
        Optional<JsonNode> security,
        Optional<JsonNode> lifecycle,
        List<VolumeAttachment> volumes,
        Optional<String> snapshotId,
        Map<String, String> vaultReferences) {
    public CreateSandbox {
        Objects.requireNonNull(template);
        if (timeoutSeconds < 0) throw new IllegalArgumentException("a timeout is never negative");
        metadata = Map.copyOf(metadata);
        envs = Map.copyOf(envs);
        volumes = List.copyOf(volumes);
        vaultReferences = Map.copyOf(vaultReferences);
    }

    /// One from a template, without volumes and secrets.
    public CreateSandbox(
            String template,
            long timeoutSeconds,
            boolean secure,
            Map<String, String> metadata,
            Map<String, String> envs,
            Optional<JsonNode> network,
            Optional<JsonNode> security,
            Optional<JsonNode> lifecycle) {
        this(template, timeoutSeconds, secure, metadata, envs, network, security, lifecycle, List.of(), Optional.empty(), Map.of());
    }

    @Override
    public String toString() {
        return "CreateSandbox[" + template + "]"; // without the values of envs
    }
}
