package dev.declaw.egress.audit;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;

/// Ids of audit events: `aud_` and 24 hex digits, unique across processes by 56 random bits and within one by a count of 40.
public final class AuditEventIds {
    private static final String PREFIX = prefix();
    private static final AtomicLong COUNT = new AtomicLong();

    private AuditEventIds() {}

    private static String prefix() {
        byte[] random = new byte[7];
        new SecureRandom().nextBytes(random);
        return "aud_" + HexFormat.of().formatHex(random);
    }

    public static String next() {
        return PREFIX + HexFormat.of().toHexDigits(COUNT.incrementAndGet(), 10);
    }
}
