package dev.declaw.egress.flow;

import dev.declaw.egress.content.BodyDecoder;
import dev.declaw.egress.content.ContentScreen;
import dev.declaw.egress.content.Screened;
import dev.declaw.egress.flow.FlowRecorder.Screening;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.model.policy.Reason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// Takes one request through the content stages: target, header values and body. What it holds afterwards is what may be
/// sent. One thread at a time; an exception of a scanner passes through, and the caller must then block.
final class RequestScreening {
    static final String SCANNER = "pii";

    /// Digests over a body that may change, and fields that ask for a response that could not be read.
    private static final Set<String> DROPPED = fieldNames("Content-MD5", "Digest", "Content-Digest", "Repr-Digest");

    private static final Set<String> DROPPED_TO_REHYDRATE = fieldNames("Accept-Encoding", "Range", "If-Range");

    private final ContentScreen screen;
    private final RequestHead head;
    private final String host;
    private final boolean rehydrate;
    private final Map<String, Integer> counts = new HashMap<>();
    private boolean redacted;
    private boolean foundInTarget;
    private String target;
    private List<Field> fields;
    private byte[] body = {};

    /// @param rehydrate whether tokens in the response will be turned back, so that it must come uncompressed and whole
    RequestScreening(ContentScreen screen, RequestHead head, String host, boolean rehydrate) {
        this.screen = screen;
        this.head = head;
        this.host = host;
        this.rehydrate = rehydrate;
        this.target = head.target();
        this.fields = head.fields();
    }

    /// Screens target and header values.
    ///
    /// @return why the request must not leave, or null
    Reason screenHead() {
        Screened<String> screened = screen.screenTarget(head.target(), host);
        foundInTarget = !screened.counts().isEmpty();
        count(screened);
        if (screened instanceof Screened.Blocked<String> blocked) return blocked.reason();
        if (screened instanceof Screened.Redacted<String> changed) target = changed.content();
        if (!RequestHead.isTarget(target)) return Reason.SCANNER_FAILED;
        List<Field> passed = new ArrayList<>(head.fields().size() + 1);
        for (Field field : head.fields()) {
            if (DROPPED.contains(field.name()) || rehydrate && DROPPED_TO_REHYDRATE.contains(field.name())) continue;
            Screened<String> value = screen.screenHeader(field.name(), field.value(), host);
            count(value);
            switch (value) {
                case Screened.Blocked<String> blocked -> {
                    return blocked.reason();
                }
                case Screened.Redacted<String> changed -> {
                    if (!Field.mayCarry(changed.content())) return Reason.SCANNER_FAILED;
                    passed.add(new Field(field.name(), changed.content()));
                }
                case Screened.Clean<String> _, Screened.Logged<String> _ -> passed.add(field);
            }
        }
        if (rehydrate) passed.add(new Field("Accept-Encoding", "identity"));
        fields = passed;
        return null;
    }

    /// Takes the content codings off a body and screens it. What is sent has none.
    ///
    /// @return why the request must not leave, or null
    Reason screenBody(BodyDecoder decoder, byte[] encoded) {
        String contentType = head.value("Content-Type");
        switch (decoder.decode(encoded, head.value("Content-Encoding"))) {
            case BodyDecoder.Decoded.Refused refused -> {
                return refused.reason();
            }
            case BodyDecoder.Decoded.Plain plain -> body = plain.bytes();
        }
        fields = fields.stream()
                .filter(field -> !field.is("Content-Encoding"))
                .toList();
        Screened<byte[]> screened = screen.screenBody(body, contentType, host);
        count(screened);
        if (screened instanceof Screened.Blocked<byte[]> blocked) return blocked.reason();
        if (screened instanceof Screened.Redacted<byte[]> changed) body = changed.content();
        return null;
    }

    static List<Field> withoutDigests(List<Field> fields) {
        return fields.stream().filter(field -> !DROPPED.contains(field.name())).toList();
    }

    private void count(Screened<?> screened) {
        redacted |= screened instanceof Screened.Redacted<?>;
        screened.counts().forEach((type, number) -> counts.merge(type, number, Integer::sum));
    }

    String target() {
        return target;
    }

    List<Field> fields() {
        return fields;
    }

    byte[] body() {
        return body;
    }

    /// The path for the audit log, which never holds what a scanner found.
    String auditPath() {
        if (foundInTarget && target.equals(head.target())) return "(withheld: personal data)";
        return Subject.mask(target);
    }

    /// What an allow event says beside the rule; null when nothing was found.
    Reason note() {
        if (counts.isEmpty()) return null;
        return redacted ? Reason.PII_REDACTED : Reason.PII_LOGGED;
    }

    /// Who looked and what was found.
    Screening screening() {
        return new Screening(SCANNER, Map.copyOf(counts));
    }

    private static Set<String> fieldNames(String... names) {
        Set<String> set = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        set.addAll(List.of(names));
        return set;
    }
}
