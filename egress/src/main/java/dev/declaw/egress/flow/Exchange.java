package dev.declaw.egress.flow;

import dev.declaw.egress.content.ContentRun;
import dev.declaw.egress.flow.FlowRecorder.Screening;
import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.BodySource;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.HttpViolation;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.egress.http.ResponseHead;
import dev.declaw.egress.websocket.Handshake;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// One request and its response, from the parsed head to the recorded end. Used on one event loop only.
///
/// Order: policy, authority, screening of everything that will be sent, resolution and check of the address, the audit
/// record, and only then the first byte upstream (I1, I6). A request whose body must be screened is held back as a whole;
/// any other one is streamed, as fast as the slower side takes it.
final class Exchange implements Conversation, ResponseListener, UpstreamLookup.Caller, BodyIntake.Owner {
    private enum Phase {
        /// The body is collected for the scanners.
        HOLDING,
        /// Scanners, resolver or upstream connection are waited for.
        WAITING,
        /// The body is passed on as it comes.
        SENDING,
        /// The request is out.
        SENT,
        OVER
    }

    private final Requester guest;
    private final GuestFlow flow;
    private final RequestHead head;
    private VersionedPolicy policy;
    private final BodySource body;
    private final long startedNanos = System.nanoTime();
    private Phase phase = Phase.WAITING;
    private Judgement judgement;
    private Subject subject;
    private RequestScreening screening;
    private BodyIntake intake;
    private ScreeningPool.Waiting asking;
    private UpstreamLookup lookup;
    private Upstream upstream;
    private Handshake handshake;
    private ResponseRelay down;
    private boolean reused;
    private boolean heldWhole;
    private boolean retried;
    private boolean allowed;
    private boolean closeAfterwards;
    private int status;
    private long bytesUp;

    Exchange(Requester guest, RequestHead head, VersionedPolicy policy) {
        this.guest = guest;
        this.flow = guest.flow();
        this.head = head;
        this.policy = policy;
        this.body = guest.body(head);
    }

    void start() {
        handshake = head.websocket() ? Handshake.of(head).orElse(null) : null;
        judgement = guest.judge(head, policy.policy().network());
        subject = Subject.request(head, flow.destination, (handshake == null ? "http" : "ws") + (guest.secure() ? "s" : ""));
        if (!judgement.allowed()) {
            block(judgement.decision(), Screening.NONE, "");
        } else if (head.websocket() && handshake == null) {
            block(Reason.UNSUPPORTED_PROTOCOL, Screening.NONE, "no well-formed websocket handshake");
        } else if (flow.slot.custom().network()) {
            asking = CustomNetwork.ask(flow, flow.slot.custom(), subject, judgement.decision(), this::customJudged, this::crashed);
        } else {
            screenHead();
        }
    }

    private void customJudged(Decision decision) {
        asking = null;
        if (phase == Phase.OVER) return;
        judgement = judgement.with(decision);
        if (!judgement.allowed()) {
            block(decision, Screening.NONE, "");
        } else {
            screenHead();
            guest.process(); // the body that came meanwhile
        }
    }

    // --- the request's content ---

    /// A head that no model reads is screened at once; any other together with the body, beside the event loop.
    private void screenHead() {
        if (!policy.intercepts(judgement.name())) {
            findUpstream();
            return;
        }
        screening = new RequestScreening(flow.screening(judgement), head);
        Reason refused = screening.slowHead() ? null : screening.judgeHead();
        subject = subject.with(screening.auditPath());
        screening.willSend(guest.secure(), judgement.proven(guest.secure()), flow.destination);
        intake = new BodyIntake(flow, guest.channel().eventLoop(), head, screening, this);
        if (refused != null) {
            block(screening.denial(refused), screening.screening(), "");
        } else if (!screening.slowHead() && (!screening.readsBody() || body.done() && !screening.judging())) {
            findUpstream();
        } else if (body.done()) {
            intake.judge();
        } else if (head.framing() instanceof BodyFraming.Length length && length.bytes() > intake.bytesMax()) {
            block(Reason.REQUEST_TOO_LARGE, Screening.NONE, "at most " + intake.bytesMax() + " bytes can be scanned");
        } else {
            phase = Phase.HOLDING;
            if (head.expectsContinue()) guest.sayContinue();
        }
    }

    @Override
    public boolean takeBody(ByteBuf in) throws HttpViolation {
        if (phase != Phase.HOLDING && phase != Phase.SENDING) return false;
        ByteBuf data = body.read(in);
        if (phase == Phase.HOLDING) {
            if (data != null && !intake.hold(data, body.done())) waitUnlessOver();
        } else if (streaming()) {
            if (!intake.stream(data, body.done())) waitUnlessOver();
        } else if (data != null) {
            bytesUp += data.readableBytes();
            upstream.write(data);
        }
        if (phase != Phase.HOLDING && phase != Phase.SENDING) return false;
        if (!body.done()) return data != null;
        if (phase == Phase.HOLDING) {
            phase = Phase.WAITING;
            intake.judge();
        } else {
            phase = Phase.SENT;
            upstream.end();
        }
        return false;
    }

