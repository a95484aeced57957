package dev.declaw.model.audit;

/// The audit log cannot take an event, so nothing new may be allowed (I6).
public final class AuditUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public AuditUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
