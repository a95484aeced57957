package dev.declaw.egress.content;

import dev.declaw.egress.credential.Binding;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.credential.SecretText;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.egress.http.Field;
import dev.declaw.model.policy.PolicyMode;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.scan.ContentScanners;
import dev.declaw.model.scan.ScanText;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// One request on its way through the content stages: first target and headers, then the body, then the judgement of it
/// all. After a refusal it must not leave, and nothing more is asked. One thread at a time works on it; what came of it may be
/// asked from another, which gave up waiting. Keeps no text beyond its life.
///
/// Under [PolicyMode#REPORT] everything passes as it came, and the decisions tell what would have been done.
public final class ContentRun {
    /// Ordinary fields whose values are formats of their own, which a judge of language would only misread.
    private static final Set<String> UNSPOKEN_FIELDS = names(
            "accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "content-type", "date",
            "dnt", "etag", "forwarded", "from", "if-match", "if-modified-since", "if-none-match", "if-range",
            "if-unmodified-since", "origin", "pragma", "range", "referer", "sec-fetch-dest", "sec-fetch-mode",
            "sec-fetch-site", "user-agent", "via");

    private final HostStages stages;
    private final ContentScanners scanners;
    private final String peer;
    private final boolean reports;
    private final ResponseStages responses;
    private final CredentialSet credentials;
    private final PolicyMode mode;
    private Optional<Scrub> scrub = Optional.empty();
    private final Collector head = new Collector();
    private final Collector body = new Collector();
    private final Map<String, Integer> counts = new HashMap<>();
    private final Map<String, String> decisions = new LinkedHashMap<>();
    private final Set<String> found = new TreeSet<>();
    private Reason refused;
    private Reason wouldRefuse;
    private String refusedBy = "";
    private volatile String rule = "";
    private volatile String said = "";
    private boolean redacted;
    private boolean changed;
    private int bodyBytes;
    private volatile boolean targetShown;
    private String method = "";
    private String target = "";

    ContentRun(
            HostStages stages,
            ContentScanners scanners,
            String peer,
            PolicyMode mode,
            ResponseStages responses,
            CredentialSet credentials) {
        this.responses = responses;
        this.credentials = credentials;
        this.mode = mode;
        this.stages = stages;
        this.scanners = scanners;
        this.peer = peer;
        this.reports = mode == PolicyMode.REPORT;
        stages.edits().forEach(stage -> decisions.put(stage.name(), "clear"));
        stages.judges().forEach(stage -> decisions.put(stage.scanner().name(), "clear"));
        if (stages.gate().isPresent()) decisions.put(GateStage.NAME, "clear");
        if (stages.custom().isPresent()) decisions.put(CustomStage.NAME, "clear");
    }

    /// Whether the rest of the run may take milliseconds.
    public boolean slow() {
        return stages.slow();
    }

    /// Whether target and headers may take milliseconds as well.
    public boolean slowHead() {
        return stages.slowEdits();
    }

    /// Whether [#judge] has something to do.
    public boolean judging() {
        return stages.judging();
    }

    /// @return what may be sent instead of the target
    public String target(String requestMethod, String pathAndQuery) {
        method = requestMethod;
        String current = pathAndQuery;
        boolean clean = true;
        for (EditStage stage : stages.edits()) {
            if (refused != null) return current;
            Screened<String> screened = stage.screenTarget(current, peer);
            boolean leftIn = screened instanceof Screened.Blocked<?> || !screened.counts().isEmpty();
            clean &= !leftIn || screened instanceof Screened.Redacted<?> && !reports;
            current = after(stage, screened, current);
        }
        targetShown = clean;
        target = current;
        if (!stages.judges().isEmpty()) head.target(current);
        return current;
    }

    /// @return what may be sent instead of the field's value
    public String header(String name, String value) {
        String current = value;
        for (EditStage stage : stages.edits()) {
            if (refused != null) return current;
            current = after(stage, stage.screenHeader(name, current, peer), current);
        }
        if (!stages.judges().isEmpty() && spoken(name)) head.header(name, current);
        return current;
    }

    private static boolean spoken(String name) {
        return !UNSPOKEN_FIELDS.contains(name)
                && !ContentScreen.STRUCTURAL_FIELDS.contains(name.toLowerCase(java.util.Locale.ROOT))
                && !ContentScreen.CREDENTIAL_FIELDS.contains(name.toLowerCase(java.util.Locale.ROOT));
    }

    /// @return what may be sent instead of the body
    public byte[] body(byte[] decoded, String contentType) {
        byte[] current = decoded;
        for (EditStage stage : stages.edits()) {
            if (refused != null) return current;
            current = after(stage, stage.screenBody(current, contentType, peer), current);
        }
        bodyBytes = current.length;
        if (refused == null && stages.judging() && current.length > 0) body.body(current, contentType);
        return current;
    }

