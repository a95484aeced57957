package dev.declaw.runtime.vmm;

import java.io.IOException;

/// The VMM refused a command or is gone.
public final class QmpException extends IOException {
    private static final long serialVersionUID = 1L;

    QmpException(String message) {
        super(message);
    }

    QmpException(String message, Throwable cause) {
        super(message, cause);
    }
}
