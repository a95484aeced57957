package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.Anchors;
import dev.declaw.guardrails.FoldedText;
import dev.declaw.guardrails.secrets.SecretScanner;
import dev.declaw.model.scan.PiiType;

/// One scan of [PiiScanner].
final class PiiPass implements Anchors.Visitor {
    private static final int RUN_CHARS_MAX = 120;

    private final FoldedText text;
    private final String key;
    private final Spans spans;
    private final Context context;
    private final DigitGroups groups;
    private final Compact compact;
    private final PhoneRule phone;
    private final Ipv6Rule ipv6;
    private final Labels labels;
    private final Columns columns;
    private final boolean numbered;
    private final boolean structured;
    /// The search for keys, which is told of the same pass; null when none are wanted.
    private final SecretScanner.Runs credentials;
    private ContextKind[] kinds;
    private int numbersDoneUntil;
    private int labelledFrom;
    private int labelledUntil;

    PiiPass(FoldedText text, String key, Spans spans) {
        this.text = text;
        this.key = key;
        this.spans = spans;
        this.context = new Context(text, key.isEmpty() ? ContextKind.NONE : KeyNames.kind(key));
        this.groups = new DigitGroups(text);
        this.compact = new Compact(text);
        this.phone = new PhoneRule(text, groups, context);
        this.ipv6 = new Ipv6Rule(text);
        this.labels = new Labels(text, spans);
        this.columns = new Columns(text);
        this.numbered = Labels.wanted(spans);
        this.structured = spans.wantsOtherThan(PiiType.API_KEY);
        this.credentials = spans.wants(PiiType.API_KEY) ? SecretScanner.runs(text, true, (start, end, confidence) -> spans.add(PiiType.API_KEY, start, end, confidence)) : null;
    }

    /// @param anchors the pass; its words mean `kinds`, by index
    void run(Anchors anchors, ContextKind[] kinds) {
        this.kinds = kinds;
        if (structured && numbered && !key.isEmpty()) underKey(anchors);
        anchors.run(text.chars(), text.length(), this);
        if (structured) columns.read(labels);
        if (credentials != null) credentials.end(key);
    }

    /// The last label in the key's name rules: `passport_number`, `patientDateOfBirth`.
    private void underKey(Anchors anchors) {
        FoldedText name = FoldedText.of(key);
        ContextKind[] last = {ContextKind.NONE};
        anchors.run(name.chars(), name.length(), new Anchors.Visitor() {
            @Override
            public void word(int id, int start, int end) {
                if (Context.wholeWord(name, start, end) && kinds[id].broad() != kinds[id]) last[0] = kinds[id];
            }

            @Override
            public void trigger(int at, char c) {
                // numbers in names say nothing
            }

            @Override
            public void run(int start, int end) {
                // nor do runs
            }
        });
        if (last[0].type() != null) numbersDoneUntil = Math.max(0, labels.wholeValue(last[0]));
    }

    @Override
    public void trigger(int at, char c) {
        if (c == '@') {
            if (spans.wants(PiiType.EMAIL)) EmailRule.at(text, at, spans);
        } else if (at >= numbersDoneUntil) {
            if (c != ':') number(at);
            else if (spans.wants(PiiType.IP_ADDRESS)) ipv6.at(at, spans);
        }
    }

    @Override
    public void word(int id, int start, int end) {
        word(kinds[id], start, end);
    }

    @Override
    public void run(int start, int end) {
        if (credentials != null) credentials.run(start, end);
    }

    private void word(ContextKind kind, int start, int end) {
        if (!context.saw(kind, start, end) || kind.type() == null) return;
        if (kind.broad() == kind) {
            columns.head(kind, end);
            return;
        }
        boolean found = labels.read(kind, start, end);
        if (found) {
            labelledFrom = labels.start();
            labelledUntil = labels.end();
        }
        if (!found || columns.below(end, labels.start())) columns.head(kind, end);
    }

    private void number(int at) {
        if (at >= labelledFrom && at < labelledUntil) {
            numbersDoneUntil = labelledUntil;
            return;
        }
        groups.readFrom(at);
        numbersDoneUntil = groups.firstRunEnd();
        if (numbered && shaped(at)) return;
        if (!groups.enough() || text.word(at - 1) && !context.touches(at)) return;
        boolean plus = text.at(at - 1) == '+';
        if (!plus) {
            if (claim(PiiType.CREDIT_CARD, at, CardRule.match(text, groups, context), 1.0)) return;
            if (claim(PiiType.SSN, at, SsnRule.match(text, groups, context), 0.9)) return;
            if (claim(PiiType.IP_ADDRESS, at, Ipv4Rule.match(text, groups, context), 0.95)) return;
            if (numbered && formatted(at)) return;
        }
        if (!spans.wants(PiiType.PHONE)) return;
        int end = phone.match();
        if (end >= 0) claim(PiiType.PHONE, phone.start(), end, phone.confidence());
    }

