package dev.declaw.guardrails.encoder;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/// Takes disguises off a copy of a text: invisible characters, look-alike letters, letters set apart, digits for letters,
/// and base64, hexadecimal and percent encoding, also inside one another. The text itself is never changed. Linear in its
/// length, within the limits below.
public final class Unmasking {
    /// Decoding inside decoded text goes no deeper.
    static final int DEPTH_MAX = 3;

    /// All decoded characters together; later runs are left encoded.
    static final int DECODED_CHARS_MAX = 65_536;

    /// Encoded runs looked at in one text.
    static final int RUNS_MAX = 64;

    private static final int BASE64_RUN_MIN = 20;
    private static final int HEX_RUN_MIN = 24;
    private static final int PERCENT_RUN_MIN = 5;
    private static final int SPACED_LETTERS_MIN = 6;
    private static final int LEET_WORDS_MIN = 2;

    /// Cyrillic and Greek letters and the Latin ones they are taken for.
    private static final String ALIKE = "аеорсухіјѕԁһӏвкмнтАВЕКМНОРСТУХІЈЅαορυνικτΑΒΕΗΙΚΜΝΟΡΤΥΧΖ";
    private static final String LATIN = "aeopcyxijsdhlbkmhtABEKMHOPCTYXIJSaopuviktABEHIKMNOPTYXZ";

    private final List<PlainText> found = new ArrayList<>();
    private int decoded;
    private int runs;

    private Unmasking() {}

    /// The readable copy first, then whatever was hidden in the text.
    public static List<PlainText> of(String text) {
        Unmasking unmasking = new Unmasking();
        PlainText plain = fold(text);
        unmasking.found.add(plain);
        String tagged = tagged(text);
        if (tagged.length() >= 4) unmasking.found.add(new PlainText(tagged, "hidden", null, 0, text.length()));
        String letters = letters(plain.text());
        if (letters != null) unmasking.found.add(new PlainText(letters, "letters", null, 0, text.length()));
        unmasking.decode(plain, 1);
        return List.copyOf(unmasking.found);
    }

    /// NFKC, without invisible characters, look-alikes in mixed words made Latin, `\n` and `\"` of JSON undone.
    private static PlainText fold(String text) {
        boolean same = true;
        for (int i = 0; i < text.length() && same; i++) same = text.charAt(i) < 0x80 && text.charAt(i) != '\\';
        if (same) return new PlainText(text, "text", null, 0, text.length());
        StringBuilder out = new StringBuilder(text.length());
        int[] origin = new int[text.length() + 16];
        for (int i = 0; i < text.length(); ) {
            int point = text.codePointAt(i);
            int width = Character.charCount(point);
            int before = out.length();
            if (point == '\\' && i + 1 < text.length()) width = unescape(text, i, out);
            else if (point < 0x80) out.append((char) point);
            else if (!invisible(point)) out.append(point < 0x300 || Character.isIdeographic(point) ? Character.toString(point) : Normalizer.normalize(Character.toString(point), Normalizer.Form.NFKC));
            if (out.length() > origin.length) origin = Arrays.copyOf(origin, out.length() * 2);
            Arrays.fill(origin, before, out.length(), i);
            i += width;
        }
        alike(out);
        return new PlainText(out.toString(), "text", Arrays.copyOf(origin, out.length()), 0, text.length());
    }

    private static int unescape(String text, int i, StringBuilder out) {
        char c = text.charAt(i + 1);
        switch (c) {
            case 'n', 'r', 't' -> out.append(c == 't' ? ' ' : '\n');
            case '"', '/', '\\' -> out.append(c);
            case 'u' -> {
                int unit = i + 6 <= text.length() ? hex(text, i + 2, 4) : -1;
                if (unit < 0) {
                    out.append('\\');
                    return 1;
                }
                if (!invisible(unit)) out.append((char) unit);
                return 6;
            }
            default -> {
                out.append('\\');
                return 1;
            }
        }
        return 2;
    }

    private static int hex(String text, int from, int digits) {
        int value = 0;
        for (int i = from; i < from + digits; i++) {
            int digit = Character.digit(text.charAt(i), 16);
            if (digit < 0) return -1;
            value = value << 4 | digit;
        }
        return value;
    }

