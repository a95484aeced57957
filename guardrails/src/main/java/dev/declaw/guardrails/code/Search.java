package dev.declaw.guardrails.code;

import dev.declaw.guardrails.AnchorDfa;
import dev.declaw.guardrails.FoldedText;
import dev.declaw.guardrails.Verdict;
import dev.declaw.guardrails.Verdict.Evidence;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Tries the rules of one text at their anchors. Each rule fires once.
final class Search implements AnchorDfa.Visitor {
    private static final int WINDOW_CHARS = 4096;
    /// Where nothing was undone so near behind an anchor, the reading before has been judged already.
    private static final int EDIT_REACH_CHARS = 512;

    /// Literals that an edit cut are looked for so far around it.
    private static final int LITERAL_CHARS = 24;

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
    private final Rules rules;
    /// While looking at the surroundings of an edit: where it is, and whether something stands in its place.
    private int edit = -1;
    private boolean replaced;
    /// Where the needed literals ended last, by set; -2 where not yet worked out.
    private final int[] lastOfSet;
    private final Matcher[] matchers = new Matcher[Rules.ALL.count];

    /// @param prose whether people say something about commands here: those are mentioned, not used
    Search(Set<String> excluded, String text, int depth, int at, boolean prose, List<Evidence> evidence) {
        this.prose = prose;
        this.excluded = excluded;
        this.depth = depth;
        this.at = at;
        this.evidence = evidence;
        this.steps = new Steps(STEPS_BASE + STEPS_PER_CHAR * text.length());
        this.rules = payloadLike(text) ? Rules.ALL : Rules.CODE;
        this.lastOfSet = new int[rules.sets.length];
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
        steps.view = view;
        Arrays.fill(matchers, null);
        Arrays.fill(lastOfSet, -2);
        try {
            View before = view.judgedBefore();
            if (before == null) {
                view.last = new int[rules.literals.length];
                rules.anchors.run(view.chars, view.length, this);
            } else {
                carryOver(before, view);
                aroundEdits(view);
            }
            for (int i = 0; i < view.hitCount; i += 2) {
                int id = view.hits[i];
                int end = view.hits[i + 1];
                int start = end - rules.literals[id].length();
                if (view.editFrom(start) - start > EDIT_REACH_CHARS) continue;
                begin(view, id, start, end);
            }
        } catch (Steps.Exhausted | StackOverflowError e) {
            // Out of steps or of stack is the verdict: see CodeSecurity.
            add(new Evidence("anchor_stuffing", "budget", 0, 0, 0.9, "more beginnings of attacks than can be judged"));
        }
    }

    /// What was found in the reading before stands here, too, unless an edit fell into it. Edits only shorten, so that the last places of
    /// literals are no further than they were.
    private void carryOver(View before, View view) {
        view.last = before.last.clone();
        view.hits = new int[before.hits.length];
        for (int i = 0; i < before.hitCount; i += 2) {
            int length = rules.literals[before.hits[i]].length();
            int start = view.moved(before.hits[i + 1] - length, before.hits[i + 1]);
            if (start < 0) continue;
            view.hits[view.hitCount++] = before.hits[i];
            view.hits[view.hitCount++] = start + length;
        }
    }

    /// Only literals into which an edit fell are new.
    private void aroundEdits(View view) {
        for (int i = 0; i < view.edits(); i++) {
            edit = view.edit(i);
            replaced = view.replaced(i);
            rules.anchors.run(view.chars, Math.max(0, edit - LITERAL_CHARS), Math.min(view.length, edit + LITERAL_CHARS), this);
        }
        edit = -1;
    }

    @Override
    public void alert(int at, char c, int[] ended) {
        View view = steps.view;
        int end = at + 1;
        for (int id : ended) {
            int start = end - rules.literals[id].length();
            if (edit >= 0 && (start >= edit || end <= edit - (replaced ? 1 : 0))) continue;
            if (end > view.last[id]) view.last[id] = end;
            if (rules.starts[id].length == 0) continue;
            if (rules.opening[id] && start > 0 && FoldedText.word(view.chars[start]) && FoldedText.word(view.chars[start - 1]) && view.judgedBefore() == null) continue;
            if (view.hitCount == view.hits.length) view.hits = Arrays.copyOf(view.hits, 2 * view.hits.length);
            view.hits[view.hitCount++] = id;
            view.hits[view.hitCount++] = end;
        }
    }

    /// Whether a set of needed literals has none behind a position.
    private boolean missing(int[] needs, int start) {
        for (int set : needs) {
            int end = lastOfSet[set];
            if (end == -2) {
                end = -1;
                for (int id : rules.sets[set]) end = Math.max(end, steps.view.last[id]);
                lastOfSet[set] = end;
            }
            if (end <= start) return true;
        }
        return false;
    }

    private void begin(View view, int anchor, int start, int end) {
        char next = view.at(end);
        boolean goesOn = next >= 'a' && next <= 'z' || next == '_';
        boolean inWord = start > 0 && FoldedText.word(view.chars[start]) && FoldedText.word(view.chars[start - 1]);
        for (Rules.Start begin : rules.starts[anchor]) {
            Rules.Rule rule = begin.rule();
            if (inWord && !begin.afterWord() || goesOn && begin.whole() || fired[rule.number()] || missing(rule.needs(), start)
                    || !excluded.isEmpty() && excluded.contains(rule.language())) continue;
            Matcher matcher = matchers[rule.number()];
            if (matcher == null) {
                matcher = rule.pattern().matcher(steps).useTransparentBounds(true).useAnchoringBounds(false);
                matchers[rule.number()] = matcher;
            }
            matcher.region(start, Math.min(view.length, start + WINDOW_CHARS));
            if (!matcher.lookingAt()) continue;
            fired[rule.number()] = true;
            int from = depth > 0 ? at : view.source(start);
            int to = depth > 0 ? at : view.source(Math.max(start + 1, matcher.end()));
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
        private View view;
        private long left;

        Steps(long budget) {
            left = budget;
        }

        @Override
        public int length() {
            return view.length;
        }

        @Override
        public char charAt(int index) {
            if (--left < 0) throw new Exhausted();
            return view.at(index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return new String(view.chars, start, end - start);
        }

        private static final class Exhausted extends RuntimeException {
            Exhausted() {
                super("out of steps", null, false, false);
            }
        }
    }
}
