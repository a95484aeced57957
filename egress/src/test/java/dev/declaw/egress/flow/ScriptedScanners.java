package dev.declaw.egress.flow;

import dev.declaw.model.scan.Cleaner;
import dev.declaw.model.scan.ContentScanners;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.InjectionLevels;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/// Scanners that do what a test says, whenever a text holds the word `trigger`.
final class ScriptedScanners implements ContentScanners {
    private final Function<String, List<Finding>> script;
    private final boolean slow;

    /// @param slow whether the scanners say that they run a model
    ScriptedScanners(boolean slow, Function<String, List<Finding>> script) {
        this.slow = slow;
        this.script = script;
    }

    static List<Finding> fail(String text) {
        throw new IllegalStateException("a scanner that fails over: " + text);
    }

    static List<Finding> overflow(String text) {
        return overflow(text + "x");
    }

    static List<Finding> exhaust(String text) {
        throw new OutOfMemoryError("a scanner without memory");
    }

    /// Ignores interrupts for far longer than any time box, and then finds nothing.
    static List<Finding> hang(String text) {
        long end = System.nanoTime() + 20_000_000_000L;
        while (System.nanoTime() < end) LockSupport.parkNanos(10_000_000);
        return List.of();
    }

    @Override
    public Cleaner invisibleText() {
        return new Scripted("invisible_text");
    }

    @Override
    public Scanner injection(InjectionLevels levels) {
        return new Scripted("injection");
    }

    @Override
    public Scanner toxicity(double threshold) {
        return new Scripted("toxicity");
    }

    @Override
    public Scanner codeSecurity(double threshold, Set<String> excludedLanguages) {
        return new Scripted("code_security");
    }

    @Override
    public Optional<List<ScanText>> conversation(String body) {
        return Optional.empty();
    }

    @Override
    public void openFiles() {
        // has none
    }

    private final class Scripted implements Cleaner {
        private final String name;

        Scripted(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean slow() {
            return slow;
        }

        @Override
        public List<Finding> scan(ScanText text) {
            return text.text().contains("trigger") ? script.apply(text.text()) : List.of();
        }

        @Override
        public String clean(String text) {
            return text;
        }
    }
}
