package dev.declaw.runtime.guest;

import java.io.IOException;

/// The guest sent something that the protocol does not allow or that is over a limit. The connection is of no more use.
final class GuestProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    GuestProtocolException(String message) {
        super(message);
    }
}