    private void waitUnlessOver() {
        if (phase != Phase.OVER) phase = Phase.WAITING;
    }

    private boolean streaming() {
        return intake != null && intake.streams();
    }

    @Override
    public void full(Reason reason, String detail) {
        block(reason, Screening.NONE, detail);
    }

    @Override
    public void sent(int bytes, boolean last) {
        bytesUp += bytes;
        phase = last ? Phase.SENT : Phase.SENDING;
        guest.process();
        guestPaused();
    }

    /// What has left was judged, but must not look complete.
    @Override
    public void refusedLate(Reason refused) {
        cut(GuestHttp.statusOf(refused), refused, screening.screening(), "after the begin of its body");
    }

    @Override
    public void screened(Reason refused) {
        if (phase == Phase.OVER) return;
        subject = subject.with(screening.auditPath());
        if (refused != null) block(screening.denial(refused), screening.screening(), "");
        else findUpstream();
    }

    // --- the way to the upstream ---

    private void findUpstream() {
        Reason misplaced = screening == null ? null : screening.inject(guest.secure(), judgement.proven(guest.secure()), flow.destination);
        if (misplaced != null) {
            block(misplaced, screening.screening(), "");
            return;
        }
        UpstreamKey key = new UpstreamKey(
                flow.slot.sandboxId(),
                judgement.name(),
                judgement.fixed(),
                flow.destination.port(),
                guest.secure(),
                guest.http2(),
                policy.version());
        lookup = new UpstreamLookup(flow, policy, key, this);
        lookup.find(guest.takeUpstream(), head.idempotent());
    }

    @Override
    public boolean over() {
        return phase == Phase.OVER;
    }

    @Override
    public boolean mayDial(InetAddress address) {
        subject = subject.at(address);
        if (allowed) return true; // a second attempt of the same request
        Optional<Decision> forbidden = flow.forbidden(policy, subject);
        if (forbidden.isPresent()) {
            policy = flow.slot.policy();
            block(forbidden.get(), Screening.NONE, "the policy changed");
            return false;
        }
        Decision network = judgement.decision();
        Decision decision = screening == null ? network : screening.decision(network);
        Screening seen = screening == null ? Screening.NONE : screening.screening();
        try {
            flow.allowed(policy, decision, subject, seen);
            allowed = true;
            return true;
        } catch (AuditUnavailableException e) {
            block(Reason.AUDIT_UNAVAILABLE, Screening.NONE, "");
            return false;
        }
    }

    @Override
    public void refused(UpstreamFailure failure) {
        if (failure.policy()) block(failure.decision(), Screening.NONE, failure.detail());
        else fail(502, failure);
    }

    @Override
    public void crashed(RuntimeException cause) {
        guest.crashed(cause);
    }

    @Override
    public void found(Upstream connection, boolean isReused) {
        upstream = connection;
        reused = isReused;
        Outgoing outgoing = Outgoing.of(head, screening, streaming(), handshake, guest.secure(), flow.destination);
        bytesUp = connection.send(outgoing.request(), outgoing.content(), this);
        heldWhole = outgoing.whole();
        if (heldWhole || body.done() && !streaming()) {
            phase = Phase.SENT;
        } else if (streaming()) {
            intake.sendTo(connection);
        } else {
            phase = Phase.SENDING;
            if (head.expectsContinue()) guest.sayContinue();
            guest.process();
            guestPaused(); // what had come before there was an upstream is sent now, not with the next piece
        }
    }

    // --- the response ---

    @Override
    public void responseHead(ResponseHead response) {
        guest.touch();
        status = response.status();
        // An answer that comes before the request has ended leaves the rest of it without an owner (desync).
        closeAfterwards = !head.keepAlive() || guest.inputEnded() || phase != Phase.SENT;
        down = ResponseRelay.begin(
                guest.responses(head), response, screening, guest.channel().eventLoop(), closeAfterwards);
        closeAfterwards |= down.untilClose();
    }

    @Override
    public void responseData(ByteBuf data) {
        guest.touch();
        down.write(data);
        if (!down.writable()) upstream.read(false);
    }

    @Override
    public void upgraded(ResponseHead response, UpstreamConnection connection, ByteBuf surplus) {
        if (!handshake.accepts(response)) {
            if (surplus != null) surplus.release();
            fail(502, UpstreamFailure.broken(Reason.UPSTREAM_UNREACHABLE, "the 101 does not answer the handshake"));
            return;
        }
        List<Field> answered = handshake.guestFields(response);
        List<Field> fields = screening == null ? answered : screening.masked(answered);
        int size = guest.responses(head).head(101, "Switching Protocols", fields, BodyFraming.NONE, -1, false);
        Supplier<ContentRun> messages = screening == null ? null : screening::message;
        WebSocketRelay relay = new WebSocketRelay(
                guest, connection.channel(), new WebSocketRelay.Terms(
                        policy, judgement.decision(), subject, messages, startedNanos),
                bytesUp, size);
        allowed = false; // the relay records the end
        upstream = null;
        finish("");
        guest.become(relay);
        relay.begin(surplus);
    }

