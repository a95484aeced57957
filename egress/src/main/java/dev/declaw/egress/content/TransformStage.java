package dev.declaw.egress.content;

import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.Transformation;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/// Rewrites text by a policy's rules, one after the other in their order. A rule sees text, never syntax: a JSON string's
/// value, a query's or form's `name=value`, a segment of a path, a header's value, a part of a multipart body, or a whole
/// body of another format; and what it makes is written back so that it stays data. Thread-safe; linear time (RE2).
final class TransformStage implements EditStage {
    /// Rewritten text above this is refused: a rule may make much of little.
    private static final int TEXT_CHARS_MAX = 32 * 1024 * 1024;

    private static final String COUNT = "transformation";

    private final List<Transformation> rules;

    TransformStage(List<Transformation> rules) {
        this.rules = List.copyOf(rules);
    }

    @Override
    public String name() {
        return "transformations";
    }

    @Override
    public Screened<String> screenTarget(String pathAndQuery, String host) {
        return guarded(() -> {
            Pass pass = new Pass();
            int question = pathAndQuery.indexOf('?');
            int pathEnd = question < 0 ? pathAndQuery.length() : question;
            pass.cut(pathAndQuery, 0, pathEnd, "/", false);
            if (question >= 0) pass.cut(pathAndQuery, question + 1, pathAndQuery.length(), "&;", true);
            return pass.decide(pathAndQuery, false, Function.identity());
        });
    }

    @Override
    public Screened<String> screenHeader(String name, String value, String host) {
        String field = name.toLowerCase(Locale.ROOT);
        if (ContentScreen.STRUCTURAL_FIELDS.contains(field) || field.equals("content-type")) return new Screened.Clean<>();
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
                case BodyWalk.Walked.Binary _ -> new Screened.Clean<byte[]>();
                case BodyWalk.Walked.Source source -> pass.decide(source.text(), source.latin1(), source.encode());
            };
        });
    }

    /// A whole body, or event, of a response.
    ///
    /// @throws UnreadableResponseException when it cannot be rewritten
    byte[] rewriteResponse(byte[] body, String contentType) {
        return switch (screenBody(body, contentType, "")) {
            case Screened.Redacted<byte[]>(byte[] content, Map<String, Integer> _) -> content;
            case Screened.Blocked<byte[]> _ -> throw new UnreadableResponseException("it cannot be rewritten");
            case Screened.Clean<byte[]> _, Screened.Logged<byte[]> _ -> body;
        };
    }

    private static <T> Screened<T> guarded(Supplier<Screened<T>> screening) {
        try {
            return screening.get();
        } catch (RuntimeException e) {
            // Not rewritten, for whatever reason. The message may hold the text, so it goes nowhere.
            return new Screened.Blocked<>(Map.of(), Reason.SCANNER_FAILED);
        }
    }

    /// One message part.
    private final class Pass implements PieceVisitor {
        private final Rewrites rewrites = new Rewrites();
        private int replaced;

        private String rewritten(String text) {
            String current = text;
            for (Transformation rule : rules) {
                Transformation.Rewritten result = rule.apply(current, TEXT_CHARS_MAX);
                current = result.text();
                replaced += result.count();
            }
            return current;
        }

        private void rewrite(View view, Spelling spelling) {
            String changed = rewritten(view.text());
            if (!changed.equals(view.text())) {
                rewrites.replace(view.source(0), view.source(view.text().length()), spelling.spell(changed));
            }
        }

        @Override
        public void string(View value, String key) {
            rewrite(value, Spelling.JSON);
        }

        @Override
        public void name(View name) {
            // a member's name is syntax to whoever reads it
        }

        /// A number that is rewritten becomes a string, unless it stays a number.
        @Override
        public void number(View number, String key) {
            String changed = rewritten(number.text());
            if (changed.equals(number.text())) return;
            boolean plain = changed.matches("-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?");
            rewrites.replace(
                    number.source(0),
                    number.source(number.text().length()),
                    plain ? changed : '"' + Spelling.JSON.spell(changed) + '"');
        }

        @Override
        public void endOfJson(boolean wellFormed) {
            if (wellFormed) return;
            rewrites.clear();
            replaced = 0;
        }

        @Override
        public void encoded(View view, String key, boolean plusIsSpace) {
            // names and values are seen together, in again()
        }

        @Override
        public void text(View view, String key) {
            rewrite(view, Spelling.PLAIN);
        }

        /// A form.
        @Override
        public void again(View view) {
            cut(view.text(), 0, view.text().length(), "&;", true);
        }

        @Override
        public void fixed(String text) {
            // what cannot be edited cannot be rewritten
        }

        @Override
        public void binary(String latin1) {
            // no text, nothing to rewrite
        }

        /// Rewrites what stands between separators.
        void cut(String text, int from, int to, String separators, boolean pairs) {
            int start = from;
            for (int i = from; i <= to; i++) {
                if (i < to && separators.indexOf(text.charAt(i)) < 0) continue;
                piece(text, start, i, pairs);
                start = i + 1;
            }
        }

        private void piece(String text, int start, int end, boolean pair) {
            if (start == end) return;
            String plain = decoded(text.substring(start, end), pair);
            String changed = rewritten(plain);
            if (changed.equals(plain)) return;
            int equals = pair && text.substring(start, end).indexOf('=') >= 0 ? changed.indexOf('=') : -1;
            String spelled = equals < 0
                    ? Spelling.PERCENT.spell(changed)
                    : Spelling.PERCENT.spell(changed.substring(0, equals)) + "="
                            + Spelling.PERCENT.spell(changed.substring(equals + 1));
            rewrites.replace(start, end, spelled);
        }

        private static String decoded(String raw, boolean plusIsSpace) {
            return View.of(raw, 0, raw.length()).percentDecoded(plusIsSpace).map(View::text).orElse(raw);
        }

        <T> Screened<T> decide(String source, boolean latin1, Function<String, T> encode) {
            if (rewrites.isEmpty()) return new Screened.Clean<>();
            return new Screened.Redacted<>(encode.apply(rewrites.apply(source, latin1)), Map.of(COUNT, replaced));
        }
    }
}
