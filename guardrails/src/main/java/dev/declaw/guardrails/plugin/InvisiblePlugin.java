package dev.declaw.guardrails.plugin;

import dev.declaw.guardrails.invisible.InvisibleText;
import dev.declaw.model.scan.Cleaner;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import java.util.List;

/// Invisible text as a scanner that can clean. Thread-safe.
final class InvisiblePlugin implements Cleaner {
    private final InvisibleText invisible = new InvisibleText();
    private final ClassifierScanner scanner = new ClassifierScanner(invisible, InvisibleText.THRESHOLD, false);

    @Override
    public String name() {
        return invisible.name();
    }

    @Override
    public List<Finding> scan(ScanText text) {
        return scanner.scan(text);
    }

    @Override
    public String clean(String text) {
        return invisible.strip(text);
    }
}
