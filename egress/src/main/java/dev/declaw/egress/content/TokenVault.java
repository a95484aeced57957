package dev.declaw.egress.content;

import java.util.Optional;

/// The redaction tokens of one sandbox and what they stand for. Memory only, bounded, thread-safe; prints no value.
///
/// The same value of the same type has the same token for the sandbox's whole life (`REDACTED_SSN_1`). A token is bound
/// to the hosts that its value was sent to, and is turned back only in responses of those.
public final class TokenVault implements AutoCloseable {
    /// The token for a value that is about to be sent to a host; minted on first use.
    ///
    /// @param type wire name such as `ssn`
    /// @param host canonical host name or IP literal that the request goes to
    /// @throws VaultFullException when a limit is reached or the vault is closed; the request must not leave
    public String tokenFor(String type, String value, String host) {
        throw new VaultFullException();
    }

    /// The value of a token in a response of this host; empty for tokens never minted here or not bound to the host.
    Optional<String> valueOf(String token, String host) {
        return Optional.empty();
    }

    /// True while no token is bound to the host: its responses need no rehydration.
    public boolean idle(String host) {
        return true;
    }

    /// Forgets everything; later calls mint nothing.
    @Override
    public void close() {}

    /// No room for another token.
    static final class VaultFullException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }
}
