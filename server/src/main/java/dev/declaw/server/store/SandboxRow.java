package dev.declaw.server.store;

import dev.declaw.model.sandbox.SandboxState;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/// One sandbox as it is stored.
///
/// @param executionId names this run; a transition must name it, so that a late command cannot hit another run (L1)
/// @param timeoutSeconds as last asked for; 0 for none
/// @param guestToken secret between server and guest agent; never leaves the server
/// @param accessToken opaque value that create returns; with the prefix of the traffic token it opens the sandbox's ports
/// @param metadata JSON object, as are `envs` and, where present, `network`, `security` and `lifecycle`: the echo of the
///     create request
/// @param sensitiveEnvs JSON object of the variables whose values are neither shown nor recorded
public record SandboxRow(
        String id,
        String owner,
        String template,
        SandboxState state,
        String executionId,
        long timeoutSeconds,
        Instant created,
        Optional<Instant> started,
        Optional<Instant> deadline,
        Optional<Instant> ended,
        Optional<String> endReason,
        String guestToken,
        String accessToken,
        int vcpus,
        int memoryMib,
        int policyVersion,
        String metadata,
        String envs,
        String sensitiveEnvs,
        Optional<String> network,
        Optional<String> security,
        Optional<String> lifecycle) {
    public SandboxRow {
        Objects.requireNonNull(id);
        Objects.requireNonNull(owner);
        Objects.requireNonNull(state);
    }

    /// The same sandbox under another policy.
    public SandboxRow withPolicy(int version, Optional<String> newNetwork, Optional<String> newSecurity) {
        return new SandboxRow(
                id, owner, template, state, executionId, timeoutSeconds, created, started, deadline, ended, endReason,
                guestToken, accessToken, vcpus, memoryMib, version, metadata, envs, sensitiveEnvs, newNetwork, newSecurity, lifecycle);
    }

    @Override
    public String toString() {
        return "SandboxRow[" + id + " " + state + "]";
    }
}
