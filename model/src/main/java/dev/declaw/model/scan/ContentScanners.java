package dev.declaw.model.scan;

import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;

/// Makes the scanners of a policy, beside those of personal data, which [PersonalDataScanners] makes. The implementation
/// is found as a service, so that the proxy and the guardrails need not know each other. Thread-safe.
public interface ContentScanners {
    /// Characters that show nothing and have no business where they stand.
    Cleaner invisibleText();

    /// Orders that an agent should not take.
    Scanner injection(InjectionLevels levels);

    /// @param threshold 0 to 1
    Scanner toxicity(double threshold);

    /// Commands, payloads and code that do harm.
    ///
    /// @param threshold 0 to 1
    /// @param excludedLanguages languages whose rules are left out, lower case
    Scanner codeSecurity(double threshold, Set<String> excludedLanguages);

    /// Takes the request body of an LLM API apart by who says what; empty when the text is no such body.
    Optional<List<ScanText>> conversation(String body);

    /// Opens the files (native libraries) that scanners need later, while the process still may.
    ///
    /// @throws IllegalStateException when that fails: a proxy whose scanners cannot run must not start
    void openFiles();

    /// The installed implementation.
    ///
    /// @throws IllegalStateException when there is none: a proxy without scanners must not start
    static ContentScanners installed() {
        return ServiceLoader.load(ContentScanners.class, ContentScanners.class.getClassLoader())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no content scanners are installed"));
    }
}
