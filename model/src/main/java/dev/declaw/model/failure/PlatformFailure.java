package dev.declaw.model.failure;

import java.util.Objects;
import java.util.Optional;

/// A failure that the platform reports to its caller. One sealed family: the mapping to a status is one exhaustive
/// `switch` at the edge, so a new kind of failure does not compile until it has a status.
///
/// The message is for people, is safe to show, and names the remedy. Internal causes go to the log only.
public abstract sealed class PlatformFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String code;

    private PlatformFailure(String code, String message, Throwable cause) {
        super(message, cause);
        this.code = Objects.requireNonNull(code);
    }

    /// Stable snake_case code of the error body, for example `sandbox_not_running`.
    public final String code() {
        return code;
    }

    /// Seconds after which the caller may try again, where waiting helps.
    public Optional<Integer> retryAfterSeconds() {
        return Optional.empty();
    }

    /// The request cannot be understood or names a value that does not exist (HTTP 400).
    public static final class InvalidRequest extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        public InvalidRequest(String code, String message) {
            super(code, message, null);
        }
    }

    /// The request is well formed, but this server cannot do what it asks (HTTP 422).
    public static final class Unprocessable extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        public Unprocessable(String code, String message) {
            super(code, message, null);
        }
    }

    /// No key, or a key that is not known (HTTP 401).
    public static final class Unauthenticated extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        public Unauthenticated(String message) {
            super("unauthenticated", message, null);
        }
    }

    /// A known caller that may not do this (HTTP 403).
    public static final class PermissionDenied extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        public PermissionDenied(String code, String message) {
            super(code, message, null);
        }
    }

    /// The resource does not exist, or belongs to somebody else (HTTP 404).
    public static final class NotFound extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        public NotFound(String code, String message) {
            super(code, message, null);
        }
    }

    /// The resource is in a state that forbids the call (HTTP 409).
    public static final class Conflict extends PlatformFailure {
        private static final long serialVersionUID = 1L;
        private final Integer retryAfterSeconds;

        public Conflict(String code, String message) {
            this(code, message, null);
        }

        public Conflict(String code, String message, Integer retryAfterSeconds) {
            super(code, message, null);
            this.retryAfterSeconds = retryAfterSeconds;
        }

        @Override
        public Optional<Integer> retryAfterSeconds() {
            return Optional.ofNullable(retryAfterSeconds);
        }
    }

    /// The resource was there and has ended (HTTP 410).
    public static final class Gone extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        public Gone(String code, String message) {
            super(code, message, null);
        }
    }

    /// A body, path or value over its limit; the message names the limit (HTTP 413).
    public static final class TooLarge extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        public TooLarge(String code, String message) {
            super(code, message, null);
        }
    }

    /// A quota or rate was used up (HTTP 429).
    public static final class QuotaExceeded extends PlatformFailure {
        private static final long serialVersionUID = 1L;
        private final int retryAfterSeconds;
        private final Integer limit;

        public QuotaExceeded(String code, String message, int retryAfterSeconds) {
            super(code, message, null);
            this.retryAfterSeconds = retryAfterSeconds;
            this.limit = null;
        }

        /// @param limit how many there may be, for callers that read numbers rather than text
        public QuotaExceeded(String code, String message, int retryAfterSeconds, int limit) {
            super(code, message, null);
            this.retryAfterSeconds = retryAfterSeconds;
            this.limit = limit;
        }

        /// How many there may be, where that is one number.
        public Optional<Integer> limit() {
            return Optional.ofNullable(limit);
        }

        @Override
        public Optional<Integer> retryAfterSeconds() {
            return Optional.of(retryAfterSeconds);
        }
    }

    /// Our mistake (HTTP 500). The cause is logged under the reference of the response, never shown.
    public static final class InternalFailure extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        public InternalFailure(String message, Throwable cause) {
            super("internal", message, cause);
        }
    }

    /// The guest agent does not answer, or answers nonsense (HTTP 502).
    public static final class GuestUnreachable extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        private final boolean unsent;

        public GuestUnreachable(String message, Throwable cause) {
            this(message, cause, false);
        }

        /// @param unsent whether it is certain that nothing of the request has reached the guest
        public GuestUnreachable(String message, Throwable cause, boolean unsent) {
            super("guest_unreachable", message, cause);
            this.unsent = unsent;
        }

        /// True when the guest cannot have done anything; false when it may have.
        public boolean unsent() {
            return unsent;
        }
    }

    /// This machine cannot take more, and nothing was created (HTTP 503).
    public static final class NoCapacity extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        public NoCapacity(String code, String message) {
            super(code, message, null);
        }

        @Override
        public Optional<Integer> retryAfterSeconds() {
            return Optional.of(2);
        }
    }

    /// The work did not end within its time (HTTP 504).
    public static final class DeadlineExceeded extends PlatformFailure {
        private static final long serialVersionUID = 1L;

        public DeadlineExceeded(String code, String message) {
            super(code, message, null);
        }
    }
}
