package dev.declaw.egress.content;

/// A response that cannot be read although it must be: it is cut, so that it cannot look complete. Holds no text of it.
public final class UnreadableResponseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnreadableResponseException(String message) {
        super(message, null, false, false);
    }
}
