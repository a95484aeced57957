package dev.declaw.guardrails.secrets;

import java.util.ArrayList;
import java.util.List;

/// How much a name promises a secret value: `DB_PASSWORD`, `x-api-key`, `clientSecret`.
enum KeyName {
    /// Says nothing.
    PLAIN,
    /// Names an identifier, a digest or a place: random values under it are no secrets.
    HARMLESS,
    /// May hold a secret (`key`, `auth`, `session`): only a random value counts.
    WEAK,
    /// Holds a secret: any value but a placeholder counts.
    STRONG;

    private static final int CHARS_MAX = 96;
    private static final String[] PASSWORDS = {"password", "passwd", "passphrase", "passcode", "pwd", "pass"};
    private static final String[] STRONG_WORDS = {
        "secret", "apikey", "api_key", "api-key", "access_key", "accesskey", "access-key", "private_key", "privatekey", "private-key",
        "encryption_key", "encryptionkey", "signing_key", "signingkey", "auth_key", "authkey", "master_key", "account_key", "accountkey",
        "credential", "access_token", "accesstoken", "access-token", "auth_token", "authtoken", "auth-token", "refresh_token",
        "bearer", "private_token", "bot_token", "session_key", "stripe_key", "license_key", "licensekey", "connection_string", "_key", "_token",
        "-key", "-token", "_pat", "webhook", "salt", "_dsn", "_pin", "_otp"};
    private static final String[] WEAK_WORDS = {"key", "token", "auth", "authorization", "session", "cookie", "sid", "jwt", "cert", "nonce"};
    private static final String[] HARMLESS_ENDS = {
        "_id", "id", "hash", "sha", "sha1", "sha256", "sha512", "md5", "digest", "checksum", "etag", "commit", "rev", "revision", "integrity",
        "uuid", "guid", "version", "fingerprint", "url", "uri", "path", "file", "filename", "dir", "name", "type", "length", "size",
        "count", "expiry", "expires", "ttl", "header", "field", "image", "data", "class", "href", "src", "tag", "ref", "host", "alg",
        "algorithm", "format", "policy", "public_key", "publickey", "primary_key", "foreign_key", "key_id", "keyid", "_in", "code", "build",
        "user", "username", "email", "prefix", "suffix", "label", "title", "text", "query", "branch", "snapshot", "seed", "resolved", "list", "playlist"};

    /// Words that make a token somebody's bookmark, or a key a matter of tables.
    private static final String[] BOOKMARKS = {
        "page_token", "pagetoken", "page-token", "next_token", "nexttoken", "next-token", "continuation", "cursor", "sync_token", "synctoken", "csrf", "xsrf", "idempotency", "partition",
        "sort_key", "sortkey", "cache_key", "cachekey", "cache-key", "public_", "public-", "publickey", "primary", "foreign", "max_tokens", "pad_token", "eos_token", "bos_token", "unk_token", "mask_token", "stop_token"};

    private static final int PASSWORD = 0;
    private static final int HARMLESS_END = 1;
    private static final int STRONG_PART = 2;
    private static final int WEAK_END = 3;
    private static final int WEAK_ID = 4;
    private static final int BOOKMARK = 5;

    private static final byte[] KIND;
    private static final WordDfa WORDS;

    static {
        List<String> words = new ArrayList<>();
        List<Integer> kinds = new ArrayList<>();
        String[][] groups = {PASSWORDS, HARMLESS_ENDS, STRONG_WORDS, WEAK_WORDS, {"client_id", "access_key_id"}, BOOKMARKS};
        for (int kind = 0; kind < groups.length; kind++) {
            for (String word : groups[kind]) {
                words.add(word);
                kinds.add(kind);
            }
        }
        words.add("password");
        kinds.add(STRONG_PART);
        words.add("passwd");
        kinds.add(STRONG_PART);
        KIND = new byte[words.size()];
        for (int i = 0; i < KIND.length; i++) KIND[i] = kinds.get(i).byteValue();
        WORDS = new WordDfa(words.toArray(String[]::new));
    }

    static KeyName of(char[] text, int start, int end) {
        int length = end - start;
        if (length < 2 || length > CHARS_MAX) return PLAIN;
        Parts parts = new Parts(text, start, end);
        WORDS.find(text, start, end, parts);
        if (parts.password) return STRONG;
        if (parts.weakId) return WEAK;
        if (parts.harmless) return HARMLESS;
        if (parts.strong) return STRONG;
        return parts.weak;
    }

    private static final class Parts implements WordDfa.Hit {
        private final char[] text;
        private final int from;
        private final int to;
        private boolean password;
        private boolean weakId;
        private boolean harmless;
        private boolean strong;
        private KeyName weak = PLAIN;

        Parts(char[] text, int from, int to) {
            this.text = text;
            this.from = from;
            this.to = to;
        }

        @Override
        public boolean at(int word, int start, int end) {
            byte kind = KIND[word];
            if (kind == STRONG_PART) {
                strong = true;
                return false;
            }
            if (kind == BOOKMARK) {
                harmless = true;
                return false;
            }
            if (end != to) return false;
            boolean whole = start == from || boundary(text, start);
            switch (kind) {
                // `compass` and `bypass` are words; `dbPass`, `DB_PASS`, `smtp_pass` are names.
                case PASSWORD -> password |= end - start > 4 || whole;
                case WEAK_ID -> weakId = true;
                case HARMLESS_END -> harmless |= whole;
                case WEAK_END -> {
                    if (whole) weak = start > from && Chars.lower(text[start]) != 'n' ? STRONG : WEAK;
                }
                default -> throw new IllegalStateException("no such kind");
            }
            return false;
        }
    }

    private static boolean boundary(char[] text, int at) {
        if (at == 0) return true;
        byte before = Chars.of(text[at - 1]);
        byte here = Chars.of(text[at]);
        return here == Chars.JOINT || before == Chars.JOINT || before == Chars.OTHER || before == Chars.DIGIT || before == Chars.LOWER && here == Chars.UPPER;
    }
}
