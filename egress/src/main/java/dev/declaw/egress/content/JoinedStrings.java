package dev.declaw.egress.content;

import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Puts strings that follow each other under the same key end to end, as `["123-45", "-6789"]` or
/// `[{"text": "4111"}, {"text": "1111…"}]`, and finds what only the whole shows. Best effort against data that is cut up.
///
/// Only kinds with a strict shape count, else every table of short ids would be a telephone number; a card number must
/// also be cut where people group it, or digit by digit. Such a finding cannot be replaced safely: it blocks.
final class JoinedStrings {
    /// Of a longer string only the ends take part.
    private static final int PIECE_CHARS_MAX = 64;
    private static final int JOINED_CHARS_MAX = 4_096;
    private static final int KEYS_MAX = 64;
    private static final double CONFIDENCE_MIN = 0.9;

    private static final class Run {
        final StringBuilder text = new StringBuilder();
        final List<Integer> cuts = new ArrayList<>();
    }

    private final Scanner scanner;
    private final Edits edits;
    private final Map<String, Run> runs = new HashMap<>();

    JoinedStrings(Scanner scanner, Edits edits) {
        this.scanner = scanner;
        this.edits = edits;
    }

    void add(String key, String value) {
        if (value.isEmpty()) return;
        String stem = stem(key);
        if (runs.size() >= KEYS_MAX && !runs.containsKey(stem)) finish();
        Run run = runs.computeIfAbsent(stem, _ -> new Run());
        if (!run.text.isEmpty()) run.cuts.add(run.text.length());
        if (value.length() <= PIECE_CHARS_MAX) {
            run.text.append(value);
        } else {
            run.text.append(value, 0, PIECE_CHARS_MAX / 2);
            scan(stem, run);
            run.text.append(value, value.length() - PIECE_CHARS_MAX / 2, value.length());
        }
        if (run.text.length() > JOINED_CHARS_MAX) scan(stem, run);
    }

    void finish() {
        runs.forEach(this::scan);
        runs.clear();
    }

    private void scan(String key, Run run) {
        if (!run.cuts.isEmpty() && worthIt(run.text)) {
            String text = run.text.toString();
            for (Finding finding : scanner.scan(new ScanText(text, key))) {
                if (spread(finding, text, run.cuts)) edits.addUnredactable(finding.type());
            }
        }
        run.text.setLength(0);
        run.cuts.clear();
    }

    private static boolean worthIt(CharSequence text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= '0' && c <= '9' || c == '@' || c >= 128) return true;
        }
        return false;
    }

    private static boolean spread(Finding finding, String text, List<Integer> cuts) {
        List<Integer> inside = new ArrayList<>();
        for (int cut : cuts) {
            if (cut > finding.start() && cut < finding.end()) inside.add(cut - finding.start());
        }
        if (inside.isEmpty()) return false;
        String type = finding.type();
        if (type.equals(PiiType.CREDIT_CARD.wire())) return cutLikeACard(inside, finding.end() - finding.start());
        if (type.equals(PiiType.EMAIL.wire())) {
            // `["see", "@someone", "x.org"]` are words, not an address.
            return inside.stream().noneMatch(cut -> text.charAt(finding.start() + cut) == '@');
        }
        boolean strict = type.equals(PiiType.SSN.wire()) || type.equals(PiiType.API_KEY.wire());
        return strict && finding.confidence() >= CONFIDENCE_MIN;
    }

    private static boolean cutLikeACard(List<Integer> cuts, int length) {
        if (cuts.size() == length - 1) return true;
        for (int cut : cuts) {
            if (cut % 4 != 0 && cut != 10) return false;
        }
        return true;
    }

    /// `part1` and `part2` are the same key.
    private static String stem(String key) {
        int end = key.length();
        while (end > 0 && (Character.isDigit(key.charAt(end - 1)) || key.charAt(end - 1) == '_')) end--;
        return key.substring(0, end);
    }
}
