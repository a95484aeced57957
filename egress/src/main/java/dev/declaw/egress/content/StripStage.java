package dev.declaw.egress.content;

import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.StagePolicy;
import dev.declaw.model.scan.Cleaner;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/// Finds characters that show nothing and, where the policy says so, takes them out or stops the request. Thread-safe.
final class StripStage implements EditStage {
    private final StagePolicy policy;
    private final Cleaner cleaner;

    StripStage(StagePolicy policy, Cleaner cleaner) {
        this.policy = Objects.requireNonNull(policy);
        this.cleaner = Objects.requireNonNull(cleaner);
    }

    @Override
    public String name() {
        return cleaner.name();
    }

    @Override
    public boolean slow() {
        return cleaner.slow();
    }

    @Override
    public Screened<String> screenTarget(String pathAndQuery, String host) {
        return guarded(() -> {
            Pass pass = new Pass();
            BodyWalk.target(pathAndQuery, pass);
            return pass.decide(pathAndQuery, false, Function.identity());
        });
    }

    @Override
    public Screened<String> screenHeader(String name, String value, String host) {
        return guarded(() -> {
            Pass pass = new Pass();
            pass.text(View.ofHeader(value), name);
            return pass.decide(value, true, Function.identity());
        });
    }

    @Override
    public Screened<byte[]> screenBody(byte[] decodedBody, String contentType, String host) {
        if (decodedBody.length == 0) return new Screened.Clean<>();
        return guarded(() -> {
            Pass pass = new Pass();
            return switch (BodyWalk.walk(decodedBody, contentType, pass)) {
                case BodyWalk.Walked.Refused(Reason reason) -> new Screened.Blocked<byte[]>(Map.of(), reason);
                case BodyWalk.Walked.Binary _ -> pass.decideUneditable();
                case BodyWalk.Walked.Source source -> pass.decide(source.text(), source.latin1(), source.encode());
            };
        });
    }

    /// A form is read pair by pair, decoded, so it must be there as a whole.
    @Override
    public Optional<StreamStage> stream(StreamedText text, String host) {
        if (slow() || policy.action() == ContentAction.BLOCK || text == StreamedText.FORM) return Optional.empty();
        return Optional.of(new StripStream(cleaner, policy.action(), text == StreamedText.JSON));
    }

    private static <T> Screened<T> guarded(Supplier<Screened<T>> screening) {
        try {
            return screening.get();
        } catch (RuntimeException e) {
            // Not judged, for whatever reason. The message may hold the text, so it goes nowhere.
            return new Screened.Blocked<>(Map.of(), Reason.SCANNER_FAILED);
        }
    }

    /// One message part.
    private final class Pass implements PieceVisitor {
        private final Rewrites rewrites = new Rewrites();
        private final Map<String, Integer> counts = new HashMap<>();

        private void look(View view, String key, Spelling spelling) {
            List<Finding> findings = ascii(view.text()) ? List.of() : cleaner.scan(new ScanText(view.text(), key));
            if (findings.isEmpty()) return;
            findings.forEach(finding -> counts.merge(finding.type(), 1, Integer::sum));
            if (policy.action() == ContentAction.STRIP) {
                rewrites.difference(view, cleaner.clean(view.text()), spelling);
            }
        }

        private static boolean ascii(String text) {
            for (int i = 0; i < text.length(); i++) {
                if (text.charAt(i) >= 0x80) return false;
            }
            return true;
        }

        @Override
        public void string(View value, String key) {
            look(value, key, Spelling.JSON);
        }

        @Override
        public void name(View name) {
            look(name, "", Spelling.JSON);
        }

        @Override
        public void number(View number, String key) {
            // digits show
        }

        @Override
        public void endOfJson(boolean wellFormed) {
            if (wellFormed) return;
            rewrites.clear();
            counts.clear();
        }

        @Override
        public void encoded(View view, String key, boolean plusIsSpace) {
            View round = view;
            for (int i = 0; i < 2; i++) {
                Optional<View> decoded = round.percentDecoded(plusIsSpace && i == 0);
                if (decoded.isEmpty()) break;
                round = decoded.get();
            }
            look(round, key, Spelling.PERCENT);
        }

        @Override
        public void text(View view, String key) {
            look(view, key, Spelling.PLAIN);
        }

        @Override
        public void again(View view) {
            if (rewrites.isEmpty()) look(view, "", Spelling.PERCENT);
        }

        @Override
        public void fixed(String text) {
            if (ascii(text)) return;
            cleaner.scan(ScanText.of(text)).forEach(finding -> counts.merge(finding.type(), 1, Integer::sum));
        }

        /// A text with a broken character is still read as one by lenient readers.
        @Override
        public void binary(String latin1) {
            if (!Collector.mostlyText(latin1)) return;
            String lenient = new String(latin1.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
            cleaner.scan(ScanText.of(lenient)).forEach(finding -> counts.merge(finding.type(), 1, Integer::sum));
        }

        Screened<byte[]> decideUneditable() {
            if (counts.isEmpty()) return new Screened.Clean<>();
            return policy.action() == ContentAction.LOG_ONLY
                    ? new Screened.Logged<>(counts)
                    : new Screened.Blocked<>(counts, Reason.INVISIBLE_TEXT_BLOCKED);
        }

        <T> Screened<T> decide(String source, boolean latin1, Function<String, T> encode) {
            if (counts.isEmpty()) return new Screened.Clean<>();
            return switch (policy.action()) {
                case BLOCK -> new Screened.Blocked<>(counts, Reason.INVISIBLE_TEXT_BLOCKED);
                case LOG_ONLY -> new Screened.Logged<>(counts);
                case STRIP, REDACT -> new Screened.Redacted<>(encode.apply(rewrites.apply(source, latin1)), counts);
            };
        }
    }
}
