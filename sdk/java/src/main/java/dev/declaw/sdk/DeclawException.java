package dev.declaw.sdk;

import java.time.Duration;
import java.util.Optional;

/// A failure. Branch on [#code], which is stable, or on the subclass; the message is for people and never holds a secret.
///
/// ```java
/// try {
///     Sandbox.connect("sbx-00000000");
/// } catch (DeclawException.NotFound e) {
///     System.out.println(e.code() + " " + e.reference());
/// }
/// ```
public class DeclawException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final int status;
    private final String reference;

    /// @param code the server's code, or one of this library: `connection_failed`, `stream_cut_off`, `invalid_argument`,
    ///     `request_timeout`, `invalid_answer`
    /// @param status HTTP status; 0 when none was received
    /// @param reference id under which the server logged the failure; empty without one
    public DeclawException(String message, String code, int status, String reference) {
        super(message);
        this.code = code;
        this.status = status;
        this.reference = reference;
    }

    public final String code() {
        return code;
    }

    public final int status() {
        return status;
    }

    public final String reference() {
        return reference;
    }

    /// The exception of an answer that is not 2xx.
    public static DeclawException of(int status, String code, String message, String reference, Duration retryAfter) {
        String text = "HTTP " + status + ": " + message + (code.isEmpty() ? "" : " [" + code + "]");
        return switch (code) {
            case "invalid_policy" -> new InvalidPolicy(text, code, status, reference);
            case "template_not_ready" -> new TemplateNotReady(text, code, status, reference);
            default -> switch (status) {
                case 400, 422 -> new InvalidArgument(text, code, status, reference);
                case 401 -> new Unauthenticated(text, code, status, reference);
                case 402 -> new InsufficientBalance(text, code, status, reference);
                case 403 -> new PermissionDenied(text, code, status, reference);
                case 404 -> new NotFound(text, code, status, reference);
                case 408 -> new TimedOut(text, code, status, reference);
                case 409 -> new Conflict(text, code, status, reference);
                case 410 -> new Gone(text, code, status, reference);
                case 413, 507 -> new TooLarge(text, code, status, reference);
                case 429 -> new RateLimited(text, code, status, reference, retryAfter);
                case 502, 503, 504 -> new Unavailable(text, code, status, reference);
                default -> new DeclawException(text, code, status, reference);
            };
        };
    }

    /// A value that cannot be right: found here before anything was sent, or by the server (400, 422).
    public static class InvalidArgument extends DeclawException {
        private static final long serialVersionUID = 1L;

        public InvalidArgument(String message) {
            this(message, "invalid_argument", 0, "");
        }

        public InvalidArgument(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// A security policy that cannot be accepted as it stands; the message names the field.
    public static final class InvalidPolicy extends InvalidArgument {
        private static final long serialVersionUID = 1L;

        public InvalidPolicy(String message) {
            this(message, "invalid_policy", 0, "");
        }

        public InvalidPolicy(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// No key, or a key that is not known (401).
    public static final class Unauthenticated extends DeclawException {
        private static final long serialVersionUID = 1L;

        public Unauthenticated(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// The account has no credit (402).
    public static final class InsufficientBalance extends DeclawException {
        private static final long serialVersionUID = 1L;

        public InsufficientBalance(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// A known caller that may not do this (403): a limit of its quota, or a rule of the policy.
    public static final class PermissionDenied extends DeclawException {
        private static final long serialVersionUID = 1L;

        public PermissionDenied(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// There is no such thing (404).
    public static final class NotFound extends DeclawException {
        private static final long serialVersionUID = 1L;

        public NotFound(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// The sandbox was killed or its time was over (410).
    public static final class Gone extends DeclawException {
        private static final long serialVersionUID = 1L;

        public Gone(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// The resource is in a state that forbids the call (409).
    public static class Conflict extends DeclawException {
        private static final long serialVersionUID = 1L;

        public Conflict(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// The template's build has not succeeded yet (409 `template_not_ready`).
    public static final class TemplateNotReady extends Conflict {
        private static final long serialVersionUID = 1L;

        public TemplateNotReady(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// A body, a disk or a quota is full (413, 507).
    public static final class TooLarge extends DeclawException {
        private static final long serialVersionUID = 1L;

        public TooLarge(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// A quota or rate is used up (429).
    public static final class RateLimited extends DeclawException {
        private static final long serialVersionUID = 1L;
        private final transient Duration retryAfter;

        public RateLimited(String message, String code, int status, String reference, Duration retryAfter) {
            super(message, code, status, reference);
            this.retryAfter = retryAfter;
        }

        /// When to come back, if the server said so.
        public Optional<Duration> retryAfter() {
            return Optional.ofNullable(retryAfter);
        }
    }

    /// The server cannot serve now (502, 503, 504).
    public static final class Unavailable extends DeclawException {
        private static final long serialVersionUID = 1L;

        public Unavailable(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// No answer within the limit; the message names the setting that moves it.
    public static final class TimedOut extends DeclawException {
        private static final long serialVersionUID = 1L;

        public TimedOut(String message, String code, int status, String reference) {
            super(message, code, status, reference);
        }
    }

    /// The server could not be reached, or hung up: `connection_failed`, `stream_cut_off`.
    public static final class ConnectionFailed extends DeclawException {
        private static final long serialVersionUID = 1L;

        public ConnectionFailed(String message, String code) {
            super(message, code, 0, "");
        }
    }

    /// A command ended with another exit code than 0.
    public static final class CommandFailed extends DeclawException {
        private static final long serialVersionUID = 1L;
        private final transient CommandResult result;

        public CommandFailed(String message, CommandResult result) {
            super(message, "command_failed", 0, "");
            this.result = result;
        }

        public CommandResult result() {
            return result;
        }
    }

    /// A template build failed; the message ends with the end of its log.
    public static final class BuildFailed extends DeclawException {
        private static final long serialVersionUID = 1L;

        public BuildFailed(String message, String code) {
            super(message, code, 0, "");
        }
    }
}
