package dev.declaw.guardrails.pii;

import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/// Structured data first, then names and addresses: what has a shape or a checksum is surer, so a name that touches it
/// gives way. Thread-safe as its parts are.
final class PersonalData implements Scanner {
    private final Scanner structured;
    private final Scanner names;

    PersonalData(Scanner structured, Scanner names) {
        this.structured = Objects.requireNonNull(structured);
        this.names = Objects.requireNonNull(names);
    }

    @Override
    public String name() {
        return "pii";
    }

    /// Names are judged by a model.
    @Override
    public boolean slow() {
        return true;
    }

    @Override
    public int overlapChars() {
        return Math.max(structured.overlapChars(), names.overlapChars());
    }

    @Override
    public boolean readsTables() {
        return structured.readsTables();
    }

    @Override
    public List<Finding> scan(ScanText text) {
        List<Finding> sure = structured.scan(text);
        List<Finding> found = names.scan(text);
        if (found.isEmpty()) return sure;
        List<Finding> all = new ArrayList<>(sure);
        int next = 0;
        for (Finding name : found) {
            while (next < sure.size() && sure.get(next).end() <= name.start()) next++;
            if (next == sure.size() || sure.get(next).start() >= name.end()) all.add(name);
            else all.addAll(around(name, sure, next, text.text()));
        }
        all.sort(Comparator.comparingInt(Finding::start));
        return List.copyOf(all);
    }

    /// What is left of an address or name beside the surer findings in it.
    private static List<Finding> around(Finding name, List<Finding> sure, int next, String text) {
        List<Finding> out = new ArrayList<>();
        int from = name.start();
        for (int i = next; i < sure.size() && sure.get(i).start() < name.end(); i++) {
            rest(name, from, sure.get(i).start(), text, out);
            from = sure.get(i).end();
        }
        rest(name, from, name.end(), text, out);
        return out;
    }

    private static void rest(Finding name, int from, int to, String text, List<Finding> out) {
        int start = from;
        int end = to;
        while (start < end && !Character.isLetterOrDigit(text.charAt(start))) start++;
        while (end > start && !Character.isLetterOrDigit(text.charAt(end - 1))) end--;
        if (start < end) out.add(new Finding(name.type(), start, end, name.confidence()));
    }
}
