package dev.declaw.egress.content;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What a body's bytes are as text. The declared charset is a hint: a byte order mark, NUL patterns and strict decoding
/// decide, and the bytes come back exactly from the text.
sealed interface BodyText {
    /// Text that can be edited and encoded again.
    ///
    /// @param text without the byte order mark
    /// @param mark the byte order mark, or empty
    /// @param alsoBytes whether the bytes themselves read as text too, so that both readings must be scanned
    record Text(String text, Charset charset, byte[] mark, boolean alsoBytes) implements BodyText {
        byte[] encode(String edited) {
            byte[] encoded = edited.getBytes(charset);
            byte[] out = Arrays.copyOf(mark, mark.length + encoded.length);
            System.arraycopy(encoded, 0, out, mark.length, encoded.length);
            return out;
        }
    }

    /// No text; its ASCII stretches can be read but not changed.
    record Binary() implements BodyText {}

    /// A charset that cannot be judged.
    record Unknown() implements BodyText {}

    /// Names as people declare them, for charsets in which ASCII patterns could hide otherwise.
    Map<String, Charset> DECLARABLE = Map.ofEntries(
            Map.entry("utf-8", StandardCharsets.UTF_8),
            Map.entry("utf8", StandardCharsets.UTF_8),
            Map.entry("us-ascii", StandardCharsets.UTF_8),
            Map.entry("ascii", StandardCharsets.UTF_8),
            Map.entry("iso-8859-1", StandardCharsets.ISO_8859_1),
            Map.entry("latin1", StandardCharsets.ISO_8859_1),
            Map.entry("iso-8859-15", StandardCharsets.ISO_8859_1),
            Map.entry("windows-1252", StandardCharsets.ISO_8859_1),
            Map.entry("cp1252", StandardCharsets.ISO_8859_1),
            Map.entry("utf-16", StandardCharsets.UTF_16BE),
            Map.entry("utf-16le", StandardCharsets.UTF_16LE),
            Map.entry("utf-16be", StandardCharsets.UTF_16BE));

    /// Further charsets that keep ASCII, by the names that people declare. What they hold is judged as the receiver reads it;
    /// bytes that do not come back exactly from the text are binary. Shift_JIS is not among them: readers disagree on what its
    /// `\` and `~` are.
    Set<String> REGIONAL = Set.of(
            "windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1255", "windows-1256", "windows-1257",
            "windows-1258", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8",
            "iso-8859-9", "iso-8859-13", "koi8-r", "koi8-u", "euc-jp", "gbk", "gb2312", "gb18030", "big5", "euc-kr",
            "tis-620", "macintosh");

    static BodyText of(byte[] body, String contentType) {
        String declared = charsetOf(contentType);
        if (starts(body, 0xff, 0xfe, 0, 0)) return strict(body, 4, Charset.forName("UTF-32LE"), true);
        if (starts(body, 0, 0, 0xfe, 0xff)) return strict(body, 4, Charset.forName("UTF-32BE"), true);
        if (starts(body, 0xef, 0xbb, 0xbf)) return strict(body, 3, StandardCharsets.UTF_8, false);
        if (starts(body, 0xff, 0xfe)) return strict(body, 2, StandardCharsets.UTF_16LE, true);
        if (starts(body, 0xfe, 0xff)) return strict(body, 2, StandardCharsets.UTF_16BE, true);
        if (declared.equals("utf-32le")) return strict(body, 0, Charset.forName("UTF-32LE"), true);
        if (declared.equals("utf-32be")) return strict(body, 0, Charset.forName("UTF-32BE"), true);
        if (REGIONAL.contains(declared) && Charset.isSupported(declared)) return regional(body, Charset.forName(declared));
        if (!declared.isEmpty() && !DECLARABLE.containsKey(declared)) return new Unknown();
        Charset hint = DECLARABLE.getOrDefault(declared, StandardCharsets.UTF_8);
        if (hint.equals(StandardCharsets.UTF_16LE) || hint.equals(StandardCharsets.UTF_16BE)) {
            return strict(body, 0, hint, true);
        }
        Optional<Charset> wide = wideByNuls(body);
        if (wide.isPresent()) return strict(body, 0, wide.get(), true);
        BodyText utf8 = strict(body, 0, StandardCharsets.UTF_8, false);
        if (utf8 instanceof Text || !hint.equals(StandardCharsets.ISO_8859_1)) return utf8;
        return strict(body, 0, StandardCharsets.ISO_8859_1, false);
    }

    private static BodyText regional(byte[] body, Charset charset) {
        BodyText read = strict(body, 0, charset, false);
        boolean exact = read instanceof Text text && Arrays.equals(text.text().getBytes(charset), body);
        return exact ? read : new Binary();
    }

    private static BodyText strict(byte[] body, int markBytes, Charset charset, boolean alsoBytes) {
        try {
            ByteBuffer rest = ByteBuffer.wrap(body, markBytes, body.length - markBytes);
            String text = charset.newDecoder().decode(rest).toString();
            return new Text(text, charset, Arrays.copyOf(body, markBytes), alsoBytes);
        } catch (CharacterCodingException e) {
            // Not of this charset after all: its bytes are still looked through.
            return new Binary();
        }
    }

    /// ASCII in UTF-16 has a NUL in every other byte.
    private static Optional<Charset> wideByNuls(byte[] body) {
        int sample = Math.min(body.length & ~1, 512);
        if (sample < 4) return Optional.empty();
        int even = 0;
        int odd = 0;
        for (int i = 0; i < sample; i += 2) {
            if (body[i] == 0) even++;
            if (body[i + 1] == 0) odd++;
        }
        int many = sample / 2 * 2 / 5;
        if (odd > many && even <= many / 4) return Optional.of(StandardCharsets.UTF_16LE);
        if (even > many && odd <= many / 4) return Optional.of(StandardCharsets.UTF_16BE);
        return Optional.empty();
    }

    private static boolean starts(byte[] body, int... mark) {
        if (body.length < mark.length) return false;
        for (int i = 0; i < mark.length; i++) {
            if ((body[i] & 255) != mark[i]) return false;
        }
        return true;
    }

    private static String charsetOf(String contentType) {
        String charset = parameter(contentType, "charset");
        return charset.toLowerCase(Locale.ROOT);
    }

    /// A parameter of a media type (RFC 9110 §5.6.6), unquoted; empty when absent. Of repeated ones the first counts.
    static String parameter(String contentType, String name) {
        int at = contentType.indexOf(';');
        while (at >= 0) {
            int end = at + 1;
            boolean quoted = false;
            while (end < contentType.length() && (quoted || contentType.charAt(end) != ';')) {
                if (contentType.charAt(end) == '"') quoted = !quoted;
                end++;
            }
            String parameter = contentType.substring(at + 1, end).strip();
            int equals = parameter.indexOf('=');
            if (equals > 0 && parameter.substring(0, equals).strip().equalsIgnoreCase(name)) {
                return parameter.substring(equals + 1).strip().replace("\"", "");
            }
            at = end < contentType.length() ? end : -1;
        }
        return "";
    }
}
