package dev.declaw.egress.audit;

import java.security.SecureRandom;
import java.util.HexFormat;

/// Ids of audit events: `aud_` and 24 hex digits, random, so that they are unique across restarts and machines.
public final class AuditEventIds {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int BYTES = 12;

    private AuditEventIds() {}

    public static String next() {
        byte[] bytes = new byte[BYTES];
        RANDOM.nextBytes(bytes);
        return "aud_" + HexFormat.of().formatHex(bytes);
    }
}
