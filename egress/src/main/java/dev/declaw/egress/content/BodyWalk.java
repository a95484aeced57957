package dev.declaw.egress.content;

import dev.declaw.model.policy.Reason;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/// Takes a body apart by its format and shows each piece to a visitor. The content type is a hint: what looks like JSON is
/// walked as JSON, and what turns out to be none is shown as text. Stateless.
final class BodyWalk {
    /// What the pieces refer to.
    sealed interface Walked {
        /// Text that can be edited and encoded again.
        ///
        /// @param latin1 whether each character of the source stands for one byte, so that text put into it must be UTF-8
        record Source(String text, Function<String, byte[]> encode, boolean latin1) implements Walked {}

        /// Bytes that can only be let through or refused.
        record Binary() implements Walked {}

        /// A body that cannot be read.
        record Refused(Reason reason) implements Walked {}
    }

    private static final BodyDecoder UNLABELLED = new BodyDecoder(16 * 1024 * 1024);

    private BodyWalk() {}

    /// @param contentType value of the Content-Type field, or empty
    static Walked walk(byte[] body, String contentType, PieceVisitor visitor) {
        String type = mediaType(contentType);
        if (type.startsWith("multipart/")) {
            String latin1 = new String(body, StandardCharsets.ISO_8859_1);
            Multipart.scan(body, latin1, BodyText.parameter(contentType, "boundary"), visitor);
            return new Walked.Source(latin1, text -> text.getBytes(StandardCharsets.ISO_8859_1), true);
        }
        if (type.startsWith("application/grpc") && !type.contains("-web-text") && !type.contains("json")) {
            Protobuf.Framing framing = Protobuf.grpc(body, UNLABELLED, visitor::fixed);
            if (framing == Protobuf.Framing.SEALED) return new Walked.Refused(Reason.UNDECODABLE_BODY);
            if (framing == Protobuf.Framing.MESSAGES) {
                visitor.binary(new String(body, StandardCharsets.ISO_8859_1));
                return new Walked.Binary();
            }
        }
        if (type.contains("protobuf") && Protobuf.message(body, visitor::fixed)) {
            visitor.binary(new String(body, StandardCharsets.ISO_8859_1)); // its lengths forbid to edit it as the text it may look like
            return new Walked.Binary();
        }
        return switch (BodyText.of(body, contentType)) {
            case BodyText.Unknown _ -> new Walked.Refused(Reason.UNDECODABLE_BODY);
            case BodyText.Binary _ -> {
                Optional<Reason> refused = compressed(body, visitor);
                if (refused.isPresent()) yield new Walked.Refused(refused.get());
                Protobuf.message(body, visitor::fixed);
                visitor.binary(new String(body, StandardCharsets.ISO_8859_1));
                yield new Walked.Binary();
            }
            case BodyText.Text text -> {
                if (text.alsoBytes()) visitor.binary(new String(body, StandardCharsets.ISO_8859_1));
                text(text.text(), type, visitor);
                yield new Walked.Source(text.text(), text::encode, false);
            }
        };
    }

    /// A body that is compressed without saying so, such as an uploaded archive, is read one layer deep; what is found in
    /// there cannot be replaced. One that cannot be decoded is only bytes.
    private static Optional<Reason> compressed(byte[] body, PieceVisitor visitor) {
        return switch (UNLABELLED.decodeUnlabelled(body)) {
            case BodyDecoder.Decoded.Refused(Reason reason) ->
                reason == Reason.REQUEST_TOO_LARGE ? Optional.of(reason) : Optional.empty();
            case BodyDecoder.Decoded.Plain(byte[] bytes) -> {
                visitor.binary(new String(bytes, StandardCharsets.ISO_8859_1));
                yield Optional.empty();
            }
        };
    }

    private static void text(String text, String type, PieceVisitor visitor) {
        boolean json = type.endsWith("json") || type.contains("ndjson") || type.contains("jsonl");
        if ((json || startsLikeJson(text)) && json(text, visitor)) return;
        if (type.equals("application/x-www-form-urlencoded")) {
            pairs(text, 0, text.length(), visitor);
            visitor.again(View.of(text, 0, text.length()));
        } else {
            visitor.text(View.of(text, 0, text.length()), "");
        }
    }

    /// False when it is no JSON after all.
    private static boolean json(String text, PieceVisitor visitor) {
        JsonWalk walk = new JsonWalk(text, new JsonWalk.Visitor() {
            @Override
            public void string(int start, int end, String key) {
                visitor.string(unescaped(start, end), key);
            }

            @Override
            public void key(int start, int end) {
                visitor.name(unescaped(start, end));
            }

            @Override
            public void number(int start, int end, String key) {
                visitor.number(View.of(text, start, end), key);
            }

            private View unescaped(int start, int end) {
                View raw = View.of(text, start, end);
                return raw.unescaped().orElse(raw);
            }
        });
        boolean wellFormed = walk.walk();
        visitor.endOfJson(wellFormed);
        return wellFormed;
    }

    /// The path as one text, then each name and value of the query.
    ///
    /// @param pathAndQuery origin-form request target (RFC 9112 §3.2.1)
    static void target(String pathAndQuery, PieceVisitor visitor) {
        int question = pathAndQuery.indexOf('?');
        visitor.encoded(View.of(pathAndQuery, 0, question < 0 ? pathAndQuery.length() : question), "", true);
        if (question >= 0) pairs(pathAndQuery, question + 1, pathAndQuery.length(), visitor);
    }

    /// `name=value` pairs of a query or form.
    private static void pairs(String text, int from, int to, PieceVisitor visitor) {
        int start = from;
        for (int i = from; i <= to; i++) {
            if (i < to && text.charAt(i) != '&' && text.charAt(i) != ';') continue;
            int equals = text.indexOf('=', start, i);
            if (equals >= 0) {
                String name = text.substring(start, equals);
                visitor.encoded(View.of(text, start, equals), "", true);
                visitor.encoded(View.of(text, equals + 1, i), decodedOnce(name), true);
            } else if (i > start) {
                visitor.encoded(View.of(text, start, i), "", true);
            }
            start = i + 1;
        }
    }

    private static String decodedOnce(String name) {
        return View.of(name, 0, name.length()).percentDecoded(true).map(View::text).orElse(name);
    }

    private static boolean startsLikeJson(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
            return c == '{' || c == '[' || c == '"';
        }
        return false;
    }

    /// The media type in lower case, without parameters.
    static String mediaType(String contentType) {
        int semicolon = contentType.indexOf(';');
        return (semicolon < 0 ? contentType : contentType.substring(0, semicolon)).strip().toLowerCase(Locale.ROOT);
    }
}
