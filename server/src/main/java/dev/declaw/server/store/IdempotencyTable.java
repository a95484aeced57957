package dev.declaw.server.store;

import java.time.Instant;
import java.util.Optional;

/// Idempotency keys of create calls (wire-api 1.12), each with the fingerprint of its request and, once finished, the response.
public final class IdempotencyTable {
    private final Database database;

    public IdempotencyTable(Database database) {
        this.database = database;
    }

    /// @param response body of the finished create; empty while it runs
    public record Entry(String fingerprint, Optional<String> response) {}

    /// Claims the key for a create that starts now. Empty when it is claimed; otherwise who has it.
    public Optional<Entry> claim(String owner, String key, String fingerprint, Instant now) {
        return database.write(handle -> {
            int inserted = handle.createUpdate(
                            """
                            INSERT INTO idempotency (owner, request_key, fingerprint, created_micros)
                            VALUES (:owner, :key, :fingerprint, :created) ON CONFLICT (owner, request_key) DO NOTHING
                            """)
                    .bind("owner", owner)
                    .bind("key", key)
                    .bind("fingerprint", fingerprint)
                    .bind("created", Micros.of(now))
                    .execute();
            if (inserted == 1) return Optional.empty();
            return Optional.of(handle.createQuery(
                            "SELECT fingerprint, response FROM idempotency WHERE owner = :owner AND request_key = :key")
                    .bind("owner", owner)
                    .bind("key", key)
                    .map((results, _) -> new Entry(
                            results.getString("fingerprint"), Optional.ofNullable(results.getString("response"))))
                    .one());
        });
    }

    public void finish(String owner, String key, String sandboxId, String response) {
        database.write(handle -> handle.createUpdate(
                        "UPDATE idempotency SET response = :response, sandbox_id = :sandbox "
                                + "WHERE owner = :owner AND request_key = :key")
                .bind("response", response)
                .bind("sandbox", sandboxId)
                .bind("owner", owner)
                .bind("key", key)
                .execute());
    }

    /// Forgets a key whose create failed, so that a retry executes again.
    public void release(String owner, String key) {
        database.write(handle -> handle.createUpdate(
                        "DELETE FROM idempotency WHERE owner = :owner AND request_key = :key")
                .bind("owner", owner)
                .bind("key", key)
                .execute());
    }

    /// Forgets creates that an earlier process did not finish.
    public int releaseUnfinished() {
        return database.write(handle -> handle.createUpdate("DELETE FROM idempotency WHERE response IS NULL")
                .execute());
    }

    /// Forgets keys made before this instant whose sandbox has ended.
    public int forgetBefore(Instant instant) {
        return database.write(handle -> handle.createUpdate(
                        """
                        DELETE FROM idempotency WHERE created_micros < :micros
                          AND NOT EXISTS (SELECT 1 FROM sandboxes WHERE sandboxes.id = idempotency.sandbox_id
                            AND sandboxes.state <> 'KILLED')
                        """)
                .bind("micros", Micros.of(instant))
                .execute());
    }
}