    @Override
    public void responseEnded(boolean reusable, List<Field> trailers) {
        try {
            down.end(trailers);
        } catch (RuntimeException e) { // not readable to its end, so it must not look complete
            dropUpstream();
            responseFailed(UpstreamFailure.broken(Reason.UPSTREAM_UNREACHABLE, e.getClass().getSimpleName()), false);
            return;
        }
        down.flush();
        upstream.over(reusable && phase == Phase.SENT, guest);
        upstream = null;
        finish("");
        guest.exchangeOver(!closeAfterwards);
    }

    @Override
    public void responseFailed(UpstreamFailure failure, boolean untouched) {
        if (phase == Phase.OVER) return;
        if (down != null) {
            finish(failure.detail());
            guest.abort();
        } else if (reused && untouched && !retried && head.idempotent() && (heldWhole || head.framing() == BodyFraming.NONE)) {
            retried = true; // the origin closed an idle connection just as we used it
            phase = Phase.WAITING;
            lookup.dial();
        } else {
            fail(502, failure);
        }
    }

    @Override
    public void responsePaused() {
        if (down != null) down.flush();
    }

    // --- flow control ---

    @Override
    public void upstreamWritable() {
        guest.updateReading();
    }

    @Override
    public void guestWritable(boolean writable) {
        if (upstream != null && down != null) upstream.read(writable);
    }

    @Override
    public void guestPaused() {
        if (phase != Phase.SENDING) return;
        if (!streaming()) upstream.flush();
        else if (!intake.paused()) waitUnlessOver();
    }

    @Override
    public boolean throttlesGuest() {
        return phase == Phase.SENDING && !upstream.writable();
    }

    @Override
    public boolean wantsBody() {
        return phase != Phase.WAITING && !body.done();
    }

    // --- the end ---

    @Override
    public void timedOut() {
        if (down != null) {
            finish(Reason.TIMED_OUT.code());
            dropUpstream();
            guest.abort();
        } else {
            fail(504, UpstreamFailure.broken(Reason.TIMED_OUT, "idle"));
        }
    }

    @Override
    public void refuseBody(int answer, String detail) {
        cut(answer, Reason.MALFORMED_REQUEST, Screening.NONE, detail);
    }

    /// Refuses what has perhaps left in part already.
    private void cut(int answer, Reason reason, Screening seen, String detail) {
        String id = flow.blocked(policy, Decision.deny(reason, null), subject, seen, detail);
        finish(reason.code());
        dropUpstream();
        if (down == null) {
            guest.answerAndClose(answer, true, reason, detail, seen.scanner(), id, head);
        } else {
            guest.abort();
        }
    }

    @Override
    public void cancel() {
        if (phase == Phase.OVER) return;
        finish("the guest ended it");
        dropUpstream();
    }

    private void block(Reason reason, Screening seen, String detail) {
        block(Decision.deny(reason, null), seen, detail);
    }

    private void block(Decision decision, Screening seen, String detail) {
        String id = flow.blocked(policy, decision, subject, seen, detail);
        finish("");
        Reason reason = decision.reason();
        String said = screening != null && detail.isEmpty() ? screening.said() : detail;
        guest.answerAndClose(GuestHttp.statusOf(reason), true, reason, said, seen.scanner(), id, head);
    }

    /// The upstream failed: recorded as the end of what was allowed, or as a denial where nothing was.
    private void fail(int answer, UpstreamFailure failure) {
        Reason reason = failure.decision().reason();
        dropUpstream();
        status = answer;
        String id = allowed
                ? recordEnd(reason.code() + ": " + failure.detail())
                : flow.blocked(policy, failure.decision(), subject, Screening.NONE, failure.detail());
        allowed = false;
        finish("");
        guest.answerAndClose(answer, false, reason, "", "", id, head);
    }

    private void finish(String detail) {
        if (allowed) recordEnd(detail);
        allowed = false;
        phase = Phase.OVER;
        if (down != null) down.stop();
        if (intake != null) intake.stop();
        if (asking != null) asking.giveUp();
    }

    private String recordEnd(String detail) {
        Screening seen = streaming() ? screening.screening() : Screening.NONE; // what came after the allow event
        return flow.closed(policy, subject, seen, status, bytesUp, down == null ? 0 : down.bytes(), System.nanoTime() - startedNanos, detail);
    }

    private void dropUpstream() {
        if (upstream != null) upstream.drop();
        upstream = null;
    }
}
