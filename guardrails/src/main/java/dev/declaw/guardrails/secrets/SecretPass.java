package dev.declaw.guardrails.secrets;

import dev.declaw.guardrails.Anchors;

/// One pass of [SecretScanner] over one text.
final class SecretPass implements Anchors.Visitor {
    private static final int RANDOM_CHARS_MIN = 14;
    private static final int PROSE_CHARS_MIN = 20;
    private static final int CONTEXT_CHARS = 40;
    private static final int PROVIDER_CHARS_MIN = 12;
    static final int PEM_CHARS_MAX = 16_384;
    private static final int TRIES_IN_RUN_MAX = 8;
    /// Shorter runs are no keys by themselves.
    private static final int LONG_CHARS_MIN = 8;

    private static final byte NOTHING = 0;
    private static final byte OPERATOR = 1;
    private static final byte SPACE = 2;
    private static final byte DOT = 3;
    private static final byte[] NEXT = new byte[128];

    static {
        for (char c : "=:>\"'`]\\".toCharArray()) NEXT[c] = OPERATOR;
        for (char c : " \t".toCharArray()) NEXT[c] = SPACE;
        for (char c : "./~".toCharArray()) NEXT[c] = DOT;
    }

    private static final int BRAND_CHARS_MAX = 14;
    private static final int BRANDED_CHARS_MIN = 32;
    private static final WordDfa KEY_BRANDS = new WordDfa("key", "pat_", "pat-", "sk-", "sk_", "tok", "secret", "api", "live", "test_", "prod");
    private static final WordDfa ID_BRANDS = new WordDfa(
        "req", "msg", "chatcmpl", "cus_", "evt", "sub_", "pi_", "ch_", "id_", "id-", "trace", "run", "thread", "asst", "file", "call", "tool", "resp", "sha", "etag", "img", "css", "hash", "chunk", "main", "index", "job", "user", "org", "acct", "price", "prod_", "sess", "conv", "doc", "data", "node", "pkg", "commit", "build", "version", "uuid");
    private static final WordDfa CONTEXT_WORDS = new WordDfa("key", "token", "secret", "password", "credential", "auth", "api", "bearer");

    private final char[] text;
    private final int length;
    private final boolean examples;
    private final SecretScanner.Sink sink;
    private int done;
    private int found;

    /// End of the run of [Chars#extended] characters that was walked last, and how many credentials were looked for in it: so that
    /// `eyJ.eyJ.eyJ.` stays linear.
    private int runEnd;
    private int triesInRun;

    /// The same for values: `token=token=token=`.
    private int valueEnd;
    private int triesInValue;

    /// The same for random values: `a1+a1+a1+`.
    private int randomEnd;
    private int triesOfRandom;

    /// @param examples whether the example keys of documentations (`AKIA…EXAMPLE`) count, too
    SecretPass(char[] text, int length, boolean examples, SecretScanner.Sink sink) {
        this.text = text;
        this.length = length;
        this.examples = examples;
        this.sink = sink;
    }

    /// How many secrets were found.
    int found() {
        return found;
    }

    /// Looks at a run of identifier characters where something may come of it: it is long, or what follows may assign a value to it, or it may
    /// begin a phrase such as `Bearer …`. Runs come in the order of the text.
    @Override
    public void run(int runStart, int end) {
        if (end <= done) return;
        int start = Math.max(runStart, done);
        int count = end - start;
        char c = end < length ? text[end] : 0;
        byte next = c < 128 ? NEXT[c] : NOTHING;
        if (next == SPACE && !phrase(start, end)) next = NOTHING;
        boolean look = switch (next) {
            case OPERATOR, SPACE -> count >= 2;
            // A word alone is no key; one that goes on over a dot is when a provider's keys begin so.
            case DOT -> count >= LONG_CHARS_MIN || dotted(start, end);
            default -> count >= RANDOM_CHARS_MIN || count >= LONG_CHARS_MIN && holds(start, end, Chars.DIGIT);
        };
        if (!look) return;
        token(start, end);
    }

    @Override
    public void trigger(int at, char c) {
        // none asked for
    }

    @Override
    public void word(int id, int start, int end) {
        // none asked for
    }

