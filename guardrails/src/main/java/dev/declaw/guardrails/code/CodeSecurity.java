package dev.declaw.guardrails.code;

import dev.declaw.guardrails.Classifier;
import dev.declaw.guardrails.Verdict;
import dev.declaw.guardrails.Verdict.Evidence;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Recognises commands, payloads and package code that do harm. One automaton finds where a rule may begin; the rule's pattern is tried
/// there, over the text as it is, with shell quoting undone, with URL and HTML escapes undone, and inside base64 that stands in the text.
/// Insecure code (CWE rules) is reported as evidence and never raises the score. Thread-safe.
///
/// Bounded: patterns are tried at anchors only, inside a window, and draw on a budget of steps that is linear in the text; a text that
/// exhausts it is stuffed with the beginnings of attacks and is judged as one.
public final class CodeSecurity implements Classifier {
    /// A caller that cuts a text into windows repeats this many characters.
    public static final int WINDOW_OVERLAP_CHARS = 4096;

    /// From here on a verdict means "harmful" (the wire contract's default threshold).
    public static final double THRESHOLD = 0.6;

    private static final int DEPTH_MAX = 2;

    private final Set<String> excluded;

    /// @param excludedLanguages languages whose rules are left out, lower case: `shell`, `powershell`, `cmd`, `python`, `javascript`, `php`,
    ///     `java`, `ruby`, `perl`, `go`, `lua`, `c`, `sql`, `html`, `yaml`; aliases `bash`, `sh`, `js`, `node`, `typescript`, `py` are understood
    public CodeSecurity(Set<String> excludedLanguages) {
        excluded = excludedLanguages.stream()
                .map(name -> alias(name.toLowerCase(Locale.ROOT)))
                .collect(Collectors.toUnmodifiableSet());
    }

    private static String alias(String name) {
        return switch (name) {
            case "bash", "sh", "zsh" -> "shell";
            case "js", "node", "nodejs", "typescript", "ts" -> "javascript";
            case "py", "python3" -> "python";
            case "ps1", "pwsh" -> "powershell";
            case "batch", "bat" -> "cmd";
            case "golang" -> "go";
            case "c++", "cpp" -> "c";
            default -> name;
        };
    }

    @Override
    public String name() {
        return "code_security";
    }

    @Override
    public Verdict judge(String text) {
        List<Evidence> evidence = new ArrayList<>();
        judge(text, 0, 0, evidence);
        if (evidence.isEmpty()) return Verdict.CLEAR;
        double score = 0;
        Map<String, Double> categories = new LinkedHashMap<>();
        for (Evidence reason : evidence) {
            boolean advice = reason.category().equals("insecure_code");
            if (!advice) score = Math.max(score, reason.score());
            categories.merge(reason.category(), advice ? 0.0 : reason.score(), Math::max);
        }
        List<String> names = categories.entrySet().stream()
                .sorted(Map.Entry.<String, Double>comparingByValue(Comparator.reverseOrder()))
                .map(Map.Entry::getKey)
                .toList();
        evidence.sort(Comparator.comparingInt(Evidence::start));
        return new Verdict(score, names, evidence);
    }

    private void judge(String text, int depth, int at, List<Evidence> evidence) {
        View raw = View.raw(text);
        Search search = new Search(excluded, text, depth, at, depth == 0 && Prose.is(text), evidence);
        search.run(raw);
        View shell = raw.shell();
        if (shell != raw) search.run(shell);
        View web = raw.web();
        if (web != raw) {
            search.run(web);
            View both = web.shell();
            if (both != web) search.run(both);
        }
        if (depth < DEPTH_MAX) {
            Encoded.pieces(text, (start, decoded) -> judge(decoded, depth + 1, depth == 0 ? start : at, evidence));
        }
    }
}
