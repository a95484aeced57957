package dev.declaw.server.vault;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.auth.RandomTokens;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// Encrypts values at rest: AES-256 in GCM (NIST SP 800-38D) with a random 96-bit nonce, bound to the id of what it belongs to, so that
/// sealed values cannot be swapped. The key lies in a file that only this process's user can read. Thread-safe.
public final class Sealer {
    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;

    private final SecretKeySpec key;
    private final RandomTokens tokens;

    private Sealer(byte[] key, RandomTokens tokens) {
        this.key = new SecretKeySpec(key, "AES");
        this.tokens = tokens;
    }

    /// Reads the master key.
    ///
    /// @param mayMake whether a key may be made when there is none: not when something was sealed with the lost one
    /// @throws IOException when the file is missing and must not be made, is readable by others, or holds no key
    public static Sealer open(Path file, boolean mayMake, RandomTokens tokens) throws IOException {
        if (!Files.exists(file)) {
            if (!mayMake) {
                throw new IOException(file + " is missing, and the secrets in the vault were sealed with it; put it back");
            }
            Set<PosixFilePermission> own = PosixFilePermissions.fromString("rw-------");
            Files.createFile(file, PosixFilePermissions.asFileAttribute(own));
            Files.writeString(file, HexFormat.of().formatHex(tokens.bytes(KEY_BYTES)) + "\n", StandardOpenOption.WRITE);
        }
        String others = PosixFilePermissions.toString(Files.getPosixFilePermissions(file)).substring(3);
        if (!others.equals("------")) {
            throw new IOException(file + " can be read by others (" + others + "); make it mode 0600");
        }
        try {
            byte[] key = HexFormat.of().parseHex(Files.readString(file, StandardCharsets.US_ASCII).strip());
            if (key.length == KEY_BYTES) return new Sealer(key, tokens);
        } catch (IllegalArgumentException _) {
            // refused below, without a word of what is in it
        }
        throw new IOException(file + " does not hold a master key (64 hex digits)");
    }

    /// @param id what the value belongs to
    String seal(String id, String value) {
        try {
            byte[] nonce = tokens.bytes(NONCE_BYTES);
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce, id).doFinal(value.getBytes(StandardCharsets.UTF_8));
            byte[] all = Arrays.copyOf(nonce, NONCE_BYTES + sealed.length);
            System.arraycopy(sealed, 0, all, NONCE_BYTES, sealed.length);
            return Base64.getEncoder().encodeToString(all);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES-GCM", e);
        }
    }

    /// @throws PlatformFailure.InternalFailure when it was sealed with another key, for another id, or was changed
    String unseal(String id, String sealed) {
        try {
            byte[] all = Base64.getDecoder().decode(sealed);
            byte[] nonce = Arrays.copyOf(all, NONCE_BYTES);
            byte[] value = cipher(Cipher.DECRYPT_MODE, nonce, id).doFinal(all, NONCE_BYTES, all.length - NONCE_BYTES);
            return new String(value, StandardCharsets.UTF_8);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new PlatformFailure.InternalFailure("a secret cannot be opened with the master key of this server", e);
        }
    }

    private Cipher cipher(int mode, byte[] nonce, String id) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(id.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }
}
