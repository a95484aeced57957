package dev.declaw.egress.http;

/// The character classes of RFC 9110 §5.6 and RFC 3986, one bit each, looked up by byte.
final class Grammar {
    private static final byte TOKEN = 1;
    private static final byte VALUE = 2;
    private static final byte TARGET = 4;
    private static final byte METHOD = 8;
    private static final byte[] CLASSES = new byte[256];

    static {
        for (int c = 0; c < 256; c++) {
            boolean letterOrDigit = c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z';
            if (letterOrDigit || c < 128 && "!#$%&'*+-.^_`|~".indexOf(c) >= 0) CLASSES[c] |= TOKEN;
            if (c == '\t' || c >= 0x20 && c != 0x7f) CLASSES[c] |= VALUE;
            // A fragment is never sent (RFC 9112 §3.2); everything else that is visible ASCII is, and origins cope.
            if (c > 0x20 && c < 0x7f && c != '#') CLASSES[c] |= TARGET;
            if (c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') CLASSES[c] |= METHOD;
        }
    }

    private Grammar() {}

    static boolean isToken(byte[] bytes, int from, int to) {
        return from < to && all(bytes, from, to, TOKEN);
    }

    /// Field values, reason phrases and chunk extensions: visible ASCII, obs-text, space and tab.
    static boolean isText(byte[] bytes, int from, int to) {
        return all(bytes, from, to, VALUE);
    }

    static boolean isTarget(byte[] bytes, int from, int to) {
        return from < to && all(bytes, from, to, TARGET);
    }

    /// Methods are case-sensitive (RFC 9110 §9.1) and all registered ones are upper-case; `get` is a trick.
    static boolean isMethod(byte[] bytes, int from, int to) {
        return from < to && all(bytes, from, to, METHOD);
    }

    static int hexDigit(byte b) {
        if (b >= '0' && b <= '9') return b - '0';
        if (b >= 'a' && b <= 'f') return b - 'a' + 10;
        if (b >= 'A' && b <= 'F') return b - 'A' + 10;
        return -1;
    }

    private static boolean all(byte[] bytes, int from, int to, byte wanted) {
        for (int i = from; i < to; i++) {
            if ((CLASSES[bytes[i] & 255] & wanted) == 0) return false;
        }
        return true;
    }
}
