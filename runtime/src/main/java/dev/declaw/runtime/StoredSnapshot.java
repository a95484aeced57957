package dev.declaw.runtime;

import dev.declaw.runtime.snapshot.SnapshotManifest;
import java.time.Instant;

/// What the store says of a snapshot, of this server or of another one that uses the same store.
///
/// @param tenant whose it is
/// @param sandboxId that was saved
/// @param template name of the template that it came from
public record StoredSnapshot(
        String id, String tenant, String sandboxId, String template, int vcpus, int memoryMib, Instant created) {
    static StoredSnapshot of(SnapshotManifest manifest) {
        return new StoredSnapshot(
                manifest.id(),
                manifest.source().tenant(),
                manifest.source().sandboxId(),
                manifest.shape().template(),
                manifest.shape().vcpus(),
                manifest.shape().memoryMib(),
                manifest.created());
    }
}