    private boolean holds(int start, int end, byte kind) {
        for (int i = start; i < end; i++) if (Chars.of(text[i]) == kind) return true;
        return false;
    }

    private boolean dotted(int start, int end) {
        if (end + 1 >= length || end - start > 1 && !Chars.token(text[end + 1])) return false;
        return holds(start, end, Chars.JOINT) || Providers.mayBegin(text[start], start + 1 < length ? text[start + 1] : 0) || text[start] == 'e';
    }

    /// Whether a run with a space behind it may name a value: an operator, a flag, an authentication scheme, `ENV NAME value`, `name value="…"`.
    private boolean phrase(int start, int end) {
        char after = end + 1 < length ? text[end + 1] : 0;
        if (after < 128 && (NEXT[after] == OPERATOR || NEXT[after] == SPACE) || after == 'v' || text[start] == '-') return true;
        char first = Chars.lower(text[start]);
        int count = end - start;
        if ((first == 'b' || first == 't') && (count == 5 || count == 6)) return true;
        if (first == 'p' && count == 8) return true;
        return start >= 4 && text[start - 1] == ' ' && (text[start - 2] == 'V' || text[start - 2] == 'v');
    }

    private void token(int start, int end) {
        int count = end - start;
        char next = end < length ? text[end] : 0;
        boolean dotted = (next == '.' || next == '/' || next == '~') && end + 1 < length && Chars.token(text[end + 1]);
        if ((count >= PROVIDER_CHARS_MIN || dotted) && provider(start, end)) return;
        if (next == ':' && end + 2 < length && text[end + 1] == '/' && text[end + 2] == '/') {
            if (!webhook(start, end + 3)) userInformation(end + 3);
            return;
        }
        if (count >= 10 && text[start] == '-' && Chars.wordAt(text, start, length, "-----begin")) {
            privateKey(start);
            return;
        }
        if (next == ':' && botToken(start, end)) return;
        if (named(start, end, next)) return;
        if (count >= 8) random(start, end);
    }

    /// At the start of a run and after each joint in it: `token_ghp_…`.
    private boolean provider(int start, int end) {
        if (start >= runEnd) {
            int limit = Math.min(length, start + SecretScanner.VALUE_CHARS_MAX);
            runEnd = end;
            while (runEnd < limit && Chars.extended(text[runEnd])) runEnd++;
            triesInRun = 0;
        } else if (++triesInRun > TRIES_IN_RUN_MAX) {
            return false;
        }
        int reach = Math.min(end, start + 64);
        for (int at = start; at < reach; at++) {
            if (at > start && Chars.of(text[at - 1]) != Chars.JOINT) continue;
            int stop = Providers.match(text, at, length, examples);
            if (stop > at) {
                boolean checked = Providers.gitHubChecksum(text, at, stop);
                return add(at, stop, checked ? 1 : 0.97);
            }
        }
        if (text[start] == 'e' && text[start + 1] == 'y' && end - start >= 12) return webToken(start);
        return false;
    }

    /// Three base64url parts (RFC 7519).
    private boolean webToken(int start) {
        int dots = 0;
        int i = start;
        int limit = Math.min(length, start + SecretScanner.VALUE_CHARS_MAX);
        while (i < limit && (Chars.extended(text[i]) && text[i] != ':' && text[i] != '|' || text[i] == '\\')) {
            if (text[i] == '.') dots++;
            i++;
        }
        return dots >= 2 && i - start >= 40 && add(start, i, 0.95);
    }

    /// A number, a colon and 35 characters: the bots of Telegram.
    private boolean botToken(int start, int end) {
        int from = start;
        while (from < end && Chars.of(text[from]) != Chars.DIGIT) from++;
        if (end - from < 8 || end - from > 10 || from - start != 0 && from - start != 3) return false;
        for (int i = from; i < end; i++) if (Chars.of(text[i]) != Chars.DIGIT) return false;
        int stop = end + 1;
        while (stop < length && stop - end <= 40 && Chars.token(text[stop])) stop++;
        return stop - end - 1 >= 34 && stop - end - 1 <= 36 && Randomness.random(text, end + 1, stop, false) && add(from, stop, 0.95);
    }

