package dev.declaw.egress.credential;

import dev.declaw.egress.http.Field;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// How a secret signs a request instead of going with it. Immutable and thread-safe.
interface Signing {
    /// A request as it will be sent but for the signature.
    ///
    /// @param host value of the Host field
    /// @param target path and query
    /// @param body all of it; empty for one that streams unsigned
    record Message(String method, String host, String target, List<Field> fields, byte[] body, Instant time) {}

    /// What the signature adds: these fields replace those of the same names.
    ///
    /// @param target without what an earlier signature of the guest's had put there
    record Signed(String target, List<Field> fields) {}

    /// Whether the body must be there as a whole before the request can be signed.
    boolean needsBody(String scheme, List<Field> fields);

    /// @return empty where such a request cannot be signed
    Optional<Signed> sign(Message message, SecretText secret);

    /// What of the secret must not come back in a response.
    SecretText masked(SecretText secret);

    /// A part of the secret that goes with the request, so that it must not come back either.
    default Optional<SecretText> goesAlong(SecretText secret) {
        return Optional.empty();
    }

    static byte[] hmac(String algorithm, byte[] key, byte[] text) {
        try {
            Mac mac = Mac.getInstance(algorithm);
            mac.init(new SecretKeySpec(key, algorithm));
            return mac.doFinal(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + algorithm, e);
        }
    }

    static byte[] sha256(byte[] text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
