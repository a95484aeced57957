package dev.declaw.server.auth;

import dev.declaw.model.sandbox.SandboxId;
import java.security.SecureRandom;
import java.util.HexFormat;

/// The one source of everything random in the server: ids, tokens and keys. Thread-safe.
public final class RandomTokens {
    private final SecureRandom random = new SecureRandom();

    public SandboxId sandboxId() {
        return new SandboxId("sbx-" + hex(8));
    }

    /// Names one run of a sandbox.
    public String executionId() {
        return "exe-" + hex(8);
    }

    public String auditId() {
        return "aud_" + hex(12);
    }

    /// Names a stdio process; also its tag in the guest.
    public String stdioId() {
        return "stdio-" + hex(12);
    }

    /// Stands in an error response and beside its cause in the log.
    public String reference() {
        return "ref_" + hex(8);
    }

    public String guestToken() {
        return hex(32);
    }

    public String accessToken() {
        return hex(16);
    }

    public String apiKey() {
        return "dcl_" + hex(24);
    }

    private String hex(int bytes) {
        byte[] value = new byte[bytes];
        random.nextBytes(value);
        return HexFormat.of().formatHex(value);
    }
}
