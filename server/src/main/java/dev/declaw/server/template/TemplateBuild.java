package dev.declaw.server.template;

import dev.declaw.server.store.BuildRow;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// A build of a template as callers see it.
///
/// @param templateId what came out of it; empty until it is complete
/// @param status `queued`, `building`, `completed` or `failed`
/// @param step the step that it works on, from 1; 0 before the first
/// @param steps how many there are
/// @param error why it failed
/// @param ended whether its status stays
/// @param logs the newest lines
public record TemplateBuild(
        String id,
        Optional<String> templateId,
        Optional<String> alias,
        String status,
        int step,
        int steps,
        Optional<Failure> error,
        Instant created,
        Optional<Instant> finished,
        boolean ended,
        List<String> logs) {
    /// @param step the step that failed; 0 when it was none
    public record Failure(String code, String message, int step) {}

    static TemplateBuild of(BuildRow row, List<String> logs) {
        return new TemplateBuild(
                row.id(),
                row.templateId(),
                row.alias(),
                row.status(),
                row.step(),
                row.steps(),
                row.error().map(error -> new Failure(error.code(), error.message(), error.step())),
                row.created(),
                row.finished(),
                row.ended(),
                logs);
    }
}
