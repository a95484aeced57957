package dev.declaw.egress.tls;

/// Bytes that are no ClientHello of TLS 1.x, or one that two parsers could read differently. Carries none of them.
public final class TlsViolation extends Exception {
    private static final long serialVersionUID = 1L;

    TlsViolation(String detail) {
        super(detail, null, false, false);
    }
}
