package dev.declaw.server.auth;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.store.ApiKeyTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.regex.Pattern;

/// Knows callers by their API key. Keys have 192 random bits and are kept as SHA-256, so a copy of the database opens nothing.
/// Thread-safe.
public final class ApiKeys {
    /// Keys that one tenant may have in use.
    public static final int KEYS_PER_OWNER_MAX = 200;

    private static final Pattern FORM = Pattern.compile("dcl_[0-9a-f]{48}");
    private static final String FIRST_KEY_NAME = "first key";
    private static final int KEY_CHARS_MAX = 256;
    private static final int KEY_ID_DIGITS = 16;

    private final ApiKeyTable table;
    private final RandomTokens tokens;
    private final InstantSource clock;
    private final ConcurrentMap<String, Caller> byHash = new ConcurrentHashMap<>();

    /// A key that was just made; the only moment at which it is known.
    public record NewKey(String keyId, String key, String name) {
        @Override
        public String toString() {
            return "NewKey[" + keyId + "]";
        }
    }

    /// A key as its owner sees it later.
    public record KeyInfo(
            String keyId,
            String name,
            String masked,
            List<String> scopes,
            Instant created,
            Optional<Instant> expires,
            boolean revoked) {}

    private ApiKeys(ApiKeyTable table, RandomTokens tokens, InstantSource clock) {
        this.table = table;
        this.tokens = tokens;
        this.clock = clock;
        table.all().values().forEach(this::hold);
    }

    /// Loads the keys. On the first start one is made and written to the file, readable by its owner only; a key that is in
    /// the file but not in the store (a new database) becomes valid again, one that was revoked does not.
    ///
    /// @param keyFile where the operator finds the key of the first tenant
    /// @throws IOException when the file can be neither read nor written
    public static ApiKeys open(ApiKeyTable table, Path keyFile, RandomTokens tokens, InstantSource clock)
            throws IOException {
        String key;
        if (Files.exists(keyFile)) {
            key = Files.readString(keyFile, StandardCharsets.UTF_8).strip();
            if (!FORM.matcher(key).matches()) {
                throw new IOException(keyFile + " does not hold an API key (dcl_ and 48 hex digits); remove it to get a new one");
            }
        } else {
            key = tokens.apiKey();
            Files.writeString(createPrivate(keyFile), key + "\n", StandardOpenOption.WRITE);
        }
        Set<Scope> all = Set.of(Scope.values());
        table.add(row(key, Tenants.FIRST, FIRST_KEY_NAME, all, clock.instant(), Optional.empty()));
        return new ApiKeys(table, tokens, clock);
    }

    private static Path createPrivate(Path file) throws IOException {
        return Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    private static ApiKeyTable.Row row(
            String key, String owner, String name, Set<Scope> scopes, Instant now, Optional<Instant> expires) {
        String hash = hash(key);
        String masked = key.substring(0, 8) + "..." + key.substring(key.length() - 4);
        return new ApiKeyTable.Row(
                "key-" + hash.substring(0, KEY_ID_DIGITS),
                hash,
                owner,
                name,
                masked,
                Scope.format(scopes),
                now,
                expires,
                Optional.empty());
    }

    private void hold(ApiKeyTable.Row row) {
        if (row.revoked().isPresent()) return;
        byHash.put(
                row.hash(), new Caller(row.owner(), row.keyId(), row.name(), Scope.parseStored(row.scopes()), row.expires()));
    }

    /// Makes a key. The caller has checked that its scopes may be given.
    ///
    /// @param expires until when it is valid; empty for as long as nobody revokes it
    /// @throws PlatformFailure.QuotaExceeded when the tenant has [#KEYS_PER_OWNER_MAX] already
    public NewKey create(String owner, String name, Set<Scope> scopes, Optional<Instant> expires) {
        long held = byHash.values().stream().filter(key -> key.owner().equals(owner)).count();
        if (held >= KEYS_PER_OWNER_MAX) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_many_keys", "there are " + KEYS_PER_OWNER_MAX + " API keys, the limit; revoke one", 60);
        }
        String key = tokens.apiKey();
        ApiKeyTable.Row row = row(key, owner, name, scopes, clock.instant(), expires);
        table.add(row);
        hold(row);
        return new NewKey(row.keyId(), key, name);
    }

    /// Keys of a tenant, oldest first, the revoked ones too.
    public List<KeyInfo> list(String owner) {
        return table.of(owner).stream()
                .map(row -> new KeyInfo(
                        row.keyId(),
                        row.name(),
                        row.masked(),
                        Scope.parseStored(row.scopes()).stream().sorted().map(Scope::wire).toList(),
                        row.created(),
                        row.expires(),
                        row.revoked().isPresent()))
                .toList();
    }

    /// Revokes a key: from now on it opens nothing.
    ///
    /// @return false when it was revoked before
    /// @throws PlatformFailure.NotFound when the tenant has no such key
    public boolean revoke(String owner, String keyId) {
        boolean known = table.of(owner).stream().anyMatch(row -> row.keyId().equals(keyId));
        if (!known) throw new PlatformFailure.NotFound("key_not_found", "there is no API key of this id");
        boolean revoked = table.revoke(owner, keyId, clock.instant());
        byHash.values().removeIf(held -> held.keyId().equals(keyId));
        return revoked;
    }

    /// The owner behind the headers of a request; see [#caller].
    public String owner(String authorization, String apiKeyHeader) {
        return caller(authorization, apiKeyHeader).owner();
    }

    /// Who sends these headers. `Authorization` wins when both are there (wire-api 1.3).
    ///
    /// @param authorization value of `Authorization`, or null
    /// @param apiKeyHeader value of `X-API-Key`, or null
    /// @throws PlatformFailure.Unauthenticated when no header carries a key that is valid now
    public Caller caller(String authorization, String apiKeyHeader) {
        String key = authorization != null ? bearer(authorization) : apiKeyHeader;
        if (key == null || key.isEmpty()) {
            throw new PlatformFailure.Unauthenticated(
                    "an API key is needed: send Authorization: Bearer <key> or X-API-Key: <key>");
        }
        return find(key).orElseThrow(() -> new PlatformFailure.Unauthenticated(
                "the API key is not known, was revoked or has expired; the key of this server stands in the file api-key of its home folder"));
    }

    /// Whether the value of an `Authorization` header has the form of a key of this server, valid or not.
    public static boolean holdsKey(String authorization) {
        return authorization != null && FORM.matcher(bearer(authorization)).matches();
    }

    /// Looked up by hash: how long that takes says something about hashes, which nobody can aim at.
    private Optional<Caller> find(String key) {
        if (key.length() > KEY_CHARS_MAX) return Optional.empty();
        return Optional.ofNullable(byHash.get(hash(key)))
                .filter(held -> held.expires().map(clock.instant()::isBefore).orElse(true));
    }

    private static String bearer(String authorization) {
        String scheme = "bearer ";
        return authorization.regionMatches(true, 0, scheme, 0, scheme.length())
                ? authorization.substring(scheme.length()).strip()
                : "";
    }

    private static String hash(String key) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(key.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
