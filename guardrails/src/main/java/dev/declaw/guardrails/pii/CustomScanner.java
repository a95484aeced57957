package dev.declaw.guardrails.pii;

import com.google.re2j.Matcher;
import dev.declaw.guardrails.FoldedText;
import dev.declaw.model.scan.CustomType;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Finds the kinds that an operator described, beside those of another scanner. Patterns run on RE2 in linear time and only where the
/// text may hold them; a text whose length times the size of a pattern exceeds the budget is not judged but refused. Thread-safe.
public final class CustomScanner implements Scanner {
    /// Characters times instructions of a pattern: about half a second at worst.
    public static final long STEPS_MAX = 40_000_000L;

    /// Findings of one kind in one text; what is beyond them makes the text refused.
    public static final int FINDINGS_MAX = 10_000;

    private static final int ENTRIES_OF_A_WORD_MAX = 256;

    private final Scanner builtIn;
    private final List<Kind> kinds = new ArrayList<>();

    /// @param entries phrases of a dictionary by their first word, in lower case
    private record Kind(CustomType type, Map<String, List<String>> entries, List<String> contextWords) {}

    /// @throws IllegalArgumentException for more than [CustomType#TYPES_MAX] kinds, a name used twice, or a dictionary with too many
    ///     phrases that begin alike
    public CustomScanner(Scanner builtIn, List<CustomType> custom) {
        if (custom.size() > CustomType.TYPES_MAX) throw new IllegalArgumentException("more than " + CustomType.TYPES_MAX + " custom types");
        this.builtIn = builtIn;
        Set<String> names = new HashSet<>();
        for (CustomType type : custom) {
            if (!names.add(type.name())) throw new IllegalArgumentException("the custom type '" + type.name() + "' is there twice");
            kinds.add(new Kind(type, byFirstWord(type), type.contextWords().stream().map(CustomScanner::lower).toList()));
        }
    }

    private static Map<String, List<String>> byFirstWord(CustomType type) {
        Map<String, List<String>> entries = new HashMap<>();
        for (String raw : type.dictionary()) {
            String entry = lower(FoldedText.of(raw.strip()).toString());
            int end = 0;
            while (end < entry.length() && FoldedText.word(entry.charAt(end))) end++;
            List<String> alike = entries.computeIfAbsent(entry.substring(0, end), _ -> new ArrayList<>());
            alike.add(entry);
            if (alike.size() > ENTRIES_OF_A_WORD_MAX) throw new IllegalArgumentException("more than " + ENTRIES_OF_A_WORD_MAX + " entries of '" + type.name() + "' begin with the same word");
        }
        entries.values().forEach(alike -> alike.sort(Comparator.comparingInt(String::length).reversed()));
        return entries;
    }

    @Override
    public String name() {
        return builtIn.name();
    }

    @Override
    public boolean slow() {
        return builtIn.slow();
    }

    @Override
    public int overlapChars() {
        return Math.max(builtIn.overlapChars(), Scanner.super.overlapChars());
    }

    @Override
    public boolean readsTables() {
        return builtIn.readsTables();
    }

    /// @throws IllegalStateException when the text exceeds a budget
    @Override
    public List<Finding> scan(ScanText source) {
        List<Finding> findings = new ArrayList<>(builtIn.scan(source));
        FoldedText text = FoldedText.of(source.text());
        String plain = text.toString();
        String small = lower(plain);
        for (Kind kind : kinds) {
            int before = findings.size();
            if (kind.type.pattern() != null) patterns(kind, text, plain, small, source.key(), findings);
            else entries(kind, text, small, source.key(), findings);
            if (findings.size() - before > FINDINGS_MAX) throw new IllegalStateException("more than " + FINDINGS_MAX + " findings of '" + kind.type.name() + "'");
        }
        return settle(findings);
    }

    private static void patterns(Kind kind, FoldedText text, String plain, String small, String key, List<Finding> findings) {
        if (!mayHaveContext(kind, small, key)) return;
        if ((long) plain.length() * kind.type.pattern().programSize() > STEPS_MAX) {
            throw new IllegalStateException("the text is too long for the pattern of '" + kind.type.name() + "'");
        }
        Matcher matcher = kind.type.pattern().matcher(plain);
        while (matcher.find() && findings.size() <= 2 * FINDINGS_MAX) {
            int start = matcher.start();
            int end = matcher.end();
            if (start == end || text.word(start) && text.word(start - 1) || text.word(end - 1) && text.word(end)) continue;
            if (checked(kind.type.check(), plain, start, end) && inContext(kind, small, start, key)) add(kind, text, start, end, findings);
        }
    }