    /// The screening of a body that is too large to be held; empty where it must be held all the same.
    ///
    /// @param begin the first bytes of the body, which are to be fed all the same
    public Optional<BodyStream> bodyStream(String contentType, byte[] begin) {
        if (reports || stages.judging()) return Optional.empty();
        return BodyStream.of(this, stages.edits(), contentType, begin, peer);
    }

    /// Whether [#bodyStream] may have an answer, as far as it is known without the body.
    public boolean mayStream() {
        return !reports && !stages.judging() && stages.edits().stream().allMatch(stage -> stage.stream(StreamedText.PLAIN, peer).isPresent());
    }

    /// @return what goes on to the next stage
    String streamed(EditStage stage, StreamStage.Piece piece) {
        note(stage.name(), piece.verdict(), true);
        return piece.text();
    }

    /// Judges head and body together; for a request without a body too.
    public void judge() {
        if (refused != null || !stages.judging()) return;
        JudgeStage.Said said = new JudgeStage.Said(
                head.texts(),
                body.texts(),
                body.body(),
                stages.judges().isEmpty() ? Optional.empty() : conversation());
        for (JudgeStage stage : stages.judges()) {
            if (refused != null) return;
            Screened<Void> screened;
            try {
                screened = body.unreadable().isPresent()
                        ? new Screened.Blocked<>(Map.of(), body.unreadable().get())
                        : stage.judge(said);
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                // Not judged, for whatever reason. The message may hold the text, so it goes nowhere.
                screened = new Screened.Blocked<>(Map.of(), Reason.SCANNER_FAILED);
            }
            note(stage.scanner().name(), screened, stage.policy().blockOnError());
        }
        boolean unread = bodyBytes > 0 && body.body().isEmpty() && !body.parts();
        if (refused == null && stages.gate().isPresent()) {
            Optional<Reason> shut = stages.gate().get().judge(method, target, body.body(), body.texts(), unread);
            shut.ifPresent(reason -> note(GateStage.NAME, new Screened.Blocked<>(Map.of(), reason), true));
        }
        if (refused == null && stages.custom().isPresent()) ask(stages.custom().get(), unread);
    }

    private void ask(CustomStage custom, boolean unread) {
        int question = target.indexOf('?');
        String path = question < 0 ? target : target.substring(0, question);
        Map<String, String> scanners = new LinkedHashMap<>(decisions);
        scanners.remove(CustomStage.NAME);
        CustomGates.Outcome outcome = custom.ask(new CustomStage.Facts(
                method, peer, path, GateStage.models(path, body.body(), body.texts(), unread), body.body(), unread && body.unclear(), scanners, found, counts));
        if (outcome.reason().isEmpty()) return;
        rule = outcome.rules();
        said = outcome.messages();
        note(CustomStage.NAME, new Screened.Blocked<>(Map.of(), outcome.reason().get()), !custom.gates().passesOnFailure());
    }

    private Optional<List<ScanText>> conversation() {
        try {
            return scanners.conversation(body.body());
        } catch (RuntimeException | StackOverflowError e) {
            // Too odd to take apart: judged as one text of nobody's.
            return Optional.empty();
        }
    }

    private <T> T after(EditStage stage, Screened<T> screened, T before) {
        note(stage.name(), screened, true);
        return screened instanceof Screened.Redacted<T> edit && !reports ? edit.content() : before;
    }

    private synchronized void note(String stage, Screened<?> screened, boolean blockOnError) {
        screened.counts().forEach((type, number) -> counts.merge(type, number, Integer::sum));
        if (!screened.counts().isEmpty()) found.add(stage);
        boolean personal = stage.equals("pii");
        switch (screened) {
            case Screened.Clean<?> _ -> {}
            case Screened.Logged<?> _ -> decide(stage, "logged");
            case Screened.Redacted<?> _ -> {
                decide(stage, (reports ? "would_be_" : "") + (personal ? "redacted" : "changed"));
                if (reports) wouldRefuse = wouldRefuse == null ? (personal ? Reason.PII_REDACTED : Reason.CONTENT_CHANGED) : wouldRefuse;
                redacted |= personal && !reports;
                changed |= !personal && !reports;
            }
            case Screened.Blocked<?>(Map<String, Integer> _, Reason reason) -> {
                boolean failed = reason == Reason.SCANNER_FAILED || reason == Reason.CUSTOM_POLICY_FAILED;
                if (failed && !blockOnError) {
                    decide(stage, "failed");
                } else if (reports) {
                    decide(stage, failed ? "failed" : "would_be_blocked");
                    wouldRefuse = reason;
                } else {
                    decide(stage, failed ? "failed" : "blocked");
                    refuse(reason, stage);
                }
            }
        }
    }

