package dev.declaw.egress.flow;

import dev.declaw.egress.content.BodyDecoder;
import dev.declaw.egress.content.BodyStream;
import dev.declaw.egress.content.ContentRun;
import dev.declaw.egress.content.ResponseRun;
import dev.declaw.egress.credential.Binding;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.flow.FlowRecorder.Screening;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.egress.http.ResponseHead;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/// Takes one request through the content stages: target, header values and body. What it holds afterwards is what may be
/// sent. One thread at a time; an exception of a scanner passes through, and the caller must then block.
final class RequestScreening {
    /// Digests over a body that may change, and fields that ask for a response that could not be read.
    private static final Set<String> DROPPED = fieldNames("Content-MD5", "Digest", "Content-Digest", "Repr-Digest");

    private static final Set<String> DROPPED_TO_READ = fieldNames("Accept-Encoding", "Range", "If-Range");

    private final ContentRun run;
    private final RequestHead head;
    private String target;
    private List<Field> fields;
    private byte[] body = {};
    private boolean signsBody;
    private volatile String auditPath = "(withheld: not screened)";

    RequestScreening(ContentRun run, RequestHead head) {
        this.run = run;
        this.head = head;
        this.target = head.target();
        this.fields = head.fields();
    }

    /// Screens target and header values.
    ///
    /// @return why the request must not leave, or null
    Reason screenHead() {
        boolean readsResponse = run.readsResponse();
        if (!readsResponse && !run.readsBody()) { // opened only to be judged and recorded by itself
            auditPath = Subject.mask(head.target());
            return null;
        }
        target = run.target(head.method(), head.target());
        auditPath = run.targetShown() ? Subject.mask(target) : "(withheld: personal data)";
        if (!RequestHead.isTarget(target)) run.refuse(Reason.UNSAFE_REWRITE, "transformations");
        List<Field> passed = new ArrayList<>(head.fields().size() + 1);
        for (Field field : head.fields()) {
            if (run.refused().isPresent()) break;
            if (DROPPED.contains(field.name()) || readsResponse && DROPPED_TO_READ.contains(field.name())) continue;
            String value = run.header(field.name(), field.value());
            if (!Field.mayCarry(value)) run.refuse(Reason.UNSAFE_REWRITE, "transformations");
            passed.add(value.equals(field.value()) ? field : new Field(field.name(), value));
        }
        if (readsResponse) passed.add(new Field("Accept-Encoding", "identity"));
        fields = passed;
        return run.refused().orElse(null);
    }

    /// Whether the body must be held until it is judged, or signed, as a whole; otherwise it may be passed on as it comes.
    boolean readsBody() {
        return run.readsBody() || signsBody;
    }

    /// Asked once, when the head was screened: whether a credential signs the body.
    void willSend(boolean secure, Optional<HostName> host, Destination destination) {
        signsBody = run.signsBody(request(secure, host, destination), fields);
    }

    private Binding.Request request(boolean secure, Optional<HostName> host, Destination destination) {
        return new Binding.Request(secure ? "https" : "http", host, destination.port(), head.method(), target);
    }

    /// Whether a body that is too large to be held may be streamed, as far as the head tells.
    boolean mayStream() {
        return !signsBody && run.mayStream() && (head.value("Content-Encoding").isEmpty() || head.value("Content-Encoding").equalsIgnoreCase("identity"));
    }

    /// @param begin the first bytes of the body
    Optional<BodyStream> bodyStream(byte[] begin) {
        return run.bodyStream(head.value("Content-Type"), begin);
    }

    /// Puts in the credentials that are bound to the request: the last step before it is encoded.
    ///
    /// @return why the request must not leave, or null
    Reason inject(boolean secure, Optional<HostName> host, Destination destination) {
        if (run.inject(request(secure, host, destination), fields, body, Instant.now())
                instanceof CredentialSet.Outcome.Injected injected) {
            if (!RequestHead.isTarget(injected.target())) return Reason.CREDENTIAL_UNAVAILABLE;
            target = injected.target();
            fields = injected.fields();
        }
        return run.refused().orElse(null);
    }

