package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.server.auth.RandomTokens;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one place where failures become statuses and error bodies (wire-api 1.9). Causes go to the log, beside the reference
/// that the caller gets; never into the body.
final class Errors {
    private static final Logger LOG = LoggerFactory.getLogger(Errors.class);

    private final RandomTokens tokens;

    Errors(RandomTokens tokens) {
        this.tokens = tokens;
    }

    /// @param headers `Retry-After` in seconds where waiting helps, and the limit that was reached (wire-api U35)
    record Answer(int status, ObjectNode body, Map<String, String> headers) {}

    Answer answer(Throwable thrown) {
        PlatformFailure failure = failureOf(thrown);
        String reference = tokens.reference();
        int status = statusOf(failure);
        switch (failure) {
            case PlatformFailure.GuestUnreachable told when told.getCause() instanceof PlatformFailure -> {} // the guest's own doing
            case PlatformFailure.InternalFailure _, PlatformFailure.GuestUnreachable _ ->
                LOG.error("{} {}: {}", reference, failure.code(), failure.getMessage(), failure);
            case PlatformFailure.NoCapacity _, PlatformFailure.DeadlineExceeded _ ->
                LOG.warn("{} {}: {}", reference, failure.code(), failure.getMessage());
            default -> {} // the caller's to mend
        }
        ObjectNode body = Json.object();
        body.put("message", failure.getMessage());
        body.put("error", failure.getMessage());
        body.put("code", failure.code());
        body.put("reference", reference);
        return new Answer(status, body, headers(failure));
    }

    private static Map<String, String> headers(PlatformFailure failure) {
        Map<String, String> headers = new LinkedHashMap<>();
        failure.retryAfterSeconds().ifPresent(seconds -> headers.put("Retry-After", Integer.toString(seconds)));
        if (failure instanceof PlatformFailure.QuotaExceeded quota && quota.limit().isPresent()) {
            headers.put("X-RateLimit-Limit", Integer.toString(quota.limit().get()));
            headers.put("X-RateLimit-Remaining", "0");
        }
        return headers;
    }

    private static PlatformFailure failureOf(Throwable thrown) {
        return switch (thrown) {
            case PlatformFailure failure -> failure;
            case PolicyException policy -> new PlatformFailure.InvalidRequest("invalid_policy", policy.getMessage());
            case AuditUnavailableException audit -> unavailable(audit);
            default -> new PlatformFailure.InternalFailure("something went wrong in the server; its log has the cause", thrown);
        };
    }

    private static PlatformFailure unavailable(AuditUnavailableException cause) {
        PlatformFailure failure = new PlatformFailure.NoCapacity(
                "audit_unavailable",
                "the audit log cannot take events, so nothing new may start; the operator must look at the server's disk and log");
        failure.addSuppressed(cause);
        return failure;
    }

    static int statusOf(PlatformFailure failure) {
        return switch (failure) {
            case PlatformFailure.InvalidRequest _ -> 400;
            case PlatformFailure.Unauthenticated _ -> 401;
            case PlatformFailure.PermissionDenied _ -> 403;
            case PlatformFailure.NotFound _ -> 404;
            case PlatformFailure.Conflict _ -> 409;
            case PlatformFailure.Gone _ -> 410;
            case PlatformFailure.TooLarge _ -> 413;
            case PlatformFailure.Unprocessable _ -> 422;
            case PlatformFailure.QuotaExceeded _ -> 429;
            case PlatformFailure.InternalFailure _ -> 500;
            case PlatformFailure.GuestUnreachable _ -> 502;
            case PlatformFailure.NoCapacity _ -> 503;
            case PlatformFailure.DeadlineExceeded _ -> 504;
        };
    }
}
