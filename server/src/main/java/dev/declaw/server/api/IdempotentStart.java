package dev.declaw.server.api;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient.ProcessTag;
import dev.declaw.server.lifecycle.LiveSandbox;
import java.util.Optional;
import java.util.function.Supplier;

/// Starts of processes that carry an `Idempotency-Key`: the guest's agent starts one process per key and finds it again for as
/// long as it keeps its result, so a repeated call runs nothing twice, whichever connection or server broke in between.
final class IdempotentStart {
    private static final int KEY_CHARS_MAX = 255;

    private IdempotentStart() {}

    /// The tag that the key stands for; the body has been read. A sandbox has one owner, so keys of different callers never meet.
    static Optional<ProcessTag> tag(HttpCall call) {
        return call.idempotencyKey().map(key -> {
            if (key.length() > KEY_CHARS_MAX) throw JsonBody.wrong("Idempotency-Key", "is longer than " + KEY_CHARS_MAX + " characters");
            return new ProcessTag("key-" + Sha256.hex(key), call.segments().getLast() + "-" + call.bodyDigest().orElseThrow());
        });
    }

    /// Starts a process. What may have started is never answered with a status that clients repeat, unless the repetition finds it again.
    ///
    /// @throws PlatformFailure.Unprocessable when the key was used for something else
    /// @throws PlatformFailure.Conflict when it is not known whether it was started, and there is no key
    static <T> T told(HttpCall call, LiveSandbox sandbox, Supplier<T> start) {
        try {
            return start.get();
        } catch (PlatformFailure.Conflict e) {
            if (!e.code().equals("tag_taken")) throw e;
            throw new PlatformFailure.Unprocessable(
                    "idempotency_key_reused", "this Idempotency-Key was used in this sandbox for another request; use a new one");
        } catch (PlatformFailure.GuestUnreachable e) {
            if (call.idempotencyKey().isPresent() || e.unsent() || sandbox.ending()) throw e;
            PlatformFailure lost = new PlatformFailure.Conflict(
                    "command_lost",
                    "the connection to the sandbox broke while a process was started; look at its state before you repeat it, or send an Idempotency-Key");
            lost.addSuppressed(e);
            throw lost;
        }
    }
}
