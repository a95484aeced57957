package dev.declaw.guardrails.code;

import dev.declaw.guardrails.FoldedText;
import dev.declaw.guardrails.Verdict;
import dev.declaw.guardrails.Verdict.Evidence;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Tries the rules of one text at their anchors. Each rule fires once.
final class Search {
    private static final int WINDOW_CHARS = 4096;
    private static final int PAYLOAD_CHARS_MAX = 2000;
    /// What a command is worth that a sentence speaks of.
    private static final double MENTIONED = 0.6;

    private static final long STEPS_BASE = 200_000;
    private static final long STEPS_PER_CHAR = 400;

    /// How programs and queries begin, and values that people type do not.
    private static final Pattern STATEMENT = Pattern.compile(
            "(?i)(select|with|insert into|update|create|delete from|alter|explain|if|while|for|def|class|print|return|const|let|var|import|function|public|private)\\b"
                    + "(?! ?+\\(?+ ?+(sleep|select|char|user|@@|0|1 ?=|\\())");

    private final Set<String> excluded;
    private final int depth;
    private final int at;
    private final boolean prose;
    private final List<Evidence> evidence;
    private final boolean[] fired = new boolean[Rules.ALL.count];
    private final Steps steps;
    private final boolean payload;
    private final boolean[] seen = new boolean[Rules.ALL.literals.length];
    private int[] hits = new int[256];
    private int hitCount;
    private final Matcher[] matchers = new Matcher[Rules.ALL.count];

    /// @param prose whether people say something about commands here: those are mentioned, not used
    Search(Set<String> excluded, String text, int depth, int at, boolean prose, List<Evidence> evidence) {
        this.prose = prose;
        this.excluded = excluded;
        this.depth = depth;
        this.at = at;
        this.evidence = evidence;
        this.steps = new Steps(STEPS_BASE + STEPS_PER_CHAR * text.length());
        this.payload = payloadLike(text);
    }

    /// One line of at most [#PAYLOAD_CHARS_MAX] characters that is no whole statement. Programs have more, and use quotes, `or` and `;` as payloads do.
    private static boolean payloadLike(String text) {
        if (text.length() > PAYLOAD_CHARS_MAX) return false;
        int lines = 0;
        String trimmed = text.strip();
        if (STATEMENT.matcher(trimmed).lookingAt()) return false;
        for (int i = 0; i < trimmed.length(); i++) {
            char c = trimmed.charAt(i);
            if (c == '\n' || c == '\\' && i + 1 < trimmed.length() && trimmed.charAt(i + 1) == 'n') lines++;
        }
        return lines <= 1;
    }

    void run(View view) {
        FoldedText folded = CodeSecurity.folded(view);
        steps.text = folded;
        Arrays.fill(matchers, null);
        try {
            hitCount = 0;
            Arrays.fill(seen, false);
            Rules.ALL.anchors.run(folded, this::note);
            for (int i = 0; i < hitCount; i += 2) {
                int id = hits[i];
                begin(view, folded, id, hits[i + 1] - Rules.ALL.literals[id].length(), hits[i + 1]);
            }
        } catch (Steps.Exhausted | StackOverflowError e) {
            // Out of steps or of stack is the verdict: see CodeSecurity.
            add(new Evidence("anchor_stuffing", "budget", 0, 0, 0.9, "more beginnings of attacks than can be judged"));
        }
    }

    private void note(int last, char c, int[] ended) {
        for (int id : ended) {
            seen[id] = true;
            if (Rules.ALL.starts[id].length == 0) continue;
            if (hitCount == hits.length) hits = Arrays.copyOf(hits, 2 * hits.length);
            hits[hitCount++] = id;
            hits[hitCount++] = last + 1;
        }
    }

    private boolean missing(int[] needs) {
        for (int id : needs) if (seen[id]) return false;
        return needs.length > 0;
    }

    private void begin(View view, FoldedText folded, int anchor, int start, int end) {
        char next = folded.at(end);
        boolean goesOn = next >= 'a' && next <= 'z' || next == '_';
        boolean inWord = start > 0 && folded.word(start) && folded.word(start - 1);
        for (Rules.Start begin : Rules.ALL.starts[anchor]) {
            Rules.Rule rule = begin.rule();
            if (inWord && !begin.afterWord() || goesOn && begin.whole() || fired[rule.number()] || rule.payload() && !payload || missing(rule.needs()) || excluded.contains(rule.language())) continue;
            Matcher matcher = matchers[rule.number()];
            if (matcher == null) {
                matcher = rule.pattern().matcher(steps).useTransparentBounds(true).useAnchoringBounds(false);
                matchers[rule.number()] = matcher;
            }
            matcher.region(start, Math.min(folded.length(), start + WINDOW_CHARS));
            if (!matcher.lookingAt()) continue;
            fired[rule.number()] = true;
            int from = depth > 0 ? at : view.source(folded.source(start));
            int to = depth > 0 ? at : view.source(folded.source(Math.max(start + 1, matcher.end())));
            add(new Evidence(
                    rule.advisory() ? "insecure_code" : rule.category(),
                    rule.category() + "#" + rule.number(),
                    from,
                    Math.max(from, to),
                    prose && rule.commandLine() ? rule.score() * MENTIONED : rule.score(),
                    depth > 0 ? "inside base64" : view.name.equals("raw") ? "" : "with " + view.name + " escapes undone"));
        }
    }

    private void add(Evidence reason) {
        if (evidence.size() < Verdict.EVIDENCE_MAX) evidence.add(reason);
    }

    /// The folded text as the pattern engine reads it; each character read is a step.
    private static final class Steps implements CharSequence {
        private FoldedText text;
        private long left;

        Steps(long budget) {
            left = budget;
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public char charAt(int index) {
            if (--left < 0) throw new Exhausted();
            return text.at(index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.slice(start, end);
        }

        private static final class Exhausted extends RuntimeException {
            Exhausted() {
                super("out of steps", null, false, false);
            }
        }
    }
}
