package dev.declaw.runtime.archive;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/// Seals the frames of one object: zstd (RFC 8878), then AES-256 in GCM (NIST SP 800-38D). Each can be opened without the
/// others. The nonce is the frame's number, which is unique because the key belongs to this object alone; object name and
/// frame number are authenticated, so that frames cannot be swapped, not within an object either. One thread each.
final class Frames {
    /// Content of a frame at most.
    static final int PLAIN_BYTES_MAX = 64 << 20;

    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final int LEVEL = 1; // higher ones save a few percent of memory pages and cost several times as much
    private static final byte STORED = 0;
    private static final byte COMPRESSED = 1;

    private final SecretKey key;
    private final String object;

    Frames(SecretKey key, String object) {
        this.key = key;
        this.object = object;
    }

    byte[] seal(int number, byte[] plain, int length) {
        byte[] framed = new byte[1 + (int) Zstd.compressBound(length)];
        long compressed = Zstd.compressByteArray(framed, 1, framed.length - 1, plain, 0, length, LEVEL);
        int size;
        if (!Zstd.isError(compressed) && compressed < length) {
            framed[0] = COMPRESSED;
            size = (int) compressed;
        } else {
            framed[0] = STORED;
            System.arraycopy(plain, 0, framed, 1, length);
            size = length;
        }
        try {
            return cipher(Cipher.ENCRYPT_MODE, number).doFinal(framed, 0, 1 + size);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("every JDK has AES-GCM", impossible);
        }
    }

    /// @param length of the content
    /// @throws IOException when it was changed, or sealed as something else
    byte[] open(int number, byte[] sealed, int length) throws IOException {
        byte[] framed;
        try {
            framed = cipher(Cipher.DECRYPT_MODE, number).doFinal(sealed);
        } catch (GeneralSecurityException changed) {
            throw new IOException("frame " + number + " of " + object + " was changed, or sealed with another key", changed);
        }
        if (framed.length == 0 || length < 0 || length > PLAIN_BYTES_MAX) {
            throw new IOException("frame " + number + " of " + object + " has no content");
        }
        byte[] plain;
        try {
            plain = framed[0] == COMPRESSED
                    ? Zstd.decompress(Arrays.copyOfRange(framed, 1, framed.length), length)
                    : Arrays.copyOfRange(framed, 1, framed.length);
        } catch (ZstdException damaged) {
            throw new IOException("frame " + number + " of " + object + " cannot be decompressed", damaged);
        }
        if (plain.length != length) {
            throw new IOException("frame " + number + " of " + object + " has another length than it was given");
        }
        return plain;
    }

    private Cipher cipher(int mode, int number) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        byte[] nonce = ByteBuffer.allocate(NONCE_BYTES).putInt(NONCE_BYTES - Integer.BYTES, number).array();
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD((object + "\n" + number).getBytes(StandardCharsets.UTF_8));
        return cipher;
    }
}
