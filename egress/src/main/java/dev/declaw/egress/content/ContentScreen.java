package dev.declaw.egress.content;

import dev.declaw.egress.content.TokenVault.VaultFullException;
import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.policy.PiiPolicy;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.Scanner;
import java.nio.charset.StandardCharsets;
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
public final class ContentScreen {
    /// Fields that carry the credential of the request itself. An agent cannot call an API without its key, so keys may
    /// stand here; every other kind may not. A Basic credential is often an e-mail address and a token, so e-mail
    /// addresses may stand in its encoded form as well.
    private static final Set<String> CREDENTIAL_FIELDS = Set.of(
            "authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key",
            "private-token", "x-auth-token", "cookie");

    /// Fields that the proxy checks and writes anew itself, so that they carry nothing of the guest's.
    private static final Set<String> STRUCTURAL_FIELDS = Set.of(
            "host", "content-length", "transfer-encoding", "content-encoding", "connection", "keep-alive",
            "proxy-connection", "te", "upgrade", "expect");

    private static final Set<String> KEYS = Set.of(PiiType.API_KEY.wire());
    private static final Set<String> KEYS_AND_ADDRESSES = Set.of(PiiType.API_KEY.wire(), PiiType.EMAIL.wire());

    private static final BodyDecoder UNLABELLED = new BodyDecoder(16 * 1024 * 1024);

    private final PiiPolicy policy;
    private final Scanner scanner;
    private final TokenVault vault;

    public ContentScreen(PiiPolicy policy, Scanner scanner, TokenVault vault) {
        this.policy = Objects.requireNonNull(policy);
        this.scanner = Objects.requireNonNull(scanner);
        this.vault = Objects.requireNonNull(vault);
    }

    /// The path as one text, then each name and value of the query; percent-decoded up to two times.
    ///
    /// @param pathAndQuery origin-form request target (RFC 9112 §3.2.1)
    public Screened<String> screenTarget(String pathAndQuery, String host) {
        return guarded(() -> {
            TextScan scan = new TextScan(scanner, vault);
            int question = pathAndQuery.indexOf('?');
            int pathEnd = question < 0 ? pathAndQuery.length() : question;
            scan.encoded(View.of(pathAndQuery, 0, pathEnd), "", true);
            if (question >= 0) pairs(pathAndQuery, question + 1, pathAndQuery.length(), scan);
            return decide(pathAndQuery, scan.edits(), host, Function.identity());
        });
    }

    /// One header field, its value as Latin-1.
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
            names.text(View.of(name, 0, name.length()), "");
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
    public Screened<byte[]> screenBody(byte[] decodedBody, String contentType, String host) {
        if (decodedBody.length == 0) return new Screened.Clean<>();
        return guarded(() -> {
            TextScan scan = new TextScan(scanner, vault);
            String type = mediaType(contentType);
            if (type.startsWith("multipart/")) {
                String latin1 = new String(decodedBody, StandardCharsets.ISO_8859_1);
                Multipart.scan(decodedBody, latin1, BodyText.parameter(contentType, "boundary"), scan);
                return decide(latin1, scan.edits(), host, text -> text.getBytes(StandardCharsets.ISO_8859_1));
            }
            return switch (BodyText.of(decodedBody, contentType)) {
                case BodyText.Unknown _ -> new Screened.Blocked<byte[]>(Map.of(), Reason.UNDECODABLE_BODY);
                case BodyText.Binary _ -> {
                    Optional<Reason> refused = compressed(decodedBody, scan);
                    if (refused.isPresent()) yield new Screened.Blocked<>(Map.of(), refused.get());
                    scan.binary(new String(decodedBody, StandardCharsets.ISO_8859_1));
                    yield decide("", scan.edits(), host, _ -> decodedBody);
                }
                case BodyText.Text body -> {
                    if (body.alsoBytes()) scan.binary(new String(decodedBody, StandardCharsets.ISO_8859_1));
                    text(body.text(), type, scan);
                    yield decide(body.text(), scan.edits(), host, body::encode);
                }
            };
        });
    }

    /// A body that is compressed without saying so, such as an uploaded archive, is read one layer deep; what is found in
    /// there cannot be replaced. One that cannot be decoded is only bytes.
    private static Optional<Reason> compressed(byte[] body, TextScan scan) {
        return switch (UNLABELLED.decodeUnlabelled(body)) {
            case BodyDecoder.Decoded.Refused(Reason reason) ->
                reason == Reason.REQUEST_TOO_LARGE ? Optional.of(reason) : Optional.empty();
            case BodyDecoder.Decoded.Plain(byte[] bytes) -> {
                scan.binary(new String(bytes, StandardCharsets.ISO_8859_1));
                yield Optional.empty();
            }
        };
    }

    private void text(String text, String type, TextScan scan) {
        boolean json = type.endsWith("json") || type.contains("ndjson") || type.contains("jsonl");
        if ((json || startsLikeJson(text)) && json(text, scan)) return;
        if (type.equals("application/x-www-form-urlencoded")) pairs(text, 0, text.length(), scan);
        scan.text(View.of(text, 0, text.length()), "");
    }

    /// False when it is no JSON after all; what was found until then stays found.
    private boolean json(String text, TextScan scan) {
        JoinedStrings joined = new JoinedStrings(scanner, scan.edits());
        JsonWalk walk = new JsonWalk(text, new JsonWalk.Visitor() {
            @Override
            public void string(int start, int end, String key) {
                View value = unescaped(start, end);
                scan.text(value, key);
                joined.add(key, value.text());
            }

            @Override
            public void key(int start, int end) {
                scan.text(unescaped(start, end), "");
            }

            @Override
            public void number(int start, int end, String key) {
                scan.number(View.of(text, start, end), key);
            }

            private View unescaped(int start, int end) {
                View raw = View.of(text, start, end);
                return raw.unescaped().orElse(raw);
            }
        });
        boolean wellFormed = walk.walk();
        joined.finish();
        return wellFormed;
    }

    /// `name=value` pairs of a query or form.
    private static void pairs(String text, int from, int to, TextScan scan) {
        int start = from;
        for (int i = from; i <= to; i++) {
            if (i < to && text.charAt(i) != '&' && text.charAt(i) != ';') continue;
            int equals = text.indexOf('=', start, i);
            if (equals >= 0) {
                String name = text.substring(start, equals);
                scan.encoded(View.of(text, start, equals), "", true);
                scan.encoded(View.of(text, equals + 1, i), decodedOnce(name), true);
            } else if (i > start) {
                scan.encoded(View.of(text, start, i), "", true);
            }
            start = i + 1;
        }
    }

    private static String decodedOnce(String name) {
        return View.of(name, 0, name.length()).percentDecoded(true).map(View::text).orElse(name);
    }

    private static boolean startsLikeJson(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
            return c == '{' || c == '[' || c == '"';
        }
        return false;
    }

    private static String mediaType(String contentType) {
        int semicolon = contentType.indexOf(';');
        return (semicolon < 0 ? contentType : contentType.substring(0, semicolon)).strip().toLowerCase(Locale.ROOT);
    }

    private <T> Screened<T> decide(String source, Edits edits, String host, Function<String, T> encode) {
        if (edits.isEmpty()) return new Screened.Clean<>();
        edits.settle(source);
        Map<String, Integer> counts = edits.counts();
        return switch (policy.action()) {
            case LOG_ONLY -> new Screened.Logged<>(counts);
            case BLOCK -> new Screened.Blocked<>(counts, Reason.PII_BLOCKED);
            case REDACT -> edits.redactable()
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
