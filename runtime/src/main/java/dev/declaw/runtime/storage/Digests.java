package dev.declaw.runtime.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/// SHA-256 over files and over lists of texts.
public final class Digests {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int BLOCK_BYTES = 1 << 16;

    private Digests() {}

    /// Digest of a list: each text is preceded by its length, so that no two lists are read as one.
    public static String ofTexts(String... texts) {
        MessageDigest digest = sha256();
        for (String text : texts) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
            digest.update(bytes);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    public static String ofFile(Path file) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[65536];
        try (InputStream in = Files.newInputStream(file)) {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                digest.update(buffer, 0, length);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /// Digest of a file that may be mostly holes, at the cost of what is not zero: over each block of 64 KiB that has a byte
    /// other than zero, preceded by its position (8 bytes, most significant first), and at the end over the length.
    public static String ofSparseFile(Path file) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        byte[] zeros = new byte[BLOCK_BYTES];
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
        long position = 0;
        try (InputStream in = Files.newInputStream(file)) {
            for (int length = in.readNBytes(buffer, 0, buffer.length);
                    length > 0;
                    length = in.readNBytes(buffer, 0, buffer.length)) {
                for (int from = 0; from < length; from += BLOCK_BYTES) {
                    int to = Math.min(length, from + BLOCK_BYTES);
                    if (!Arrays.equals(buffer, from, to, zeros, 0, to - from)) {
                        digest.update(number.clear().putLong(position + from).array());
                        digest.update(buffer, from, to - from);
                    }
                }
                position += length;
            }
        }
        digest.update(number.clear().putLong(position).array());
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every JDK has SHA-256", impossible);
        }
    }
}