    /// The screening of one message on the connection that this request opened.
    ContentRun message() {
        return run.message();
    }

    /// A response's reason phrase without the credentials of the request.
    String masked(String reason) {
        return run.masked(reason);
    }

    /// A response's fields without the credentials of the request.
    List<Field> masked(List<Field> response) {
        if (!run.masks()) return response;
        return response.stream()
                .map(field -> {
                    String value = run.masked(field.value());
                    return value.equals(field.value()) ? field : new Field(field.name(), value);
                })
                .toList();
    }

    /// Whether the request must go through [#screenBody] although it has no body: something judges it as a whole.
    boolean judging() {
        return run.judging();
    }

    /// Whether [#screenHead] may take milliseconds, so that it must not run on an event loop.
    boolean slowHead() {
        return run.slowHead();
    }

    /// Whether [#screenBody] may take milliseconds whatever the body's size, so that it must not run on an event loop.
    boolean slow() {
        return run.slow();
    }

    /// [#screenHead] for callers that cannot let an exception pass: whatever goes wrong in a scanner is a reason to block,
    /// never to let pass.
    Reason judgeHead() {
        return guarded(this::screenHead);
    }

    /// The rest of the request, its head included where that was left for now.
    Reason judgeRest(BodyDecoder decoder, byte[] encoded) {
        Reason refused = slowHead() ? judgeHead() : null;
        return refused != null ? refused : guarded(() -> screenBody(decoder, encoded));
    }

    private static Reason guarded(Supplier<Reason> stage) {
        try {
            return stage.get();
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            return Reason.SCANNER_FAILED;
        }
    }

    /// Takes the content codings off a body, screens it, and judges the request as a whole. What is sent has no coding.
    ///
    /// @param encoded empty for a request without a body
    /// @return why the request must not leave, or null
    Reason screenBody(BodyDecoder decoder, byte[] encoded) {
        if (encoded.length > 0 && !run.readsBody()) {
            body = encoded; // held to be signed as it is
        } else if (encoded.length > 0) {
            switch (decoder.decode(encoded, head.value("Content-Encoding"))) {
                case BodyDecoder.Decoded.Refused refused -> {
                    return refused.reason();
                }
                case BodyDecoder.Decoded.Plain plain -> body = plain.bytes();
            }
            fields = fields.stream().filter(field -> !field.is("Content-Encoding")).toList();
            body = run.body(body, head.value("Content-Type"));
        }
        run.judge();
        return run.refused().orElse(null);
    }

    static List<Field> withoutDigests(List<Field> fields) {
        return fields.stream().filter(field -> !DROPPED.contains(field.name())).toList();
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

    /// What the response's body goes through; empty for one that goes on as it comes.
    Optional<ResponseRun> response(ResponseHead response) {
        return run.response(response.value("Content-Type"), response.value("Content-Encoding"));
    }

    /// The path for the audit log, which never holds what a scanner found, nor what none has read.
    String auditPath() {
        return auditPath;
    }

    /// What the allow event says: the network's decision, or what the content stages made of the request.
    Decision decision(Decision network) {
        Optional<Reason> would = run.wouldRefuse();
        if (would.isPresent()) return new Decision.Report(would.get(), network.rule());
        Optional<Reason> note = run.note();
        if (note.isEmpty() || network instanceof Decision.Report) return network;
        return Decision.allow(note.get(), network.rule().orElse(null));
    }

    /// The denial with the rules of the custom policy, where those say it.
    Decision denial(Reason refused) {
        return Decision.deny(refused, run.rule().isEmpty() ? null : run.rule());
    }

    /// What the custom policy says to the sandbox; empty for nothing.
    String said() {
        return run.refused().isPresent() ? run.said() : "";
    }

    /// Who looked, what was found, and what each stage decided.
    Screening screening() {
        return new Screening(run.scanner(), run.counts(), run.decisions());
    }

    private static Set<String> fieldNames(String... names) {
        Set<String> set = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        set.addAll(List.of(names));
        return set;
    }
}