    private static boolean invisible(int point) {
        return point == 0xad || point == 0x34f || point == 0x61c || point == 0x115f || point == 0x1160 || point == 0x3164 || point == 0xfeff || point == 0xffa0
                || point >= 0x180b && point <= 0x180e || point >= 0x200b && point <= 0x200f || point >= 0x202a && point <= 0x202e || point >= 0x2060 && point <= 0x206f
                || point >= 0xfe00 && point <= 0xfe0f || point >= 0xe0000 && point <= 0xe0fff;
    }

    private static void alike(StringBuilder text) {
        for (int start = 0; start < text.length(); start++) {
            if (!Character.isLetter(text.charAt(start))) continue;
            int end = start;
            boolean latin = false;
            boolean other = false;
            for (; end < text.length() && Character.isLetter(text.charAt(end)); end++) {
                if (text.charAt(end) < 0x80) latin = true;
                else if (ALIKE.indexOf(text.charAt(end)) >= 0) other = true;
            }
            for (int i = start; i < end && latin && other; i++) {
                int index = ALIKE.indexOf(text.charAt(i));
                if (index >= 0) text.setCharAt(i, LATIN.charAt(index));
            }
            start = end;
        }
    }

    private static String tagged(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i + 1 < text.length() && out.length() < DECODED_CHARS_MAX; i++) {
            if (text.charAt(i) != '\udb40') continue;
            int point = text.codePointAt(i);
            if (point >= 0xe0020 && point <= 0xe007e) out.append((char) (point - 0xe0000));
        }
        return out.toString();
    }

    /// The text with `i g n o r e` joined and `1gn0r3` spelt out, or null when there was nothing of the kind.
    private static String letters(String text) {
        String joined = joined(text);
        StringBuilder out = new StringBuilder(joined);
        int words = 0;
        for (int start = 0; start < out.length(); start++) {
            if (!leetPart(out.charAt(start))) continue;
            int end = start;
            int letters = 0;
            int digits = 0;
            int capitals = 0;
            for (; end < out.length() && leetPart(out.charAt(end)); end++) {
                if (LEET.indexOf(out.charAt(end)) >= 0) digits++;
                else letters++;
                if (end > start && Character.isUpperCase(out.charAt(end))) capitals++;
            }
            boolean alone = (start == 0 || !Character.isLetterOrDigit(out.charAt(start - 1))) && (end == out.length() || !Character.isLetterOrDigit(out.charAt(end)));
            boolean written = alone && (capitals == 0 || capitals + 1 >= letters);
            if (written && digits > 0 && letters > 0 && end - start >= 3 && end - start <= 20 && digits <= letters * 2) {
                words++;
                for (int i = start; i < end; i++) {
                    int index = LEET.indexOf(out.charAt(i));
                    if (index >= 0) out.setCharAt(i, SPELT.charAt(index));
                }
            }
            start = end;
        }
        if (words >= LEET_WORDS_MIN) return out.toString();
        return joined.equals(text) ? null : joined;
    }

    private static final String LEET = "01345789@$";
    private static final String SPELT = "oieast" + "bgas";

    private static boolean leetPart(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || LEET.indexOf(c) >= 0;
    }

    private static String joined(String text) {
        StringBuilder out = null;
        int copied = 0;
        for (int i = 0; i + 2 * SPACED_LETTERS_MIN - 1 <= text.length(); i++) {
            if (!Character.isLetterOrDigit(text.charAt(i)) || i > 0 && Character.isLetterOrDigit(text.charAt(i - 1))) continue;
            StringBuilder run = new StringBuilder();
            int end = spaced(text, i, run);
            if (run.length() < SPACED_LETTERS_MIN) continue;
            if (out == null) out = new StringBuilder();
            out.append(text, copied, i).append(run);
            copied = end;
            i = end;
        }
        return out == null ? text : out.append(text, copied, text.length()).toString();
    }

    /// Reads single letters set apart by one separator; two or more spaces end a word. Returns where the run ends.
    private static int spaced(String text, int from, StringBuilder run) {
        int i = from;
        while (i < text.length() && Character.isLetterOrDigit(text.charAt(i))) {
            run.append(text.charAt(i++));
            int gap = i;
            while (gap < text.length() && gap - i < 4 && separator(text.charAt(gap))) gap++;
            boolean single = gap < text.length() && Character.isLetterOrDigit(text.charAt(gap)) && (gap + 1 == text.length() || !Character.isLetterOrDigit(text.charAt(gap + 1)));
            if (gap == i || !single) return i;
            if (gap - i > 1) run.append(' ');
            i = gap;
        }
        return i;
    }

    private static boolean separator(char c) {
        return c == ' ' || c == '.' || c == '-' || c == '_' || c == '*' || c == '|';
    }

    private void decode(PlainText plain, int depth) {
        String text = plain.text();
        for (int i = 0, word = 0; i < text.length() && runs < RUNS_MAX && decoded < DECODED_CHARS_MAX; i++) {
            char c = text.charAt(i);
            int start = i;
            int end = i;
            String opened = null;
            String how = "base64";
            if (c == '%') {
                // The word before the first escape belongs to the run.
                start = word;
                end = percentRun(text, i);
                how = "percent";
                if (end > i) opened = percent(text.substring(start, end));
            } else if (base64(c)) {
                end = i + 1;
                boolean digits = hexDigit(c);
                for (; end < text.length() && base64(text.charAt(end)); end++) digits &= hexDigit(text.charAt(end));
                if (digits && end - i >= HEX_RUN_MIN && (end - i) % 2 == 0) {
                    how = "hex";
                    opened = readable(HexFormat.of().parseHex(text, i, end));
                } else if (end - i >= BASE64_RUN_MIN) {
                    opened = base64(text.substring(i, end));
                }
            } else {
                word = i + 1;
                continue;
            }
            if (opened != null) {
                runs++;
                decoded += opened.length();
                PlainText inner = new PlainText(opened, how, null, plain.at(start), plain.endAt(end));
                found.add(inner);
                if (depth < DEPTH_MAX) decode(inner, depth + 1);
            }
            if (opened != null || c == '%') word = Math.max(end, i + 1);
            i = Math.max(i, end - 1);
        }
    }

    private static boolean base64(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_';
    }

    private static boolean hexDigit(char c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
    }

    private static String base64(String run) {
        if (run.length() % 4 == 1) return null;
        try {
            return readable(Base64.getDecoder().decode(run.replace('-', '+').replace('_', '/')));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /// Where a run of percent escapes with ordinary URL characters between them ends; the start when there are too few.
    private static int percentRun(String text, int from) {
        int i = from;
        int escapes = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (c == '%' && i + 2 < text.length() && hex(text, i + 1, 2) >= 0) {
                escapes++;
                i += 3;
            } else if (base64(c) || c == '.' || c == ',' || c == '!' || c == '\'' || c == '~' || c == '(' || c == ')') {
                i++;
            } else {
                break;
            }
        }
        return escapes >= PERCENT_RUN_MIN ? i : from;
    }

    private static String percent(String run) {
        byte[] out = new byte[run.length() * 3];
        int length = 0;
        for (int i = 0; i < run.length(); i++) {
            char c = run.charAt(i);
            if (c == '%' && i + 2 < run.length() && hex(run, i + 1, 2) >= 0) {
                out[length++] = (byte) hex(run, i + 1, 2);
                i += 2;
            } else if (c < 0x80) {
                out[length++] = (byte) c;
            } else {
                return null;
            }
        }
        return readable(Arrays.copyOf(out, length));
    }

    /// The bytes as text, if they look written: valid UTF-8, nearly all letters, spaces and punctuation.
    private static String readable(byte[] bytes) {
        if (bytes.length < 8 || bytes.length > DECODED_CHARS_MAX) return null;
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
        int fine = 0;
        int controls = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' && c != '\n' && c != '\t' && c != '\r') return null;
            if (Character.isLetter(c) || c == ' ') fine++;
            else if (c >= 0x7f && c < 0xa0) controls++;
        }
        return controls == 0 && fine * 10 >= text.length() * 6 ? text : null;
    }
}
