package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.store.IdempotencyTable;
import java.time.InstantSource;
import java.util.Optional;

/// Makes a repeated create return what the first one made (wire-api 1.12).
public final class IdempotentCreates {
    public static final int KEY_CHARS_MAX = 200;

    private static final int RETRY_SECONDS = 1;

    private final IdempotencyTable table;
    private final InstantSource clock;

    public IdempotentCreates(IdempotencyTable table, InstantSource clock) {
        this.table = table;
        this.clock = clock;
    }

    /// Claims the key. Empty when the caller must create now and then call [#finish] or [#forget]; otherwise the response of
    /// the first create.
    ///
    /// @throws PlatformFailure.Conflict while the first one is still at work
    /// @throws PlatformFailure.Unprocessable when the key stands for another request
    public Optional<String> begin(String owner, String key, String fingerprint) {
        Optional<IdempotencyTable.Entry> known = table.claim(owner, key, fingerprint, clock.instant());
        if (known.isEmpty()) return Optional.empty();
        if (!known.get().fingerprint().equals(fingerprint)) {
            throw new PlatformFailure.Unprocessable(
                    "idempotency_key_reused", "this Idempotency-Key was used for another request; take a new one");
        }
        if (known.get().response().isEmpty()) {
            throw new PlatformFailure.Conflict(
                    "idempotency_in_progress",
                    "the first request with this Idempotency-Key is still at work; repeat it in a moment",
                    RETRY_SECONDS);
        }
        return known.get().response();
    }

    public void finish(String owner, String key, String sandboxId, String response) {
        table.finish(owner, key, sandboxId, response);
    }

    /// The create failed: a retry executes again.
    public void forget(String owner, String key) {
        table.release(owner, key);
    }
}
