package dev.declaw.server.lifecycle;

import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.server.store.SandboxRow;
import java.time.Instant;
import java.util.Optional;

/// What may be told about a sandbox, living or killed.
///
/// @param end when the deadline is or when it ended; empty when it has no deadline
/// @param endReason why it ended, for example `killed`, `timeout`, `vm_exited`
/// @param accessToken opaque value for the token fields of the wire format
/// @param metadata JSON text, as are `envs`, `network`, `security` and `lifecycle`
public record SandboxInfo(
        String id,
        String template,
        SandboxState state,
        long timeoutSeconds,
        Instant created,
        Optional<Instant> started,
        Optional<Instant> end,
        Optional<String> endReason,
        String accessToken,
        int vcpus,
        int memoryMib,
        String metadata,
        String envs,
        Optional<String> network,
        Optional<String> security,
        Optional<String> lifecycle) {

    static SandboxInfo of(SandboxRow row) {
        return new SandboxInfo(
                row.id(),
                row.template(),
                row.state(),
                row.timeoutSeconds(),
                row.created(),
                row.started(),
                row.ended().or(row::deadline),
                row.endReason(),
                row.accessToken(),
                row.vcpus(),
                row.memoryMib(),
                row.metadata(),
                row.envs(),
                row.network(),
                row.security(),
                row.lifecycle());
    }

    @Override
    public String toString() {
        return "SandboxInfo[" + id + " " + state + "]";
    }
}
