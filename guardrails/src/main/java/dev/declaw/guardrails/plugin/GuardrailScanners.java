package dev.declaw.guardrails.plugin;

import ai.onnxruntime.OrtEnvironment;
import dev.declaw.guardrails.code.CodeSecurity;
import dev.declaw.guardrails.encoder.TextEncoder;
import dev.declaw.guardrails.encoder.WindowEncoder;
import dev.declaw.guardrails.injection.InjectionScanner;
import dev.declaw.guardrails.injection.LlmBody;
import dev.declaw.guardrails.toxicity.ToxicityScanner;
import dev.declaw.model.scan.Author;
import dev.declaw.model.scan.Cleaner;
import dev.declaw.model.scan.ContentScanners;
import dev.declaw.model.scan.InjectionLevels;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Provides the scanners of this module to whoever asks for [ContentScanners]. The models are read once, when the first
/// policy needs them, and stay for the life of the process. Thread-safe.
public final class GuardrailScanners implements ContentScanners {
    /// Read on first use, under the lock of class initialisation.
    private static final class Models {
        static final Optional<WindowEncoder> ENCODER = Optional.of(TextEncoder.shared());
        static final InjectionScanner INJECTION = new InjectionScanner(ENCODER);
        static final ToxicityScanner TOXICITY = new ToxicityScanner(ENCODER);
    }

    /// For the service loader.
    public GuardrailScanners() {}

    @Override
    public Cleaner invisibleText() {
        return new InvisiblePlugin();
    }

    @Override
    public Scanner injection(InjectionLevels levels) {
        return new InjectionPlugin(Models.INJECTION, levels);
    }

    @Override
    public Scanner toxicity(double threshold) {
        return new ClassifierScanner(Models.TOXICITY, threshold, true);
    }

    @Override
    public Scanner codeSecurity(double threshold, Set<String> excludedLanguages) {
        return new ClassifierScanner(new CodeSecurity(excludedLanguages), threshold, false);
    }

    @Override
    public Optional<List<ScanText>> conversation(String body) {
        return LlmBody.read(body).map(pieces -> pieces.stream()
                .map(piece -> new ScanText(piece.text(), "", Author.valueOf(piece.origin().name())))
                .toList());
    }

    @Override
    public void openFiles() {
        try {
            OrtEnvironment.getEnvironment();
        } catch (UnsatisfiedLinkError e) {
            throw new IllegalStateException("the runtime of the text encoder does not load", e);
        }
    }
}
