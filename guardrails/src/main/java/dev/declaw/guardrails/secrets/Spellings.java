package dev.declaw.guardrails.secrets;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// The forms in which a known value may leave: plain, base64 and base64url at each of the three alignments, hex in both cases, percent-encoded,
/// JSON-escaped. The split form is read by [KnownValues] itself.
final class Spellings {
    private static final int CORE_CHARS_MIN = 8;

    /// One spelling.
    ///
    /// @param slack neighbouring base64 characters that carry bits of the value, too
    record Spelling(String text, int slack) {}

    private Spellings() {}

    static List<Spelling> of(String value) {
        Set<String> exact = new LinkedHashSet<>();
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        exact.add(value);
        exact.add(HexFormat.of().formatHex(bytes));
        exact.add(HexFormat.of().withUpperCase().formatHex(bytes));
        exact.add(percent(bytes, false, true));
        exact.add(percent(bytes, false, false));
        exact.add(percent(bytes, true, true));
        exact.add(percent(bytes, true, false));
        exact.add(percent(bytes, false, true).replace("%20", "+"));
        exact.add(json(value, false));
        exact.add(json(value, true));
        List<Spelling> all = new ArrayList<>();
        exact.forEach(text -> all.add(new Spelling(text, 0)));
        for (int alignment = 0; alignment < 3; alignment++) {
            String core = core(bytes, alignment);
            if (core.length() < CORE_CHARS_MIN) continue;
            all.add(new Spelling(core, 2));
            String url = core.replace('+', '-').replace('/', '_');
            if (!url.equals(core)) all.add(new Spelling(url, 2));
        }
        return all;
    }

    /// The base64 characters that depend on the value alone when that many bytes stand before it (mod 3).
    private static String core(byte[] bytes, int before) {
        byte[] padded = new byte[before + bytes.length];
        System.arraycopy(bytes, 0, padded, before, bytes.length);
        String encoded = Base64.getEncoder().withoutPadding().encodeToString(padded);
        int from = (before * 8 + 5) / 6;
        int to = padded.length * 8 / 6;
        return from < to ? encoded.substring(from, to) : "";
    }

    private static String percent(byte[] bytes, boolean everything, boolean upper) {
        StringBuilder out = new StringBuilder();
        HexFormat hex = upper ? HexFormat.of().withUpperCase() : HexFormat.of();
        for (byte b : bytes) {
            char c = (char) (b & 0xFF);
            boolean plain = Chars.token(c) || c == '.' || c == '~';
            if (plain && !everything) out.append(c);
            else out.append('%').append(hex.toHexDigits(b));
        }
        return out.toString();
    }

    /// RFC 8259 §7; some writers escape the slash, too.
    private static String json(String value, boolean slash) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '/' -> out.append(slash ? "\\/" : "/");
                default -> {
                    if (c < ' ' || slash && c > 0x7E) out.append(String.format("\\u%04x", (int) c));
                    else out.append(c);
                }
            }
        }
        return out.toString();
    }
}
