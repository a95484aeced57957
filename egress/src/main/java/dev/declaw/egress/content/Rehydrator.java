package dev.declaw.egress.content;

import java.util.Arrays;
import java.util.Objects;

/// Puts the values back for the tokens in one response body, in stream order. One thread at a time.
public final class Rehydrator {
    private final TokenVault vault;
    private final String host;
    private final Carrier carrier;

    /// @param host canonical host name or IP literal that the response comes from
    /// @param carrier how an inserted value must be escaped; see [Carrier#of]
    public Rehydrator(TokenVault vault, String host, Carrier carrier) {
        this.vault = Objects.requireNonNull(vault);
        this.host = Objects.requireNonNull(host);
        this.carrier = Objects.requireNonNull(carrier);
    }

    /// Takes the next bytes (identity coding) and returns what may go to the guest now; at most a token's length is held back.
    public byte[] feed(byte[] bytes, int offset, int length) {
        return Arrays.copyOfRange(bytes, offset, offset + length);
    }

    /// The rest, at the body's end.
    public byte[] finish() {
        return new byte[0];
    }
}