    /// Values of letters and digits that tell by their own form; the digit is the first of them.
    private boolean shaped(int digit) {
        int start = digit;
        while (digit - start < 8 && plain(text.at(start - 1))) start--;
        if (text.word(start - 1)) return false;
        // Two letters and a space before the digits: `ZJ 52 32 89 A`.
        if (start == digit && text.at(digit - 1) == ' ' && letter(digit - 2) && letter(digit - 3) && !text.word(digit - 4)) start = digit - 3;
        if (spans.wants(PiiType.MAC_ADDRESS) && hexPair(digit)) {
            int end = MacRule.at(text, digit, spans);
            if (end > 0) return done(end);
        }
        int run = numbersDoneUntil;
        while (run - start <= RUN_CHARS_MAX && plain(text.at(run))) run++;
        int length = run - start;
        if (length >= 26 && length <= 110 && spans.wants(PiiType.CRYPTO_WALLET) && WalletRule.match(text, start, run, false)) {
            return claim(PiiType.CRYPTO_WALLET, start, run, 0.95);
        }
        int letters = digit - start;
        if (letters == 0 && length < 15) return false;
        if (letters > 6) return false;
        compact.readFrom(start);
        int n = letters == 2 ? Iban.match(compact) : 0;
        if (n > 0 && (compact.solid(n) || spacedOut(start, n))) return claim(PiiType.IBAN, start, compact.end(n), 0.99);
        if (letters >= 2 && letters <= 3 && spans.wants(PiiType.NATIONAL_ID) && Identities.nino(compact) == 9 && text.at(start) < 'a' && neat()) {
            return claim(PiiType.NATIONAL_ID, start, compact.end(9), 0.9);
        }
        if (length < 10 || length > 18) return false;
        ContextKind kind = Identities.telling(compact);
        if (kind == ContextKind.NONE) return false;
        return claim(kind.type(), start, compact.end(compact.firstRun()), 0.95);
    }

    /// In upper case and over spaces, as an IBAN is printed.
    private boolean spacedOut(int start, int n) {
        if (text.at(start) > 'Z') return false;
        for (int i = start; i < compact.end(n); i++) if (!text.word(i) && text.at(i) != ' ') return false;
        return true;
    }

    /// A NINO is written in one piece or in pairs, not over other separators.
    private boolean neat() {
        return compact.solid(9) || compact.end(9) - compact.end(1) <= 13;
    }

    /// Numbers that tell by their groups.
    private boolean formatted(int at) {
        int n = groups.count();
        if (n < 2) return false;
        int a = groups.length(0);
        int b = groups.length(1);
        char first = groups.separatorAfter(0);
        char second = n > 2 ? groups.separatorAfter(1) : 0;
        if (n >= 4 && a == 3 && b == 3 && groups.length(2) == 3 && groups.length(3) == 2 && !text.word(groups.end(3))) {
            boolean dotted = first == '.' && second == '.' && groups.separatorAfter(2) == '-';
            boolean dashed = first == '-' && second == '-';
            if (dotted || dashed) {
                compact.readFrom(at);
                ContextKind kind = dotted ? ContextKind.CPF : ContextKind.SNILS;
                if (Identities.labelled(kind, compact) == 11) return claim(PiiType.NATIONAL_ID, at, groups.end(3), 0.97);
            }
        }
        if (n >= 5 && a == 2 && b == 3 && groups.length(2) == 3 && groups.length(3) == 4 && groups.length(4) == 2 && groups.separatorAfter(2) == '/') {
            compact.readFrom(at);
            if (Identities.labelled(ContextKind.TAX, compact) == 14) return claim(PiiType.TAX_ID, at, groups.end(4), 0.97);
        }
        if (n >= 3 && a == 5 && b == 7 && groups.length(2) == 1 && first == '-' && second == '-' && !text.word(groups.end(2))) {
            return claim(PiiType.NATIONAL_ID, at, groups.end(2), 0.85);
        }
        if (n >= 3 && a == 3 && b == 2 && groups.length(2) == 4 && first == '-' && second == '-' && itin(at, groups.start(1)) && !text.word(groups.end(2))) {
            return claim(PiiType.TAX_ID, at, groups.end(2), 0.85);
        }
        return false;
    }

    /// Individual taxpayer numbers: 9xx, and the groups that the Internal Revenue Service uses.
    private boolean itin(int at, int middle) {
        int group = (text.at(middle) - '0') * 10 + text.at(middle + 1) - '0';
        return text.at(at) == '9' && (group >= 50 && group <= 65 || group >= 70 && group <= 88 || group >= 90 && group != 93);
    }

    private boolean hexPair(int digit) {
        char a = text.at(digit + 1);
        char b = text.at(digit + 2);
        char c = text.at(digit + 4);
        return a == ':' || a == '-' || b == ':' || b == '-' || c == '.' || text.at(digit + 3) == '.' || a == '.' || b == '.';
    }

    private boolean letter(int index) {
        char c = text.at(index);
        return c >= 'A' && c <= 'Z';
    }

    private static boolean plain(char c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }

    private boolean done(int end) {
        numbersDoneUntil = Math.max(numbersDoneUntil, end);
        return true;
    }

    private boolean claim(PiiType type, int start, int end, double confidence) {
        if (end < 0) return false;
        spans.add(type, start, end, confidence);
        return done(end);
    }
}
