package dev.declaw.runtime.objects;

import java.io.IOException;

/// The store did not answer, or answered with an error: the same may work later. Names the object, never a credential.
public final class StoreUnavailableException extends IOException {
    private static final long serialVersionUID = 1L;

    public StoreUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
