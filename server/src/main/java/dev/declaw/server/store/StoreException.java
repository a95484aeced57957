package dev.declaw.server.store;

/// The database cannot do what it was asked: it is full, broken, locked or too slow.
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
