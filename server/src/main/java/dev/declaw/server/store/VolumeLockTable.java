package dev.declaw.server.store;

import java.time.Instant;
import java.util.Optional;

/// Advisory locks on paths of volumes. One that has expired counts as free.
public final class VolumeLockTable {
    private final Database database;

    public VolumeLockTable(Database database) {
        this.database = database;
    }

    /// Takes the lock when it is free; false when somebody holds it.
    public boolean acquire(String volumeId, String path, String tokenHash, Instant now, Instant expires) {
        return database.write(handle -> handle.createUpdate(
                        """
                        INSERT INTO volume_locks (volume_id, path, token_hash, expires_micros)
                        VALUES (:id, :path, :token, :expires)
                        ON CONFLICT (volume_id, path) DO UPDATE SET token_hash = :token, expires_micros = :expires
                        WHERE volume_locks.expires_micros <= :now
                        """)
                .bind("id", volumeId)
                .bind("path", path)
                .bind("token", tokenHash)
                .bind("expires", Micros.of(expires))
                .bind("now", Micros.of(now))
                .execute())
                == 1;
    }

    /// Prolongs the lock; false when its holder is another one, or it has expired.
    public boolean renew(String volumeId, String path, String tokenHash, Instant now, Instant expires) {
        return database.write(handle -> handle.createUpdate(
                        """
                        UPDATE volume_locks SET expires_micros = :expires
                        WHERE volume_id = :id AND path = :path AND token_hash = :token AND expires_micros > :now
                        """)
                .bind("id", volumeId)
                .bind("path", path)
                .bind("token", tokenHash)
                .bind("expires", Micros.of(expires))
                .bind("now", Micros.of(now))
                .execute())
                == 1;
    }

    /// Gives the lock back; false when its holder is another one, or it has expired.
    public boolean release(String volumeId, String path, String tokenHash, Instant now) {
        return database.write(handle -> handle.createUpdate(
                        """
                        DELETE FROM volume_locks
                        WHERE volume_id = :id AND path = :path AND token_hash = :token AND expires_micros > :now
                        """)
                .bind("id", volumeId)
                .bind("path", path)
                .bind("token", tokenHash)
                .bind("now", Micros.of(now))
                .execute())
                == 1;
    }

    /// When the lock expires; empty when it is free.
    public Optional<Instant> heldUntil(String volumeId, String path, Instant now) {
        return database.read(handle -> handle.createQuery(
                        """
                        SELECT expires_micros FROM volume_locks
                        WHERE volume_id = :id AND path = :path AND expires_micros > :now
                        """)
                .bind("id", volumeId)
                .bind("path", path)
                .bind("now", Micros.of(now))
                .map((results, _) -> Micros.instant(results.getLong(1)))
                .findOne());
    }

    /// How many locks are held in a volume; forgets the expired ones.
    public int held(String volumeId, Instant now) {
        return database.write(handle -> {
            handle.createUpdate("DELETE FROM volume_locks WHERE expires_micros <= :now").bind("now", Micros.of(now)).execute();
            return handle.createQuery("SELECT COUNT(*) FROM volume_locks WHERE volume_id = :id")
                    .bind("id", volumeId)
                    .mapTo(Integer.class)
                    .one();
        });
    }
}