    private boolean named(int start, int end, char next) {
        boolean flag = text[start] == '-' && end - start > 4 && text[start + 1] == '-';
        boolean space = next == ' ' || next == '\t';
        int after = Values.afterOperator(text, end, length);
        boolean environment = false;
        if (after < 0) {
            if (space && commandLine(start, end)) return true;
            if (!space || !flag && !docker(start) && !netrc(start, end)) return scheme(start, end, next);
            after = end + 1;
            environment = !flag;
        }
        KeyName strength = KeyName.of(text, start, end);
        if (strength == KeyName.PLAIN || strength == KeyName.HARMLESS) return false;
        environment |= upper(start, end) && next == '=' || next == ':' && lineStart(start);
        if (after >= length) return false;
        if (after >= valueEnd) triesInValue = 0;
        else if (++triesInValue > TRIES_IN_RUN_MAX) return false;
        int stop = Values.end(text, after, length);
        valueEnd = Math.max(valueEnd, stop);
        if (scheme(text, after, stop)) {
            after = stop + 1;
            if (after >= length) return false;
            stop = Values.end(text, after, length);
        }
        if (stop <= after) return false;
        after = behindName(after, stop);
        if (prefixed(after, stop)) return false;
        boolean secret = strength == KeyName.STRONG
                ? Values.secret(text, after, stop, environment, examples)
                : stop - after >= 16 && !Randomness.digest(text, after, stop) && !Values.placeholder(text, after, stop, examples) && Randomness.random(text, after, stop, true);
        return secret && add(after, stop, strength == KeyName.STRONG ? 0.92 : 0.75);
    }

    /// `session=…` of a cookie: its value begins behind the name.
    private int behindName(int start, int stop) {
        int i = start;
        while (i < stop && i - start < 32 && (Chars.of(text[i]) == Chars.LOWER || Chars.of(text[i]) == Chars.UPPER || text[i] == '_' || text[i] == '-')) i++;
        return i > start + 1 && i + 8 < stop && text[i] == '=' ? i + 1 : start;
    }

    /// `login name password value` of netrc files.
    private boolean netrc(int start, int end) {
        return end - start == 8 && Chars.wordAt(text, start, end, "password") && Chars.contains(text, Math.max(0, start - CONTEXT_CHARS), start, "login ");
    }

    /// `mysql -pVALUE`, `sshpass -p VALUE`, `curl -u name:VALUE`.
    private boolean commandLine(int start, int end) {
        if (text[start] != '-' || end - start < 2) return false;
        char flag = text[start + 1];
        int from = Math.max(0, start - CONTEXT_CHARS);
        int value = -1;
        if (flag == 'p' && end - start > 7 && (Chars.contains(text, from, start, "mysql") || Chars.contains(text, from, start, "mariadb"))) value = start + 2;
        if (flag == 'p' && end - start == 2 && Chars.contains(text, from, start, "sshpass")) value = end + 1;
        if (flag == 'u' && end - start == 2 && Chars.contains(text, from, start, "curl")) {
            value = end + 1;
            int limit = Math.min(length, end + 64);
            while (value < limit && text[value] != ':' && text[value] > ' ') value++;
            if (value >= limit || text[value] != ':') return false;
            value++;
        }
        if (value < 0 || value >= length) return false;
        if (text[value] == '"' || text[value] == '\'') value++;
        int stop = Values.end(text, value, length);
        return stop > value && Values.secret(text, value, stop, true, examples) && add(value, stop, 0.85);
    }

    /// A provider's own credential, or an address with one, is better read by its own rule.
    private boolean prefixed(int start, int end) {
        if (Providers.match(text, start, length, examples) > 0) return true;
        for (int i = start; i + 2 < Math.min(end, start + 12); i++) {
            if (text[i] == ':' && text[i + 1] == '/' && text[i + 2] == '/') return true;
        }
        return false;
    }

    static boolean scheme(char[] text, int start, int end) {
        int count = end - start;
        return count == 6 && Chars.wordAt(text, start, end, "bearer") || count == 5 && (Chars.wordAt(text, start, end, "basic") || Chars.wordAt(text, start, end, "token"));
    }

