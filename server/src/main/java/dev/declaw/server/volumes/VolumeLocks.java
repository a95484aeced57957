package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;

/// Advisory locks on paths of volumes: leases with a token, which end by themselves. They hinder nobody who does not ask.
/// Thread-safe.
public final class VolumeLocks {
    public static final int TTL_SECONDS_DEFAULT = 30;
    public static final int TTL_SECONDS_MAX = 3600;

    private static final int LOCKS_PER_VOLUME_MAX = 10_000;

    private final Volumes.Parts parts;
    private final Volumes volumes;

    /// @param token shown to its holder alone; kept as a hash
    public record Lease(String token, int ttlSeconds, Instant expires) {
        @Override
        public String toString() {
            return "Lease[" + expires + "]";
        }
    }

    VolumeLocks(Volumes.Parts parts, Volumes volumes) {
        this.parts = parts;
        this.volumes = volumes;
    }

    /// @throws PlatformFailure.Conflict while somebody holds it
    public Lease acquire(String owner, String volumeId, VolumePath path, int ttlSeconds) {
        volumes.granular(owner, volumeId);
        Instant now = parts.clock().instant();
        if (parts.locks().held(volumeId, now) >= LOCKS_PER_VOLUME_MAX) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_many_locks", "this volume has " + LOCKS_PER_VOLUME_MAX + " locks, the limit", ttlSeconds);
        }
        String token = parts.tokens().holderToken();
        Instant expires = now.plusSeconds(ttlSeconds);
        if (!parts.locks().acquire(volumeId, path.text(), hash(token), now, expires)) {
            throw new PlatformFailure.Conflict("lock_held", "somebody holds the lock on this path; try again later", 1);
        }
        return new Lease(token, ttlSeconds, expires);
    }

    /// @throws PlatformFailure.Conflict when the token is not the holder's, or the lock has ended
    public Instant renew(String owner, String volumeId, VolumePath path, String token, int ttlSeconds) {
        volumes.granular(owner, volumeId);
        Instant now = parts.clock().instant();
        Instant expires = now.plusSeconds(ttlSeconds);
        if (!parts.locks().renew(volumeId, path.text(), hash(token), now, expires)) throw notHolder();
        return expires;
    }

    /// @throws PlatformFailure.Conflict as [#renew]
    public void release(String owner, String volumeId, VolumePath path, String token) {
        volumes.granular(owner, volumeId);
        if (!parts.locks().release(volumeId, path.text(), hash(token), parts.clock().instant())) throw notHolder();
    }

    private static PlatformFailure notHolder() {
        return new PlatformFailure.Conflict("lock_not_held", "this token does not hold the lock on this path, or it has ended");
    }

    /// How long the lock is held still; empty when it is free.
    public Optional<Duration> held(String owner, String volumeId, VolumePath path) {
        volumes.granular(owner, volumeId);
        Instant now = parts.clock().instant();
        return parts.locks().heldUntil(volumeId, path.text(), now).map(until -> Duration.between(now, until));
    }

    private static String hash(String token) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(token.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
