package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/// Collects what the rules of one scan recognise and settles overlaps. One scan, one thread.
final class Spans {
    private record Span(PiiType type, int start, int end, double confidence) {}

    private final Set<PiiType> wanted;
    private final List<Span> spans = new ArrayList<>(4);

    Spans(Set<PiiType> wanted) {
        this.wanted = wanted;
    }

    boolean wants(PiiType type) {
        return wanted.contains(type);
    }

    boolean wantsOtherThan(PiiType type) {
        return wanted.size() > (wants(type) ? 1 : 0);
    }

    void add(PiiType type, int start, int end, double confidence) {
        if (wants(type)) spans.add(new Span(type, start, end, confidence));
    }

    /// The findings in source positions, sorted, without overlap: of two that touch the same text the surer one stays,
    /// of equally sure ones the longer one, then the earlier one; what the loser covers beyond it joins the winner, so
    /// that no recognised character is left uncovered.
    List<Finding> settle(FoldedText text) {
        if (spans.isEmpty()) return List.of();
        spans.sort(Comparator.comparingInt(Span::start).thenComparing(Comparator.comparingInt(Span::end).reversed()));
        List<Finding> out = new ArrayList<>(spans.size());
        Span open = spans.getFirst();
        int start = open.start;
        int end = open.end;
        for (Span next : spans.subList(1, spans.size())) {
            if (next.start >= end) {
                out.add(finding(open, start, end, text));
                open = next;
                start = next.start;
                end = next.end;
                continue;
            }
            end = Math.max(end, next.end);
            if (beats(next, open)) open = next;
        }
        out.add(finding(open, start, end, text));
        return List.copyOf(out);
    }

    private static boolean beats(Span a, Span b) {
        if (a.confidence != b.confidence) return a.confidence > b.confidence;
        return a.end - a.start > b.end - b.start;
    }

    private static Finding finding(Span span, int start, int end, FoldedText text) {
        return new Finding(span.type.wire(), text.source(start), text.source(end), span.confidence);
    }
}
