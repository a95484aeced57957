package dev.declaw.model.audit;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The hash chain over a sequence of events: `hash(n) = SHA-256(hash(n-1) ‖ LF ‖ n ‖ LF ‖ event JSON)`, hex, where
/// `hash(0)` is [#GENESIS]. Changing, dropping or reordering an event breaks every hash after it.
public final class AuditChain {
    public static final String GENESIS = "0".repeat(64);

    private AuditChain() {}

    public static String next(String previousHash, long sequence, String eventJson) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((previousHash + "\n" + sequence + "\n" + eventJson).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
