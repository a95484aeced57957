package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.e2e.world.Checkout;
import dev.declaw.model.policy.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What neither types nor ArchUnit can say about the checkout.
class TidyTest {
    private static final Path ROOT = Checkout.launcher().getParent();
    private static final int FILE_LINES_MAX = 450;

    private static List<Path> files(String... suffixes) throws IOException {
        try (Stream<Path> all = Files.walk(ROOT)) {
            return all.filter(Files::isRegularFile)
                    .filter(file -> !ROOT.relativize(file).toString().matches("(.*/)?(target|\\.git|\\.build|\\.venv)/.*"))
                    .filter(file -> Stream.of(suffixes).anyMatch(suffix -> file.toString().endsWith(suffix)))
                    .toList();
        }
    }

    @Test
    void filesCanBeHeldInMind() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path file : files(".java", ".go", ".py", ".sh")) {
            long lines;
            try (Stream<String> text = Files.lines(file)) {
                lines = text.count();
            }
            if (lines > FILE_LINES_MAX) tooLong.add(ROOT.relativize(file) + ": " + lines + " lines");
        }
        assertThat(tooLong).as("files over " + FILE_LINES_MAX + " lines").isEmpty();
    }

    @Test
    void everyPackageSaysWhatLivesThere() throws IOException {
        List<Path> silent = new ArrayList<>();
        for (Path file : files(".java")) {
            Path folder = file.getParent();
            if (folder.toString().contains("/src/main/java/dev/") && !Files.exists(folder.resolve("package-info.java"))) {
                silent.add(ROOT.relativize(folder));
            }
        }
        assertThat(silent).isEmpty();
    }

    @Test
    void documentsLinkToWhatIsThere() throws IOException {
        Pattern link = Pattern.compile("\\[[^\\]]*\\]\\((?!https?:|#)([^)#]+)[^)]*\\)");
        List<String> broken = new ArrayList<>();
        for (Path file : files(".md")) {
            Matcher matcher = link.matcher(Files.readString(file));
            while (matcher.find()) {
                if (!Files.exists(file.getParent().resolve(matcher.group(1)))) {
                    broken.add(ROOT.relativize(file) + " → " + matcher.group(1));
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void everyReasonOfADecisionIsDocumented() throws IOException {
        String reference = Files.readString(ROOT.resolve("docs/reasons.md"));
        for (Reason reason : Reason.values()) {
            assertThat(reference).contains("`" + reason.code() + "`");
        }
    }

    @Test
    void everyTestThatTheThreatModelNamesExists() throws IOException {
        Matcher named = Pattern.compile("`([A-Z][A-Za-z]+Test)[.`]").matcher(Files.readString(ROOT.resolve("docs/threat-model.md")));
        List<String> names = files("Test.java").stream().map(file -> file.getFileName().toString()).toList();
        int count = 0;
        while (named.find()) {
            assertThat(names).contains(named.group(1) + ".java");
            count++;
        }
        assertThat(count).isPositive();
    }
}