    /// The strongest word of a stage stands: parts are screened one by one.
    private synchronized void decide(String stage, String word) {
        decisions.merge(stage, word, (old, next) -> old.equals("clear") || next.contains("blocked") || next.equals("failed") ? next : old);
    }

    /// Something beside the stages makes the request one that must not leave.
    public synchronized void refuse(Reason reason, String by) {
        if (refused != null) return;
        refused = reason;
        refusedBy = by;
    }

    /// Whether the body must be held until it is judged as a whole; otherwise it may be passed on as it comes.
    public boolean readsBody() {
        return stages.any();
    }

    /// Whether a credential signs the body, so that it must be held whether or not a stage reads it.
    public boolean signsBody(Binding.Request request, List<Field> fields) {
        return !credentials.isEmpty() && credentials.signsBody(request, fields);
    }

    /// Puts in the credentials that are bound to the request: the last step before it is encoded. Not a matter of
    /// [PolicyMode]: bindings hold in any.
    ///
    /// @return the request with them
    public CredentialSet.Outcome inject(Binding.Request request, List<Field> fields, byte[] content, Instant now) {
        CredentialSet.Outcome outcome = credentials.inject(request, fields, content, now);
        switch (outcome) {
            case CredentialSet.Outcome.Refused(Reason reason) -> {
                decide("credentials", "blocked");
                refuse(reason, "credentials");
            }
            case CredentialSet.Outcome.Injected injected -> {
                decide("credentials", "injected: " + String.join(",", injected.ids()));
                scrub = Optional.of(new Scrub(injected.secrets().stream().map(SecretText::reveal).toList()));
            }
            case CredentialSet.Outcome.Untouched _ -> {}
        }
        return outcome;
    }

    /// The screening of one message on the connection that this request opened: without the gate, which it has passed.
    public ContentRun message() {
        HostStages some = new HostStages(stages.edits(), stages.judges(), Optional.empty(), stages.custom());
        ContentRun run = new ContentRun(some, scanners, peer, mode, responses, CredentialSet.NONE);
        run.scrub = scrub;
        return run;
    }

    /// Whether a response may hold what [#masked] takes out.
    public boolean masks() {
        return scrub.isPresent();
    }

    /// A response's header value, without the credentials of the request.
    public String masked(String value) {
        return scrub.map(masks -> masks.mask(value)).orElse(value);
    }

    /// Whether the response will be read, so that it should come uncompressed and whole.
    public boolean readsResponse() {
        return responses.any() || !credentials.isEmpty();
    }

    /// What the response's body goes through; empty for one that goes on as it comes.
    ///
    /// @param contentType value of the Content-Type field, or empty
    /// @param contentEncoding value of the Content-Encoding field, or empty
    public Optional<ResponseRun> response(String contentType, String contentEncoding) {
        return responses.run(contentType, contentEncoding, scrub);
    }

    /// Why the request must not leave.
    public synchronized Optional<Reason> refused() {
        return Optional.ofNullable(refused);
    }

    /// The rules of the custom policy that deny it, for the audit log; empty for none.
    public String rule() {
        return rule;
    }

    /// What they say, for the sandbox; empty for nothing.
    public String said() {
        return said;
    }

    /// Why it would not have left, or not as it is, under enforcement.
    public synchronized Optional<Reason> wouldRefuse() {
        return Optional.ofNullable(wouldRefuse);
    }

    /// What an allow event says beside the rule.
    public synchronized Optional<Reason> note() {
        if (redacted) return Optional.of(Reason.PII_REDACTED);
        if (changed) return Optional.of(Reason.CONTENT_CHANGED);
        if (found.contains("pii")) return Optional.of(Reason.PII_LOGGED);
        return found.isEmpty() ? Optional.empty() : Optional.of(Reason.CONTENT_LOGGED);
    }

    /// Who decided: the stage that refused, or those that found something.
    public synchronized String scanner() {
        return refusedBy.isEmpty() ? String.join(",", found) : refusedBy;
    }

    /// Whether path and query, as [#target] returned them, hold nothing that a stage found: each has read them and what it
    /// found was replaced. False before that.
    public boolean targetShown() {
        return targetShown;
    }

    /// Findings by type, over all stages and parts.
    public synchronized Map<String, Integer> counts() {
        return Map.copyOf(counts);
    }

    /// The stages that cover the host, in the order in which they run.
    public synchronized List<String> stageNames() {
        return List.copyOf(decisions.keySet());
    }

    /// Stage to its decision: `clear`, `logged`, `changed`, `redacted`, `blocked`, `failed`, and in report mode
    /// `would_be_changed`, `would_be_redacted`, `would_be_blocked`.
    public synchronized Map<String, String> decisions() {
        return Map.copyOf(decisions);
    }

    private static Set<String> names(String... names) {
        Set<String> set = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        set.addAll(List.of(names));
        return set;
    }
}