    /// `Bearer …`, `Basic …` (RFC 9110 §11.4).
    private boolean scheme(int start, int end, char next) {
        if (next != ' ' || !scheme(text, start, end) || end - start == 5 && Chars.lower(text[start]) == 't') return false;
        int stop = Values.end(text, end + 1, length);
        return stop - end > 12 && !prefixed(end + 1, stop) && !Values.placeholder(text, end + 1, stop, examples)
                && Randomness.random(text, end + 1, stop, false) && add(end + 1, stop, 0.9);
    }

    /// `ENV NAME value` of a Dockerfile.
    private boolean docker(int start) {
        return start >= 4 && text[start - 1] == ' ' && Chars.wordAt(text, start - 4, start, "env") && (start == 4 || text[start - 5] == '\n');
    }

    private boolean lineStart(int start) {
        int i = start - 1;
        while (i >= 0 && i > start - 24 && (text[i] == ' ' || text[i] == '-')) i--;
        return i < 0 || text[i] == '\n';
    }

    private boolean upper(int start, int end) {
        for (int i = start; i < end; i++) if (Chars.of(text[i]) == Chars.LOWER) return false;
        return true;
    }

    /// Addresses that let anyone post: chat webhooks carry their secret in the path.
    private boolean webhook(int start, int host) {
        int hostEnd = host;
        int limit = Math.min(length, host + 64);
        while (hostEnd < limit && (Chars.token(text[hostEnd]) || text[hostEnd] == '.')) hostEnd++;
        boolean slack = Chars.wordAt(text, host, hostEnd, "hooks") && Chars.contains(text, host, hostEnd, "slack");
        boolean others = Chars.contains(text, host, hostEnd, "webhook.office.com")
                || Chars.contains(text, host, hostEnd, "discord") && Chars.contains(text, hostEnd, Math.min(length, hostEnd + 16), "/webhooks/");
        if (!slack && !others) return false;
        int end = hostEnd;
        limit = Math.min(length, hostEnd + 512);
        while (end < limit && (Chars.extended(text[end]) || text[end] == '@')) end++;
        return end - hostEnd >= 30 && !Values.placeholder(text, hostEnd, end, examples) && Randomness.random(text, hostEnd, end, false) && add(start, end, 0.95);
    }

    /// `scheme://user:password@host` (RFC 3986 §3.2.1).
    private void userInformation(int start) {
        int colon = -1;
        int limit = Math.min(length, start + 512);
        for (int i = start; i < limit; i++) {
            char c = text[i];
            if (c == ':' && colon < 0) colon = i;
            if (c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '?' || c == '#' || c == '`') return;
            if (c == '/' && colon < 0) return;
            if (c != '@') continue;
            int from = colon < 0 ? start : colon + 1;
            if (i - from < 3 || Values.placeholder(text, from, i, examples)) return;
            if (colon < 0 && !(i - from >= 16 && Randomness.random(text, from, i, false))) return;
            boolean letters = true;
            for (int k = from; k < i && letters; k++) letters = Chars.of(text[k]) == Chars.LOWER || Chars.of(text[k]) == Chars.UPPER;
            if (letters && i - from < 12 && Values.caseFlips(text, from, i) < 2) return;
            add(from, i, 0.93);
            return;
        }
    }

    private void privateKey(int start) {
        int limit = Math.min(length, start + PEM_CHARS_MAX);
        int i = start;
        boolean secret = false;
        while (i < limit && text[i] != '\n' && i < start + 64) {
            if (Chars.wordAt(text, i, limit, "private key")) secret = true;
            i++;
        }
        if (!secret) return;
        for (int at = start + 11; at < limit; at++) {
            if (text[at] == '-' && Chars.wordAt(text, at, limit, "-----end")) {
                int stop = at + 8;
                int label = Math.min(length, stop + 48);
                while (stop < label && text[stop] != '\n' && text[stop] != '-') stop++;
                for (int dashes = 0; dashes < 5 && stop < length && text[stop] == '-'; dashes++) stop++;
                add(start, stop, 0.99);
                return;
            }
        }
        if (limit - start > 32) add(start, limit, 0.9);
    }

