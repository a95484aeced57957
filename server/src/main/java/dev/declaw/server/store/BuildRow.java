package dev.declaw.server.store;

import java.time.Instant;
import java.util.Optional;

/// One build of a template as it is stored.
///
/// @param status one of the constants
/// @param templateId what came out of it; empty until it is complete
/// @param sandboxId the machine that it works in at the moment
/// @param step the step that it works on, from 1; 0 before the first
/// @param steps how many there are
/// @param error why it failed
public record BuildRow(
        String id,
        String owner,
        Optional<String> alias,
        String status,
        Optional<String> templateId,
        Optional<String> sandboxId,
        int step,
        int steps,
        Optional<Failure> error,
        Instant created,
        Optional<Instant> finished) {
    public static final String QUEUED = "queued";
    public static final String BUILDING = "building";
    public static final String COMPLETED = "completed";
    public static final String FAILED = "failed";

    /// @param step the step that failed; 0 when it was none
    public record Failure(String code, String message, int step) {}

    public boolean ended() {
        return status.equals(COMPLETED) || status.equals(FAILED);
    }
}
