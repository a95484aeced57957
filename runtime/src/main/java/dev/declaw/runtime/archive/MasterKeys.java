package dev.declaw.runtime.archive;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// The keys that everything in an archive is sealed with, derived from master keys by HKDF-SHA-256 (RFC 5869): from a master
/// key one for each tenant, from that one for each object. An object is written once, so its key never meets another
/// plaintext, and a tenant's key opens nothing of another tenant's.
///
/// The file holds one master key in a line, 64 hex digits; `#` begins a comment. What is written is sealed under the first
/// one, what is read under the one that it names. So a key is rotated by a new first line; an old line may go when nothing
/// is left that was sealed under it. Thread-safe.
public final class MasterKeys {
    private static final int KEY_BYTES = 32;
    private static final int ID_BYTES = 4;
    private static final int KEYS_MAX = 64;
    private static final int FILE_BYTES_MAX = 16 << 10;

    private final Map<String, SecretKey> byId;
    private final String current;

    private MasterKeys(Map<String, SecretKey> byId) {
        this.byId = byId;
        this.current = byId.keySet().iterator().next();
    }

    /// @param mayMake whether a key may be made when there is no file: not when something was sealed with the lost one
    /// @throws IOException when the file is missing and must not be made, can be read by others, or holds no key
    public static MasterKeys open(Path file, boolean mayMake) throws IOException {
        if (!Files.exists(file)) {
            if (!mayMake) {
                throw new IOException(file + " is missing, and the snapshots in the store were sealed with it; put it back");
            }
            byte[] key = new byte[KEY_BYTES];
            new SecureRandom().nextBytes(key);
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, HexFormat.of().formatHex(key) + "\n", StandardOpenOption.WRITE);
        }
        String others = PosixFilePermissions.toString(Files.getPosixFilePermissions(file)).substring(3);
        if (!others.equals("------")) {
            throw new IOException(file + " can be read by others (" + others + "); make it mode 0600");
        }
        if (Files.size(file) > FILE_BYTES_MAX) {
            throw new IOException(file + " is larger than " + FILE_BYTES_MAX + " bytes");
        }
        Map<String, SecretKey> keys = new LinkedHashMap<>();
        for (String line : Files.readString(file, StandardCharsets.UTF_8).lines().map(String::strip).toList()) {
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            if (!line.matches("[0-9a-f]{64}") || keys.size() == KEYS_MAX) {
                throw new IOException(file + " does not hold master keys (up to " + KEYS_MAX + " lines of 64 hex digits)");
            }
            SecretKeySpec key = new SecretKeySpec(HexFormat.of().parseHex(line), "HKDF");
            keys.put(HexFormat.of().formatHex(derive(key, "declaw archive key id", ID_BYTES)), key);
        }
        if (keys.isEmpty()) {
            throw new IOException(file + " holds no master key (a line of 64 hex digits)");
        }
        return new MasterKeys(keys);
    }

    /// Names the key that is in use; says nothing about it.
    String current() {
        return current;
    }

    /// The key of one object of a tenant; empty when the master key is not here.
    Optional<SecretKey> of(String keyId, String tenant, String object) {
        return Optional.ofNullable(byId.get(keyId)).map(master -> {
            SecretKey ofTenant = new SecretKeySpec(derive(master, "declaw archive tenant\n" + tenant, KEY_BYTES), "HKDF");
            return new SecretKeySpec(derive(ofTenant, "declaw archive object\n" + object, KEY_BYTES), "AES");
        });
    }

    private static byte[] derive(SecretKey from, String info, int bytes) {
        try {
            return KDF.getInstance("HKDF-SHA256")
                    .deriveData(HKDFParameterSpec.ofExtract()
                            .addIKM(from)
                            .thenExpand(info.getBytes(StandardCharsets.UTF_8), bytes));
        } catch (GeneralSecurityException impossible) {
            throw new AssertionError("JDK 25 has HKDF", impossible);
        }
    }

    @Override
    public String toString() {
        return "MasterKeys[" + current + ", " + byId.size() + " in all]";
    }
}
