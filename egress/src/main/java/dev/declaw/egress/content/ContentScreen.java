package dev.declaw.egress.content;

import dev.declaw.egress.content.TokenVault.VaultFullException;
import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.policy.PiiPolicy;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.Scanner;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/// Applies a sandbox's PII policy to what it sends. Whether the policy covers the host is the caller's question.
/// Thread-safe; CPU-bound, linear in its input, never blocks.
///
/// What cannot be replaced safely is refused: findings in bytes that are no text, in a header's name, in the media type,
/// spread over several JSON strings, or when the vault is full. A scanner that throws refuses too.
public final class ContentScreen implements EditStage {
    /// Fields that carry the credential of the request itself. An agent cannot call an API without its key, so keys may
    /// stand here; every other kind may not. A Basic credential is often an e-mail address and a token, so e-mail
    /// addresses may stand in its encoded form as well.
    static final Set<String> CREDENTIAL_FIELDS = Set.of(
            "authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key",
            "private-token", "x-auth-token", "cookie");

    /// Fields that the proxy checks and writes anew itself, so that they carry nothing of the guest's.
    static final Set<String> STRUCTURAL_FIELDS = Set.of(
            "host", "content-length", "transfer-encoding", "content-encoding", "connection", "keep-alive",
            "proxy-connection", "te", "upgrade", "expect");

    /// Names that ordinary clients send: known words, which hide nothing and need no look of their own.
    private static final Set<String> ORDINARY_FIELDS = Set.of(
            "accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "cache-control", "content-language",
            "content-type", "cookie", "date", "dnt", "if-match", "if-modified-since", "if-none-match", "if-range",
            "if-unmodified-since", "origin", "pragma", "range", "referer", "user-agent", "x-api-key", "x-requested-with");

    private static final Set<String> KEYS = Set.of(PiiType.API_KEY.wire());
    private static final Set<String> KEYS_AND_ADDRESSES = Set.of(PiiType.API_KEY.wire(), PiiType.EMAIL.wire());

    private final PiiPolicy policy;
    private final Scanner scanner;
    private final TokenVault vault;

    public ContentScreen(PiiPolicy policy, Scanner scanner, TokenVault vault) {
        this.policy = Objects.requireNonNull(policy);
        this.scanner = Objects.requireNonNull(scanner);
        this.vault = Objects.requireNonNull(vault);
    }

    @Override
    public String name() {
        return "pii";
    }

    @Override
    public boolean slow() {
        return scanner.slow();
    }

    /// The path as one text, then each name and value of the query; percent-decoded up to two times.
    ///
    /// @param pathAndQuery origin-form request target (RFC 9112 §3.2.1)
    @Override
    public Screened<String> screenTarget(String pathAndQuery, String host) {
        return guarded(() -> {
            TextScan scan = new TextScan(scanner, vault);
            BodyWalk.target(pathAndQuery, scan);
            return decide(pathAndQuery, scan.edits(), host, Function.identity());
        });
    }

    /// One header field, its value as Latin-1.
    @Override
    public Screened<String> screenHeader(String name, String value, String host) {
        String field = name.toLowerCase(Locale.ROOT);
        if (STRUCTURAL_FIELDS.contains(field)) return new Screened.Clean<>();
        return guarded(() -> {
            boolean credential = CREDENTIAL_FIELDS.contains(field);
            TextScan scan = credential
                    ? new TextScan(scanner, vault, KEYS, KEYS_AND_ADDRESSES)
                    : new TextScan(scanner, vault);
            scan.text(View.of(value, 0, value.length()), field);
            Edits edits = scan.edits();
            TextScan names = new TextScan(scanner, vault);
            if (!ORDINARY_FIELDS.contains(field)) names.text(View.of(name, 0, name.length()), "");
            if (!names.edits().isEmpty()) {
                names.edits().settle(name);
                names.edits().counts().keySet().forEach(edits::addUnredactable);
            }
            if (field.equals("content-type") && !edits.isEmpty()) {
                edits.settle(value);
                Map<String, Integer> counts = edits.counts();
                return policy.action() == ContentAction.LOG_ONLY
                        ? new Screened.Logged<>(counts)
                        : new Screened.Blocked<>(counts, Reason.PII_BLOCKED);
            }
            return decide(value, edits, host, Function.identity());
        });
    }

    /// A whole body after its content codings are taken off. JSON is edited string by string and stays as it is
    /// otherwise, byte for byte; forms pair by pair; other text by its stretches; binary parts can only be let through or
    /// refused.
    ///
    /// @param contentType value of the Content-Type field, or empty
    @Override
    public Screened<byte[]> screenBody(byte[] decodedBody, String contentType, String host) {
        if (decodedBody.length == 0) return new Screened.Clean<>();
        return guarded(() -> {
            TextScan scan = new TextScan(scanner, vault);
            return switch (BodyWalk.walk(decodedBody, contentType, scan)) {
                case BodyWalk.Walked.Refused(Reason reason) -> new Screened.Blocked<byte[]>(Map.of(), reason);
                case BodyWalk.Walked.Binary _ -> decide("", scan.edits(), host, _ -> decodedBody);
                case BodyWalk.Walked.Source source -> decide(source.text(), scan.edits(), host, source.encode());
            };
        });
    }

    /// A block concerns the whole body, of which nothing may have left then, and a model takes too long.
    @Override
    public Optional<StreamStage> stream(StreamedText text, String host) {
        if (slow() || policy.action() == ContentAction.BLOCK) return Optional.empty();
        return Optional.of(new RedactStream(scanner, vault, policy.action(), text, host));
    }

    private <T> Screened<T> decide(String source, Edits edits, String host, Function<String, T> encode) {
        if (edits.isEmpty()) return new Screened.Clean<>();
        edits.settle(source);
        Map<String, Integer> counts = edits.counts();
        return switch (policy.action()) {
            case LOG_ONLY -> new Screened.Logged<>(counts);
            case BLOCK -> new Screened.Blocked<>(counts, Reason.PII_BLOCKED);
            case REDACT, STRIP -> edits.redactable()
                    ? new Screened.Redacted<>(encode.apply(edits.apply(source, vault, host)), counts)
                    : new Screened.Blocked<>(counts, Reason.PII_BLOCKED);
        };
    }

    private static <T> Screened<T> guarded(Supplier<Screened<T>> screening) {
        try {
            return screening.get();
        } catch (VaultFullException e) {
            return new Screened.Blocked<>(Map.of(), Reason.LIMIT_REACHED);
        } catch (RuntimeException e) {
            // Whatever went wrong, the part was not judged. The message may hold its text, so it goes nowhere.
            return new Screened.Blocked<>(Map.of(), Reason.SCANNER_FAILED);
        }
    }
}