    private static void entries(Kind kind, FoldedText text, String small, String key, List<Finding> findings) {
        if (!mayHaveContext(kind, small, key)) return;
        int length = small.length();
        for (int at = 0; at < length && findings.size() <= 2 * FINDINGS_MAX; at++) {
            if (text.word(at - 1) && text.word(at)) continue;
            int end = at;
            while (end < length && end - at <= CustomType.ENTRY_CHARS_MAX && text.word(end)) end++;
            List<String> alike = kind.entries.get(small.substring(at, end));
            if (alike != null) {
                for (String entry : alike) {
                    int stop = at + entry.length();
                    if (!small.startsWith(entry, at) || text.word(stop - 1) && text.word(stop) || !inContext(kind, small, at, key)) continue;
                    add(kind, text, at, stop, findings);
                    end = stop;
                    break;
                }
            }
            at = Math.max(at, end - 1);
        }
    }

    private static void add(Kind kind, FoldedText text, int start, int end, List<Finding> findings) {
        findings.add(new Finding(kind.type.name(), text.source(start), text.source(end), kind.type.confidence()));
    }

    private static boolean mayHaveContext(Kind kind, String small, String key) {
        return kind.contextWords.isEmpty() || named(kind, key) || kind.contextWords.stream().anyMatch(small::contains);
    }

    private static boolean inContext(Kind kind, String small, int start, String key) {
        if (kind.contextWords.isEmpty() || named(kind, key)) return true;
        String before = small.substring(Math.max(0, start - kind.type.contextChars()), start);
        return kind.contextWords.stream().anyMatch(before::contains);
    }

    /// Whether the name of the field is a context word: `employee_id` for `employee id`.
    private static boolean named(Kind kind, String key) {
        if (key.isEmpty()) return false;
        String words = String.join(" ", KeyNames.words(key));
        return kind.contextWords.stream().anyMatch(words::contains);
    }

    private static boolean checked(CustomType.Check check, String text, int start, int end) {
        if (check == CustomType.Check.NONE) return true;
        char[] chars = new char[end - start];
        int n = 0;
        boolean digits = true;
        for (int i = start; i < end; i++) {
            char c = Character.toUpperCase(text.charAt(i));
            boolean digit = c >= '0' && c <= '9';
            if (!digit && (c < 'A' || c > 'Z')) continue;
            digits &= digit;
            chars[n++] = c;
        }
        return switch (check) {
            case NONE -> true;
            case LUHN -> digits && n > 1 && Digits.luhn(chars, 0, n);
            case MOD97 -> n > 4 && Digits.iban(chars, n);
            case MOD11_10 -> digits && n > 1 && Digits.mod1110(chars, n);
            case VERHOEFF -> digits && n > 1 && Digits.verhoeff(chars, n);
        };
    }

    /// Sorted and without overlap: of two that touch the same text the surer one stays, and takes over what the other covered.
    private static List<Finding> settle(List<Finding> findings) {
        findings.sort(Comparator.comparingInt(Finding::start).thenComparing(Comparator.comparingInt(Finding::end).reversed()));
        List<Finding> settled = new ArrayList<>();
        for (Finding next : findings) {
            Finding last = settled.isEmpty() ? null : settled.getLast();
            if (last == null || next.start() >= last.end()) {
                settled.add(next);
                continue;
            }
            Finding winner = next.confidence() > last.confidence() ? next : last;
            settled.set(settled.size() - 1, new Finding(winner.type(), last.start(), Math.max(last.end(), next.end()), winner.confidence()));
        }
        return List.copyOf(settled);
    }

    /// Character by character, so that positions stay.
    private static String lower(String text) {
        char[] chars = text.toCharArray();
        for (int i = 0; i < chars.length; i++) chars[i] = chars[i] < 128 ? (char) (chars[i] >= 'A' && chars[i] <= 'Z' ? chars[i] + 32 : chars[i]) : Character.toLowerCase(chars[i]);
        return new String(chars);
    }
}
