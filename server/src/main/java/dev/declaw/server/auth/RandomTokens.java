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

    public String tenantId() {
        return "owner-" + hex(6);
    }

    /// An id of a resource: the prefix, a hyphen, and 64 random bits.
    public String resourceId(String prefix) {
        return prefix + "-" + hex(8);
    }

    /// A secret that its holder shows again later, for example to release a lock.
    public String holderToken() {
        return hex(24);
    }

    /// Random bytes, for keys and nonces.
    public byte[] bytes(int count) {
        byte[] value = new byte[count];
        random.nextBytes(value);
        return value;
    }

    private String hex(int bytes) {
        return HexFormat.of().formatHex(bytes(bytes));
    }
}
