package dev.declaw.server.api;

import dev.declaw.model.failure.PlatformFailure;

/// The streams of audit logs that may be open at one time, of single sandboxes and of whole accounts. Thread-safe.
final class AuditFollowers {
    private static final int FOLLOWERS_MAX = 128;
    private static final int FOLLOWERS_PER_TENANT_MAX = 32;
    private static final int RETRY_SECONDS = 5;

    private final SharedPermits permits = new SharedPermits(FOLLOWERS_MAX, FOLLOWERS_PER_TENANT_MAX);

    /// One stream that is open.
    interface Place extends AutoCloseable {
        @Override
        void close();
    }

    /// @throws PlatformFailure.QuotaExceeded when too many are open
    Place enter(String owner) {
        switch (permits.tryAcquire(owner)) {
            case TAKEN -> {}
            case TENANT_FULL ->
                throw new PlatformFailure.QuotaExceeded(
                        "too_many_followers",
                        FOLLOWERS_PER_TENANT_MAX + " streams of audit logs of this account are open, its limit; close one",
                        RETRY_SECONDS,
                        FOLLOWERS_PER_TENANT_MAX);
            case ALL_FULL ->
                throw new PlatformFailure.QuotaExceeded(
                        "too_many_followers", FOLLOWERS_MAX + " streams of audit logs are open, the server's limit; try again", RETRY_SECONDS);
        }
        return () -> permits.release(owner);
    }
}
