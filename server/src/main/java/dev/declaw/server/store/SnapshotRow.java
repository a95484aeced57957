package dev.declaw.server.store;

import java.time.Instant;
import java.util.Optional;

/// One snapshot as it is stored.
///
/// @param source `manual` or `pause`
/// @param complete false while it is being made: the runtime knows whether it exists
/// @param template name of the template that the sandbox came from
/// @param memoryBytes memory that is not zero; while it is being made, all of it
/// @param diskBytes what the sandbox had written to its disk
/// @param stillMillis how long the sandbox stood still for it
/// @param sizeBytes memory, devices and disk layers: what a copy that shares nothing would take
/// @param storedBytes what it added to the store
/// @param expires when it is removed; empty for never
public record SnapshotRow(
        String id,
        String sandboxId,
        String owner,
        String source,
        boolean complete,
        String template,
        int vcpus,
        int memoryMib,
        long memoryBytes,
        long diskBytes,
        long stillMillis,
        Instant created,
        long sizeBytes,
        long storedBytes,
        Optional<Instant> expires) {
    public static final String MANUAL = "manual";
    public static final String PAUSE = "pause";
}
