package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.AnchorDfa;
import dev.declaw.guardrails.FoldedText;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Recognises structured personal data and credentials. Thread-safe.
///
/// One pass over the folded text drives an automaton of literal anchors (key prefixes, names of secrets, context words);
/// digits, `@` and `:` alert too. At an alert a hand-written rule looks at a bounded window, or at a run that it then
/// never looks at again, so the work is linear in the text whatever it holds. No regular expressions.
public final class PiiScanner implements Scanner {
    /// The kinds that it can recognise. Names and addresses need a model, see
    /// [dev.declaw.guardrails.pii.names.NameScanner].
    public static final Set<PiiType> RECOGNISED = Set.of(
            PiiType.SSN,
            PiiType.CREDIT_CARD,
            PiiType.EMAIL,
            PiiType.PHONE,
            PiiType.API_KEY,
            PiiType.IP_ADDRESS);

    /// What a literal means when it is read.
    private sealed interface Anchor {
        record Word(String literal, ContextKind kind) implements Anchor {}

        record Key(KeyShape shape) implements Anchor {}

        record SecretName(String literal) implements Anchor {}

        record Sign(String literal, Mark mark) implements Anchor {}
    }

    private enum Mark {
        JWT,
        PEM_BEGIN,
        PEM_END,
        BEARER,
        USER_INFO
    }

    private static final Anchor[] ANCHORS = anchors();
    private static final AnchorDfa DFA =
            AnchorDfa.of(Arrays.stream(ANCHORS).map(PiiScanner::literal).toList(), "0123456789@:");

    private final Set<PiiType> types;

    /// @param types the kinds to look for
    public PiiScanner(Set<PiiType> types) {
        Set<PiiType> wanted = EnumSet.noneOf(PiiType.class);
        wanted.addAll(types);
        wanted.retainAll(RECOGNISED);
        this.types = wanted;
    }

    @Override
    public String name() {
        return "pii";
    }

    @Override
    public List<Finding> scan(ScanText source) {
        if (types.isEmpty() || source.text().length() < 4) return List.of();
        FoldedText text = FoldedText.of(source.text());
        Spans spans = new Spans(types);
        new Pass(text, source.key(), spans).run();
        return spans.settle(text);
    }

    /// One scan.
    private static final class Pass implements AnchorDfa.Visitor {
        private final FoldedText text;
        private final String key;
        private final Spans spans;
        private final Context context;
        private final DigitGroups groups;
        private final PhoneRule phone;
        private final Ipv6Rule ipv6;
        private final KeyRule keys;
        private final NamedSecretRule secrets;
        private int numbersDoneUntil;

        Pass(FoldedText text, String key, Spans spans) {
            this.text = text;
            this.key = key;
            this.spans = spans;
            this.context = new Context(text, key.isEmpty() ? ContextKind.NONE : KeyNames.kind(key));
            this.groups = new DigitGroups(text);
            this.phone = new PhoneRule(text, groups, context);
            this.ipv6 = new Ipv6Rule(text);
            this.keys = new KeyRule(text, spans);
            this.secrets = new NamedSecretRule(text, spans);
        }

        void run() {
            DFA.run(text, this);
            if (spans.wants(PiiType.API_KEY)) {
                keys.finish();
                NamedSecretRule.wholeValue(text, key, spans);
            }
        }

        @Override
        public void alert(int at, char c, int[] ended) {
            if (c >= '0' && c <= '9') {
                if (at >= numbersDoneUntil) number(at);
            } else if (c == '@') {
                if (spans.wants(PiiType.EMAIL)) EmailRule.at(text, at, spans);
            } else if (c == ':' && spans.wants(PiiType.IP_ADDRESS)) {
                ipv6.at(at, spans);
            }
            for (int id : ended) hit(ANCHORS[id], at + 1);
        }

        private void number(int at) {
            groups.readFrom(at);
            numbersDoneUntil = groups.firstRunEnd();
            if (!groups.enough() || text.word(at - 1) && !context.touches(at)) return;
            boolean plus = text.at(at - 1) == '+';
            if (!plus) {
                if (claim(PiiType.CREDIT_CARD, at, CardRule.match(text, groups, context), 1.0)) return;
                if (claim(PiiType.SSN, at, SsnRule.match(text, groups, context), 0.9)) return;
                if (claim(PiiType.IP_ADDRESS, at, Ipv4Rule.match(text, groups, context), 0.95)) return;
            }
            if (!spans.wants(PiiType.PHONE)) return;
            int end = phone.match();
            if (end >= 0) claim(PiiType.PHONE, phone.start(), end, phone.confidence());
        }

        private boolean claim(PiiType type, int start, int end, double confidence) {
            if (end < 0) return false;
            spans.add(type, start, end, confidence);
            numbersDoneUntil = Math.max(numbersDoneUntil, end);
            return true;
        }

        private void hit(Anchor anchor, int end) {
            switch (anchor) {
                case Anchor.Word word -> context.saw(word.kind, end - word.literal.length(), end);
                case Anchor.Key anchored -> {
                    if (spans.wants(PiiType.API_KEY)) keys.prefixed(anchored.shape, end);
                }
                case Anchor.SecretName name -> {
                    if (spans.wants(PiiType.API_KEY)) secrets.at(end - name.literal.length(), end);
                }
                case Anchor.Sign sign -> {
                    if (spans.wants(PiiType.API_KEY)) sign(sign.mark, end - sign.literal.length(), end);
                }
            }
        }

        private void sign(Mark mark, int start, int end) {
            switch (mark) {
                case JWT -> keys.jsonWebToken(start);
                case PEM_BEGIN -> keys.pemBegins(start, end);
                case PEM_END -> keys.pemEnds(end);
                case BEARER -> secrets.bearer(end);
                case USER_INFO -> secrets.userInfo(end);
            }
        }
    }

    private static Anchor[] anchors() {
        List<Anchor> anchors = new ArrayList<>();
        for (Map.Entry<String, ContextKind> word : ContextWords.ALL.entrySet()) {
            anchors.add(new Anchor.Word(word.getKey(), word.getValue()));
        }
        for (KeyShape shape : KeyShape.ALL) anchors.add(new Anchor.Key(shape));
        for (String name : NamedSecretRule.ANCHORS) anchors.add(new Anchor.SecretName(name));
        anchors.add(new Anchor.Sign("eyj", Mark.JWT));
        anchors.add(new Anchor.Sign("-----begin ", Mark.PEM_BEGIN));
        anchors.add(new Anchor.Sign("-----end ", Mark.PEM_END));
        anchors.add(new Anchor.Sign("bearer ", Mark.BEARER));
        anchors.add(new Anchor.Sign("://", Mark.USER_INFO));
        return anchors.toArray(Anchor[]::new);
    }

    private static String literal(Anchor anchor) {
        return switch (anchor) {
            case Anchor.Word(String literal, ContextKind _) -> literal;
            case Anchor.Key(KeyShape shape) -> shape.prefix().toLowerCase(Locale.ROOT);
            case Anchor.SecretName(String literal) -> literal;
            case Anchor.Sign(String literal, Mark _) -> literal;
        };
    }
}
