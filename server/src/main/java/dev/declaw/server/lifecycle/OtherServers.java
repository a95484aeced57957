package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.MicroVmHost;
import dev.declaw.runtime.StoredSnapshot;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What servers that use the same store have put there.
final class OtherServers {
    private static final Logger LOG = LoggerFactory.getLogger(OtherServers.class);
    private static final Pattern SNAPSHOT_ID = Pattern.compile("snap-[0-9a-z]{1,48}");

    private OtherServers() {}

    /// A snapshot of this tenant; empty when there is none.
    ///
    /// @throws PlatformFailure.NoCapacity when the store does not answer
    static Optional<StoredSnapshot> snapshot(MicroVmHost host, String owner, String id) {
        if (!SNAPSHOT_ID.matcher(id).matches()) return Optional.empty();
        try {
            return host.snapshot(id).filter(stored -> stored.tenant().equals(owner));
        } catch (UncheckedIOException e) {
            LOG.warn("whether the store has snapshot {} cannot be said", id, e);
            throw new PlatformFailure.NoCapacity(
                    "snapshot_store_unavailable", "the store of snapshots does not answer as it should; try again later");
        }
    }
}
