package dev.declaw.egress.content;

import java.io.ByteArrayOutputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Masks secrets in a response wherever an origin puts them: as they are, JSON-escaped, percent-encoded, in hex of either
/// case, and in base64 or base64url at each of the three alignments. Immutable and thread-safe; [#filter] makes what reads
/// one body.
///
/// Bytes are looked at by their first eight: a table tells where a spelling may begin, and the rest is compared there.
final class Scrub {
    static final String MASK = "***";

    /// Shorter spellings occur by chance; secrets so short are found nowhere.
    private static final int SPELLING_BYTES_MIN = 8;

    private static final int FILTER_BITS = 16;

    private final Map<Long, List<byte[]>> spellings = new HashMap<>();
    private final long[] filter = new long[1 << FILTER_BITS - 6];
    private final int longest;

    /// @param secrets the secrets as they were put in
    Scrub(Collection<String> secrets) {
        Set<String> all = new LinkedHashSet<>();
        for (String secret : secrets) all.addAll(spellings(secret));
        int most = 0;
        for (String spelling : all) {
            byte[] bytes = spelling.getBytes(StandardCharsets.UTF_8);
            if (bytes.length < SPELLING_BYTES_MIN) continue;
            long start = start(bytes, 0);
            spellings.computeIfAbsent(start, _ -> new ArrayList<>()).add(bytes);
            int slot = slot(start);
            filter[slot >> 6] |= 1L << slot;
            most = Math.max(most, bytes.length);
        }
        // The longest first: base64 with its last characters before base64 without them.
        spellings.values().forEach(list -> list.sort((a, b) -> b.length - a.length));
        longest = most;
    }

    private static Set<String> spellings(String secret) {
        Set<String> all = new LinkedHashSet<>();
        byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
        all.add(secret);
        all.add(Spelling.JSON.spell(secret));
        all.add(Spelling.JSON.spell(secret).replace("/", "\\/"));
        String percent = URLEncoder.encode(secret, StandardCharsets.UTF_8);
        for (String form : List.of(percent, percent.replace("+", "%20"))) {
            all.add(form);
            all.add(lowerEscapes(form));
        }
        all.add(new String(Carrier.MARKUP.escape(secret), StandardCharsets.UTF_8));
        all.add(HexFormat.of().formatHex(bytes));
        all.add(HexFormat.of().formatHex(bytes).toUpperCase(Locale.ROOT));
        for (int before = 0; before < 3; before++) {
            byte[] shifted = new byte[before + bytes.length];
            System.arraycopy(bytes, 0, shifted, before, bytes.length);
            // Only the characters that depend on the secret alone.
            int from = (8 * before + 5) / 6;
            int to = 8 * shifted.length / 6;
            String base64 = Base64.getEncoder().withoutPadding().encodeToString(shifted).substring(from, to);
            all.add(base64);
            all.add(base64.replace('+', '-').replace('/', '_'));
            all.add(base64.replace("/", "\\/"));
        }
        return all;
    }

    private static String lowerEscapes(String percent) {
        StringBuilder out = new StringBuilder(percent);
        for (int i = 0; i + 2 < out.length(); i++) {
            if (out.charAt(i) != '%') continue;
            out.setCharAt(i + 1, Character.toLowerCase(out.charAt(i + 1)));
            out.setCharAt(i + 2, Character.toLowerCase(out.charAt(i + 2)));
        }
        return out.toString();
    }

    private static long start(byte[] bytes, int at) {
        long start = 0;
        for (int i = 0; i < SPELLING_BYTES_MIN; i++) start = start << 8 | bytes[at + i] & 255;
        return start;
    }

    private static int slot(long start) {
        return (int) ((start * 0x9E3779B97F4A7C15L) >>> 64 - FILTER_BITS);
    }

    /// A text that is whole, such as a header's value.
    String mask(String latin1) {
        ResponseFilter whole = filter();
        byte[] bytes = latin1.getBytes(StandardCharsets.ISO_8859_1);
        byte[] masked = ResponseRun.concat(whole.feed(bytes, 0, bytes.length), whole.finish());
        return new String(masked, StandardCharsets.ISO_8859_1);
    }

    ResponseFilter filter() {
        return new Pass();
    }

    /// One body. What may still become a spelling is held back.
    private final class Pass implements ResponseFilter {
        private byte[] held = {};

        @Override
        public byte[] feed(byte[] bytes, int offset, int length) {
            return masked(ResponseRun.concat(held, Arrays.copyOfRange(bytes, offset, offset + length)), false);
        }

        @Override
        public byte[] finish() {
            return masked(held, true);
        }

        private byte[] masked(byte[] text, boolean last) {
            held = new byte[0];
            ByteArrayOutputStream out = null;
            int copied = 0;
            int at = 0;
            int end = text.length;
            while (at < text.length) {
                if (text.length - at < SPELLING_BYTES_MIN) {
                    if (last || !begins(text, at)) {
                        at++;
                        continue;
                    }
                    end = at;
                    break;
                }
                long start = start(text, at);
                int slot = slot(start);
                int length = (filter[slot >> 6] & 1L << slot) == 0 ? 0 : matched(text, at, start, last);
                if (length < 0) {
                    end = at;
                    break;
                }
                if (length == 0) {
                    at++;
                    continue;
                }
                if (out == null) out = new ByteArrayOutputStream(text.length);
                out.write(text, copied, at - copied);
                out.writeBytes(MASK.getBytes(StandardCharsets.US_ASCII));
                at += length;
                copied = at;
            }
            if (end < text.length) held = Arrays.copyOfRange(text, end, text.length);
            if (out == null) return end == text.length ? text : Arrays.copyOf(text, end);
            out.write(text, copied, end - copied);
            return out.toByteArray();
        }

        /// Length of the spelling at a position, 0 for none, -1 when more bytes are needed to tell.
        private int matched(byte[] text, int at, long start, boolean last) {
            for (byte[] spelling : spellings.getOrDefault(start, List.of())) {
                int there = Math.min(spelling.length, text.length - at);
                if (!Arrays.equals(text, at, at + there, spelling, 0, there)) continue;
                if (there == spelling.length) return there;
                if (!last) return -1;
            }
            return 0;
        }

        /// Whether fewer bytes than the table needs may be the beginning of a spelling.
        private boolean begins(byte[] text, int at) {
            for (List<byte[]> list : spellings.values()) {
                for (byte[] spelling : list) {
                    if (Arrays.equals(text, at, text.length, spelling, 0, text.length - at)) return true;
                }
            }
            return false;
        }
    }

    /// Bytes of the longest spelling: no more is ever held back.
    int longest() {
        return longest;
    }
}
