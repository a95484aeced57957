package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/// Addresses of crypto currencies: base58 with the double SHA-256 check (Bitcoin, Litecoin, Dogecoin, Tron, Ripple), bech32 and
/// bech32m (BIP 173, BIP 350), `0x` and forty hex digits (Ethereum and its kin). Under a label, base58 without a check, too (Solana, Monero).
final class WalletRule {
    private static final String BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    private static final String RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";
    private static final String BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    private static final byte[] VALUE58 = values(BASE58);
    private static final byte[] VALUE_RIPPLE = values(RIPPLE);
    private static final byte[] VALUE32 = values(BECH32);

    private WalletRule() {}

    private static byte[] values(String alphabet) {
        byte[] values = new byte[128];
        Arrays.fill(values, (byte) -1);
        for (int i = 0; i < alphabet.length(); i++) values[alphabet.charAt(i)] = (byte) i;
        return values;
    }

    /// Whether the run of letters and digits from start to end is an address.
    ///
    /// @param labelled whether a word such as `wallet` stands before it
    static boolean match(FoldedText text, int start, int end, boolean labelled) {
        int length = end - start;
        char first = text.at(start);
        if (length == 42 && first == '0' && (text.at(start + 1) | 32) == 'x') return hex(text, start + 2, end);
        if (length >= 26 && length <= 35 && "13LMDTAr".indexOf(first) >= 0 && base58Check(text, start, end, first == 'r')) return true;
        if (length >= 39 && length <= 110 && bech32(text, start, end)) return true;
        boolean monero = length == 95 && (first == '4' || first == '8');
        return labelled && (length >= (first == '1' || first == '3' ? 26 : 32) && length <= 44 || monero) && plausible(text, start, end);
    }

    private static boolean hex(FoldedText text, int start, int end) {
        int seen = 0;
        for (int i = start; i < end; i++) {
            int digit = Character.digit(text.at(i), 16);
            if (digit < 0) return false;
            seen |= 1 << digit;
        }
        return Integer.bitCount(seen) >= 6;
    }

    private static boolean base58Check(FoldedText text, int start, int end, boolean ripple) {
        byte[] value = ripple ? VALUE_RIPPLE : VALUE58;
        int[] bytes = new int[25];
        for (int i = start; i < end; i++) {
            char c = text.at(i);
            int carry = c < 128 ? value[c] : -1;
            if (carry < 0) return false;
            for (int k = 24; k >= 0; k--) {
                carry += bytes[k] * 58;
                bytes[k] = carry & 0xFF;
                carry >>= 8;
            }
            if (carry != 0) return false;
        }
        byte[] payload = new byte[21];
        for (int i = 0; i < 21; i++) payload[i] = (byte) bytes[i];
        byte[] digest = sha256(sha256(payload));
        for (int i = 0; i < 4; i++) if ((digest[i] & 0xFF) != bytes[21 + i]) return false;
        return true;
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static boolean bech32(FoldedText text, int start, int end) {
        int one = -1;
        for (int i = start; i < Math.min(end, start + 6); i++) if (text.at(i) == '1') one = i;
        if (one < start + 2 || end - one < 33) return false;
        String human = text.slice(start, one).toLowerCase(java.util.Locale.ROOT);
        if (!human.equals("bc") && !human.equals("tb") && !human.equals("ltc") && !human.equals("addr") && !human.equals("cosmos") && !human.equals("stake")) return false;
        int sum = 1;
        for (int i = 0; i < human.length(); i++) sum = step(sum) ^ human.charAt(i) >> 5;
        sum = step(sum);
        for (int i = 0; i < human.length(); i++) sum = step(sum) ^ human.charAt(i) & 31;
        for (int i = one + 1; i < end; i++) {
            char c = text.at(i);
            int value = c < 128 ? VALUE32[c >= 'A' && c <= 'Z' ? c + 32 : c] : -1;
            if (value < 0) return false;
            sum = step(sum) ^ value;
        }
        // Forty-two or sixty-two characters after `bc` tell enough; a mistyped address is somebody's, too.
        return sum == 1 || sum == 0x2bc830a3 || human.equals("bc") && (end - start == 42 || end - start == 62);
    }

    private static int step(int sum) {
        int top = sum >>> 25;
        int next = (sum & 0x1ffffff) << 5;
        if ((top & 1) != 0) next ^= 0x3b6a57b2;
        if ((top & 2) != 0) next ^= 0x26508e6d;
        if ((top & 4) != 0) next ^= 0x1ea119fa;
        if ((top & 8) != 0) next ^= 0x3d4233dd;
        if ((top & 16) != 0) next ^= 0x2a1462b3;
        return next;
    }

    private static boolean plausible(FoldedText text, int start, int end) {
        int kinds = 0;
        for (int i = start; i < end; i++) {
            char c = text.at(i);
            if (c >= 128 || VALUE58[c] < 0) return false;
            kinds |= c <= '9' ? 1 : c <= 'Z' ? 2 : 4;
        }
        return kinds == 7;
    }
}
