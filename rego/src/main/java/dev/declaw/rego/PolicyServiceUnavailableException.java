package dev.declaw.rego;

/// The policy service does not answer. Whatever depends on it must be refused, and may be tried again later.
public final class PolicyServiceUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    PolicyServiceUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
