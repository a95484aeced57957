package dev.declaw.server;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.guardrails.Verdict.Evidence;
import dev.declaw.guardrails.report.AllScanners;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What each guardrail scanner says about a file.
@Command(
        name = "scan",
        description = "Show what each guardrail scanner says about a file: scores, where, and why. Exit code 0: nothing flagged, 1: something was, 2: not read.",
        mixinStandardHelpOptions = true)
final class ScanCommand implements Callable<Integer> {
    private static final int FILE_BYTES_MAX = 16 * 1024 * 1024;
    private static final int FINDINGS_SHOWN_MAX = 20;
    private static final int QUOTE_CHARS_MAX = 60;
    private static final int EXIT_FLAGGED = 1;
    private static final int EXIT_USAGE = 2;

    @Parameters(index = "0", paramLabel = "FILE", description = "The file, UTF-8; - for standard input.")
    private String file;

    @Option(names = "--json", description = "One JSON object a scanner and line; positions count code points.")
    private boolean json;

    @Option(names = "--only", split = ",", paramLabel = "SCANNER", description = "Some scanners only: ${COMPLETION-CANDIDATES}", completionCandidates = Names.class)
    private List<String> only = AllScanners.NAMES;

    /// For the help text.
    static final class Names implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return AllScanners.NAMES.iterator();
        }
    }

    @Override
    public Integer call() {
        try {
            return scan(read(), System.out);
        } catch (IOException e) {
            System.err.println("declaw scan: cannot read " + file + ": " + e.getMessage());
            return EXIT_USAGE;
        } catch (IllegalArgumentException e) {
            System.err.println("declaw scan: " + e.getMessage());
            return EXIT_USAGE;
        }
    }

    private String read() throws IOException {
        byte[] bytes;
        try (InputStream in = file.equals("-") ? System.in : Files.newInputStream(Path.of(file))) {
            bytes = in.readNBytes(FILE_BYTES_MAX + 1);
        }
        if (bytes.length > FILE_BYTES_MAX) throw new IllegalArgumentException("the file is larger than " + FILE_BYTES_MAX + " bytes");
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private int scan(String text, PrintStream out) {
        boolean flagged = false;
        try (AllScanners scanners = new AllScanners()) {
            for (String name : only) {
                long started = System.nanoTime();
                AllScanners.Result result = scanners.scan(name, text, "", AllScanners.allTypes());
                long micros = (System.nanoTime() - started) / 1000;
                flagged |= result.flagged();
                if (json) out.println(line(result, text, micros));
                else show(result, text, micros, out);
            }
        }
        return flagged ? EXIT_FLAGGED : 0;
    }

    private static ObjectNode line(AllScanners.Result result, String text, long micros) {
        ObjectNode line = JsonMapper.builder().build().createObjectNode();
        line.put("scanner", result.scanner()).put("score", result.score()).put("threshold", result.threshold()).put("flagged", result.flagged());
        ArrayNode categories = line.putArray("categories");
        result.categories().forEach(categories::add);
        ArrayNode findings = line.putArray("findings");
        for (Evidence finding : result.findings()) {
            int start = text.codePointCount(0, finding.start());
            findings.addObject()
                    .put("type", finding.category())
                    .put("rule", finding.rule())
                    .put("start", start)
                    .put("end", start + text.codePointCount(finding.start(), finding.end()))
                    .put("score", finding.score())
                    .put("reason", finding.detail());
        }
        return line.put("micros", micros);
    }

    private static void show(AllScanners.Result result, String text, long micros, PrintStream out) {
        out.printf(
                Locale.ROOT, "%-17s %s  score %.3f (threshold %.2f)  %d µs%s%n", result.scanner(), result.flagged() ? "FLAGGED" : "clear  ", result.score(), result.threshold(), micros,
                result.categories().isEmpty() ? "" : "  " + String.join(", ", result.categories()));
        for (Evidence finding : result.findings().subList(0, Math.min(FINDINGS_SHOWN_MAX, result.findings().size()))) {
            int line = (int) text.substring(0, finding.start()).chars().filter(c -> c == '\n').count() + 1;
            int column = finding.start() - text.lastIndexOf('\n', finding.start() - 1);
            String quote = text.substring(finding.start(), Math.min(finding.end(), finding.start() + QUOTE_CHARS_MAX)).replaceAll("\\p{Cntrl}", " ");
            out.printf(Locale.ROOT, "  %d:%d  %s %.2f  %s%s%n", line, column, finding.rule(), finding.score(), quote, finding.detail().isEmpty() ? "" : "  (" + finding.detail() + ")");
        }
        int more = result.findings().size() - FINDINGS_SHOWN_MAX;
        if (more > 0) out.println("  and " + more + " more");
    }
}
