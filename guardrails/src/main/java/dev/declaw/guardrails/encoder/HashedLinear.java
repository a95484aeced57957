package dev.declaw.guardrails.encoder;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.Locale;

/// A linear model over hashed n-grams (words 1 to 3, characters 3 to 5), the first tier of the text classifiers: some
/// microseconds for a window, no native code. `guardrails/training/features.py` computes the same buckets, and a test
/// compares the two. Immutable.
///
/// The resource holds, big-endian: "DCLN", u8 version 1, u8 bits, f32 scale, f32 bias, then 2^bits int8 weights.
public final class HashedLinear {
    private static final int PRIME = 0x01000193;
    private static final int CHARACTER_SEED = 0x811c9dc5;
    private static final int WORD_SEED = 0x9e3779b9;
    private static final int BITS_MAX = 20;

    private final byte[] weights;
    private final int mask;
    private final double scale;
    private final double bias;

    private HashedLinear(byte[] weights, double scale, double bias) {
        this.weights = weights;
        this.mask = weights.length - 1;
        this.scale = scale;
        this.bias = bias;
    }

    /// @throws IllegalStateException when the resource is missing or not such a model: the build is broken
    public static HashedLinear read(Class<?> owner, String resource) {
        try (InputStream in = owner.getResourceAsStream(resource)) {
            if (in == null) throw new IllegalStateException("missing model resource " + resource);
            DataInputStream data = new DataInputStream(in);
            byte[] magic = new byte[4];
            data.readFully(magic);
            int version = data.readUnsignedByte();
            int bits = data.readUnsignedByte();
            if (!new String(magic, StandardCharsets.US_ASCII).equals("DCLN") || version != 1 || bits > BITS_MAX) {
                throw new IllegalStateException("not a linear model: " + resource);
            }
            float scale = data.readFloat();
            float bias = data.readFloat();
            byte[] weights = new byte[1 << bits];
            data.readFully(weights);
            return new HashedLinear(weights, scale, bias);
        } catch (IOException e) {
            throw new UncheckedIOException(resource, e);
        }
    }

    /// The log-odds of the text from start to end. A text without any n-gram has those of the bias.
    public double logit(String text, int start, int end) {
        char[] units = prepare(text, start, end);
        return bias + scale * (characters(units) + words(units));
    }

    private double characters(char[] units) {
        long sum = 0;
        int count = 0;
        for (int i = 0; i + 3 <= units.length; i++) {
            int three = CHARACTER_SEED + 3;
            int four = CHARACTER_SEED + 4;
            int five = CHARACTER_SEED + 5;
            for (int k = 0; k < 3; k++) {
                int c = units[i + k];
                three = (three ^ c) * PRIME;
                four = (four ^ c) * PRIME;
                five = (five ^ c) * PRIME;
            }
            sum += weight(three);
            count++;
            if (i + 4 > units.length) continue;
            sum += weight((four ^ units[i + 3]) * PRIME);
            count++;
            if (i + 5 > units.length) continue;
            five = (five ^ units[i + 3]) * PRIME;
            sum += weight((five ^ units[i + 4]) * PRIME);
            count++;
        }
        return count == 0 ? 0 : sum / Math.sqrt(count);
    }

    private double words(char[] units) {
        long sum = 0;
        int count = 0;
        int before = 0;
        int first = 0;
        int seen = 0;
        for (int i = 0; i < units.length; i++) {
            if (!word(units[i])) continue;
            int hash = CHARACTER_SEED;
            for (; i < units.length && word(units[i]); i++) hash = (hash ^ units[i]) * PRIME;
            sum += weight((WORD_SEED + 1 ^ hash) * PRIME);
            count++;
            if (seen >= 1) {
                sum += weight(((WORD_SEED + 2 ^ before) * PRIME ^ hash) * PRIME);
                count++;
            }
            if (seen >= 2) {
                sum += weight((((WORD_SEED + 3 ^ first) * PRIME ^ before) * PRIME ^ hash) * PRIME);
                count++;
            }
            first = before;
            before = hash;
            seen++;
        }
        return count == 0 ? 0 : sum / Math.sqrt(count);
    }

    private int weight(int hash) {
        int h = hash ^ hash >>> 15;
        h *= 0x85ebca6b;
        return weights[(h ^ h >>> 13) & mask];
    }

    private static boolean word(char c) {
        return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80;
    }

    /// Lower case, compatibility forms folded, digits to 0, runs of white space to one space, one space at each end.
    static char[] prepare(String text, int start, int end) {
        String part = text.substring(start, end);
        boolean ascii = true;
        for (int i = 0; i < part.length() && ascii; i++) ascii = part.charAt(i) < 0x80;
        if (!ascii) part = Normalizer.normalize(part, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
        char[] out = new char[part.length() + 2];
        int length = 0;
        out[length++] = ' ';
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            if (c >= 'A' && c <= 'Z') c += 32;
            else if (c >= '0' && c <= '9') c = '0';
            boolean space = c <= ' ' || c == '\u00a0' || c == '\u2028' || c == '\u2029';
            if (!space) out[length++] = c;
            else if (out[length - 1] != ' ') out[length++] = ' ';
        }
        if (length == 1 || out[length - 1] != ' ') out[length++] = ' ';
        return Arrays.copyOf(out, length);
    }
}
