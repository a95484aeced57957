package dev.declaw.egress.content;

import dev.declaw.model.policy.PiiPolicy;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.scan.Scanner;
import java.util.Map;
import java.util.Objects;

/// Applies a sandbox's PII policy to what it sends. Whether the policy covers the host is the caller's question.
/// Thread-safe; CPU-bound, linear in its input, never blocks.
public final class ContentScreen {
    private final PiiPolicy policy;
    private final Scanner scanner;
    private final TokenVault vault;

    public ContentScreen(PiiPolicy policy, Scanner scanner, TokenVault vault) {
        this.policy = Objects.requireNonNull(policy);
        this.scanner = Objects.requireNonNull(scanner);
        this.vault = Objects.requireNonNull(vault);
    }

    /// @param pathAndQuery origin-form request target (RFC 9112 §3.2.1)
    public Screened<String> screenTarget(String pathAndQuery, String host) {
        return new Screened.Blocked<>(Map.of(), Reason.SCANNER_FAILED);
    }

    /// One header field. Authorization, Proxy-Authorization, X-Api-Key, Api-Key and Cookie may carry API keys.
    public Screened<String> screenHeader(String name, String value, String host) {
        return new Screened.Blocked<>(Map.of(), Reason.SCANNER_FAILED);
    }

    /// A whole body after its content codings are taken off.
    ///
    /// @param contentType value of the Content-Type field, or empty
    public Screened<byte[]> screenBody(byte[] decodedBody, String contentType, String host) {
        return new Screened.Blocked<>(Map.of(), Reason.SCANNER_FAILED);
    }
}