    /// A random value: after an assignment whose name is not harmless, or in a sentence that speaks of keys or providers.
    private void random(int start, int end) {
        if (start > 0 && (text[start - 1] == '/' || text[start - 1] == '.' || text[start - 1] == '#')) return;
        if (start >= randomEnd) triesOfRandom = 0;
        else if (++triesOfRandom > TRIES_IN_RUN_MAX) return;
        int stop = end;
        int limit = Math.min(length, start + SecretScanner.VALUE_CHARS_MAX);
        while (stop < limit && Chars.extended(text[stop])) stop++;
        randomEnd = Math.max(randomEnd, stop);
        while (stop > end && !Chars.token(text[stop - 1]) && text[stop - 1] != '=') stop--;
        int count = stop - start;
        if (count < RANDOM_CHARS_MIN) return;
        boolean digest = Randomness.digest(text, start, stop);
        if (!digest && !Randomness.random(text, start, stop, false) || Values.placeholder(text, start, stop, examples)) return;
        int context = context(start, Randomness.uuid(text, start, stop));
        if (context == 0 && branded(start, end)) {
            add(start, end, 0.65);
            return;
        }
        if (context == 0 || context == 1 && digest) return;
        if (count < PROSE_CHARS_MIN && context == 2 && text[start - 1] == ' ' && !operatorBefore(start)) return;
        if (!digest && (context == 1 || count < PROSE_CHARS_MIN) && !Randomness.random(text, start, stop, true)) return;
        add(start, stop, context == 1 ? 0.6 : 0.8);
    }

    /// A short word, `_` or `-`, and drawn characters of all three kinds: so providers shape their keys, and some their ids, which are left out by name.
    private boolean branded(int start, int end) {
        int joint = start;
        int last = -1;
        for (int i = start; i < end && i < start + BRAND_CHARS_MAX; i++) {
            if (Chars.of(text[i]) == Chars.DIGIT) break;
            if (Chars.of(text[i]) == Chars.JOINT) last = i;
        }
        if (last < start + 2) return false;
        joint = last + 1;
        int kinds = 0;
        for (int i = joint; i < end; i++) {
            byte kind = Chars.of(text[i]);
            if (kind == Chars.JOINT) return false;
            kinds |= 1 << kind;
        }
        if (kinds != (1 << Chars.LOWER | 1 << Chars.UPPER | 1 << Chars.DIGIT)) return false;
        boolean key = KEY_BRANDS.any(text, start, joint);
        if (end - joint < (key ? 20 : BRANDED_CHARS_MIN) || !Randomness.random(text, joint, end, true)) return false;
        return key || !ID_BRANDS.any(text, start, joint);
    }

    private boolean operatorBefore(int start) {
        int i = start - 1;
        while (i >= 0 && (text[i] == ' ' || text[i] == '"' || text[i] == '\'' || text[i] == '`')) i--;
        return i >= 0 && (text[i] == '=' || text[i] == ':' || text[i] == '>');
    }

    /// 0: no reason, or a reason against; 1: assigned to something; 2: beside a provider's name or a word for secrets.
    private int context(int start, boolean uuid) {
        int from = Math.max(0, start - CONTEXT_CHARS);
        for (int i = start - 1; i >= from; i--) {
            if (text[i] == '\n') {
                from = i + 1;
                break;
            }
        }
        if (from == start) return 0;
        int name = start - 1;
        boolean operator = false;
        while (name >= from && !Chars.token(text[name])) {
            char c = text[name];
            operator |= c == '=' || c == ':' || c == '>' || c == '|' || c == ',' || c == '`' || c == '"' || c == '\'';
            name--;
        }
        int nameEnd = name + 1;
        while (name >= from && Chars.token(text[name])) name--;
        if (nameEnd > name + 1) {
            KeyName strength = KeyName.of(text, name + 1, nameEnd);
            if (uuid && strength == KeyName.STRONG) return 2;
            if (strength == KeyName.HARMLESS || Chars.contains(text, name + 1, nameEnd, "base64") || Chars.contains(text, name + 1, nameEnd, "sha")) return 0;
        }
        if (!uuid && CONTEXT_WORDS.any(text, from, start)) return 2;
        if (ProviderNames.in(text, from, start)) return 2;
        return operator && nameEnd > name + 1 ? 1 : 0;
    }

    private boolean add(int start, int end, double confidence) {
        if (start < done || end <= start) return false;
        sink.secret(start, end, confidence);
        found++;
        done = end;
        return true;
    }
}
