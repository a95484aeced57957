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
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Knows callers by their API key. Keys have 192 random bits and are kept as SHA-256, so a copy of the database opens nothing.
/// Immutable after construction; thread-safe.
public final class ApiKeys {
    private static final Pattern FORM = Pattern.compile("dcl_[0-9a-f]{48}");
    private static final String FIRST_OWNER = "owner-1";
    private static final int KEY_CHARS_MAX = 256;

    private final Map<String, String> ownerByHash;

    private ApiKeys(Map<String, String> ownerByHash) {
        this.ownerByHash = ownerByHash;
    }

    /// Loads the keys. On the first start one is made and written to the file, readable by its owner only; a key that is in
    /// the file but not in the store (a new database) becomes valid again.
    ///
    /// @param keyFile where the operator finds the key of the first owner
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
        table.add(hash(key), FIRST_OWNER, clock.instant());
        return new ApiKeys(table.all());
    }

    private static Path createPrivate(Path file) throws IOException {
        return Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    /// The owner behind the headers of a request. `Authorization` wins when both are there (wire-api 1.3).
    ///
    /// @param authorization value of `Authorization`, or null
    /// @param apiKeyHeader value of `X-API-Key`, or null
    /// @throws PlatformFailure.Unauthenticated when no header carries a known key
    public String owner(String authorization, String apiKeyHeader) {
        String key = authorization != null ? bearer(authorization) : apiKeyHeader;
        if (key == null || key.isEmpty()) {
            throw new PlatformFailure.Unauthenticated(
                    "an API key is needed: send Authorization: Bearer <key> or X-API-Key: <key>");
        }
        return find(key).orElseThrow(() -> new PlatformFailure.Unauthenticated(
                "the API key is not known; the key of this server stands in the file api-key of its home folder"));
    }

    private Optional<String> find(String key) {
        if (key.length() > KEY_CHARS_MAX) return Optional.empty();
        byte[] wanted = hash(key).getBytes(StandardCharsets.US_ASCII);
        Optional<String> owner = Optional.empty();
        for (var known : ownerByHash.entrySet()) { // all of them, so that time says nothing about the place
            if (MessageDigest.isEqual(known.getKey().getBytes(StandardCharsets.US_ASCII), wanted)) {
                owner = Optional.of(known.getValue());
            }
        }
        return owner;
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
