package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.Anchors;
import dev.declaw.guardrails.FoldedText;
import dev.declaw.guardrails.secrets.SecretScanner;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Recognises structured personal data and credentials. Thread-safe.
///
/// One pass over the folded text ([Anchors]) tells of context words, digits, `@`, `:` and runs of identifier characters. There a
/// hand-written rule looks at a bounded window, or at a run that it then never looks at again, so the work is linear in the
/// text whatever it holds. No regular expressions. Credentials are the matter of [SecretScanner], which is told of the same pass.
///
/// National ids: Brazil, Canada, China, France, Germany, India, Indonesia, Italy, Japan, Korea, Mexico, the Netherlands,
/// Pakistan, Poland, Russia, South Africa, Spain, Turkey, the United Kingdom; each by its form and check digits, weak forms
/// only under a label.
public final class PiiScanner implements Scanner {
    /// The kinds that it can recognise. Names and addresses need a model, see
    /// [dev.declaw.guardrails.pii.names.NameScanner].
    public static final Set<PiiType> RECOGNISED = recognised();

    private static final String[] WORDS = ContextWords.ALL.keySet().toArray(String[]::new);
    private static final ContextKind[] KINDS = ContextWords.ALL.values().toArray(ContextKind[]::new);
    private static final String TRIGGERS = "0123456789@:";
    private static final Anchors ALL = Anchors.of(List.of(WORDS), TRIGGERS, true);
    private static final Anchors WITHOUT_KEYS = Anchors.of(List.of(WORDS), TRIGGERS, false);
    private static final Anchors ONLY_KEYS = Anchors.of(List.of(), "", true);

    private final Set<PiiType> types;
    private final Anchors anchors;

    /// @param types the kinds to look for
    public PiiScanner(Set<PiiType> types) {
        Set<PiiType> wanted = EnumSet.noneOf(PiiType.class);
        wanted.addAll(types);
        wanted.retainAll(RECOGNISED);
        this.types = wanted;
        this.anchors = !wanted.contains(PiiType.API_KEY) ? WITHOUT_KEYS : wanted.size() == 1 ? ONLY_KEYS : ALL;
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
        new PiiPass(text, source.key(), spans).run(anchors, KINDS);
        return spans.settle(text);
    }

    /// That of the secret scanner where keys are asked for.
    @Override
    public int overlapChars() {
        return types.contains(PiiType.API_KEY) ? SecretScanner.WINDOW_OVERLAP_CHARS : Scanner.super.overlapChars();
    }

    @Override
    public boolean readsTables() {
        return true;
    }

    private static Set<PiiType> recognised() {
        Set<PiiType> all = EnumSet.allOf(PiiType.class);
        all.remove(PiiType.PERSON_NAME);
        all.remove(PiiType.ADDRESS);
        return Collections.unmodifiableSet(all);
    }
}
