package dev.declaw.egress.flow;

import dev.declaw.egress.content.Carrier;
import dev.declaw.egress.content.Rehydrator;
import dev.declaw.egress.flow.FlowRecorder.Screening;
import dev.declaw.egress.flow.SandboxSlot.VersionedPolicy;
import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.BodyReader;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.HttpViolation;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.egress.http.ResponseHead;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.PiiPolicy;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import java.nio.charset.StandardCharsets;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLException;

/// One request and its response, from the parsed head to the recorded end. Used on one event loop only.
///
/// Order: policy, authority, screening of everything that will be sent, resolution and check of the address, the audit
/// record, and only then the first byte upstream (I1, I6). A request whose body must be screened is held back as a whole;
/// any other one is streamed, as fast as the slower side takes it.
final class Exchange implements ResponseListener, Dialer.Caller {
    /// A body above this is screened off the event loop.
    private static final int SCREENED_INLINE_BYTES_MAX = 64 * 1024;
    /// Bodies that a sandbox may have held back at one time, in bodies of the largest size.
    private static final int HELD_BODIES_MAX = 4;

    private int scanBytesMax() {
        return guest.flow.services.config.limits().scanBodyBytesMax();
    }

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

    private final GuestHttp guest;
    private final RequestHead head;
    private final VersionedPolicy policy;
    private final BodyReader body;
    private final long startedNanos = System.nanoTime();
    private Judgement judgement;
    private Subject subject;
    private Phase phase = Phase.WAITING;
    private RequestScreening screening;
    private ByteBuf held;
    private int heldBytes;
    private UpstreamConnection upstream;
    private boolean reused;
    private boolean retried;
    private boolean allowed;
    private BodyWriter up;
    private BodyWriter down;
    private Rehydrator rehydrator;
    private boolean closeAfterwards;
    private int status;
    private long bytesUp;
    private long bytesDown;

    Exchange(GuestHttp guest, RequestHead head, VersionedPolicy policy) {
        this.guest = guest;
        this.head = head;
        this.policy = policy;
        this.body = new BodyReader(head.framing());
    }

    void start() {
        judgement = guest.judge(head, policy.policy().network());
        String protocol = guest.secure() ? "https" : "http";
        subject = new Subject(
                head.authority().hostText(),
                guest.flow.destination.address(),
                guest.flow.destination.port(),
                protocol,
                head.method(),
                Subject.mask(head.target()));
        if (!judgement.allowed()) {
            block(judgement.decision(), Screening.NONE, "");
        } else if (head.websocket()) {
            block(Reason.UNSUPPORTED_PROTOCOL, Screening.NONE, "websocket");
        } else if (policy.policy().intercepts(judgement.name())) {
            screenHead();
        } else {
            findUpstream();
        }
    }

    // --- the request's content ---

    private void screenHead() {
        PiiPolicy pii = policy.policy().pii();
        screening = new RequestScreening(guest.flow.slot.screen(), head, peer(), pii.rehydrateResponse());
        Reason refused;
        try {
            refused = screening.screenHead();
        } catch (RuntimeException | StackOverflowError e) {
            refused = Reason.SCANNER_FAILED;
        }
        subject = new Subject(
                subject.host(), subject.address(), subject.port(), subject.protocol(), head.method(), screening.auditPath());
        if (refused != null) {
            block(refused, screening.screening(), "");
        } else if (body.done()) {
            findUpstream();
        } else if (head.framing() instanceof BodyFraming.Length length && length.bytes() > scanBytesMax()) {
            block(Reason.REQUEST_TOO_LARGE, Screening.NONE, "at most " + scanBytesMax() + " bytes can be scanned");
        } else {
            phase = Phase.HOLDING;
            held = guest.channel().alloc().heapBuffer(1024);
            sayContinue();
        }
    }

    /// Takes what it can use of the input.
    ///
    /// @return whether reading may go on at once; after false or a block the input must not be touched any more
    boolean takeBody(ByteBuf in) throws HttpViolation {
        if (phase != Phase.HOLDING && phase != Phase.SENDING) return false;
        ByteBuf data = body.read(in);
        if (data != null && phase == Phase.HOLDING) {
            if (!hold(data)) return false;
        } else if (data != null) {
            bytesUp += data.readableBytes();
            up.write(data);
        }
        if (body.done()) {
            if (phase == Phase.HOLDING) {
                screenBody();
            } else {
                phase = Phase.SENT;
                up.end();
                upstream.channel().flush();
            }
            return phase == Phase.OVER;
        }
        return data != null;
    }

    private boolean hold(ByteBuf data) {
        try {
            int size = data.readableBytes();
            if (held.readableBytes() + size > scanBytesMax()) {
                block(Reason.REQUEST_TOO_LARGE, Screening.NONE, "at most " + scanBytesMax() + " bytes can be scanned");
                return false;
            }
            if (!guest.flow.slot.acquireBodyBytes(size, (long) HELD_BODIES_MAX * scanBytesMax())) {
                block(Reason.LIMIT_REACHED, Screening.NONE, "bodies held for scanning");
                return false;
            }
            heldBytes += size;
            held.writeBytes(data);
            return true;
        } finally {
            data.release();
        }
    }

    private void screenBody() {
        phase = Phase.WAITING;
        byte[] bytes = new byte[held.readableBytes()];
        held.readBytes(bytes);
        held.release();
        held = null;
        if (bytes.length <= SCREENED_INLINE_BYTES_MAX && head.value("Content-Encoding").isEmpty()) {
            screened(judgeBody(bytes));
            return;
        }
        EventLoop loop = guest.channel().eventLoop();
        try {
            guest.flow.services.screening.execute(() -> {
                Reason refused = judgeBody(bytes);
                loop.execute(() -> guarded(() -> screened(refused)));
            });
        } catch (RejectedExecutionException e) {
            block(Reason.LIMIT_REACHED, Screening.NONE, "bodies waiting for the scanners");
        }
    }

    /// Whatever goes wrong in a scanner is a reason to block, never to let pass.
    private Reason judgeBody(byte[] bytes) {
        try {
            return screening.screenBody(guest.flow.services.bodyDecoder, bytes);
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            return Reason.SCANNER_FAILED;
        }
    }

    private void screened(Reason refused) {
        if (phase == Phase.OVER) return;
        if (refused != null) {
            block(refused, screening.screening(), "");
        } else {
            findUpstream();
        }
    }

    private void sayContinue() {
        if (!head.expectsContinue()) return;
        ByteBuf line = guest.channel().alloc().ioBuffer(32);
        line.writeCharSequence("HTTP/1.1 100 Continue\r\n\r\n", StandardCharsets.US_ASCII);
        guest.channel().writeAndFlush(line);
    }

    // --- the way to the upstream ---

    private void findUpstream() {
        UpstreamConnection attached = guest.upstream();
        if (attached != null && attached.idle() && serves(attached.key()) && mayReuse(attached)) {
            if (mayDial(attached.address())) send(attached, true);
            return;
        }
        if (attached != null) attached.drop();
        guest.upstream(null);
        UpstreamConnection pooled = guest.flow.services.pool.take(guest.channel().eventLoop(), key());
        if (pooled != null && mayReuse(pooled)) {
            if (mayDial(pooled.address())) send(pooled, true);
            else pooled.drop();
            return;
        }
        if (pooled != null) pooled.drop();
        dial();
    }

    private boolean mayReuse(UpstreamConnection connection) {
        return head.idempotent() || connection.fresh();
    }

    private boolean serves(UpstreamKey key) {
        return key.policyVersion() == policy.version()
                && key.name().equals(judgement.name())
                && key.fixed().equals(judgement.fixed());
    }

    private UpstreamKey key() {
        return new UpstreamKey(
                guest.flow.slot.sandboxId(),
                judgement.name(),
                judgement.fixed(),
                guest.flow.destination.port(),
                guest.secure(),
                policy.version());
    }

    private void dial() {
        guest.flow.services.dialer.dial(
                guest.channel().eventLoop(),
                guest.flow.slot,
                policy,
                judgement.name(),
                judgement.fixed(),
                guest.flow.destination.port(),
                this);
    }

    @Override
    public boolean mayDial(InetAddress address) {
        if (phase == Phase.OVER) return false;
        subject = subject.at(address);
        if (allowed) return true; // a second attempt of the same request
        Decision decision = judgement.decision();
        Screening seen = Screening.NONE;
        if (screening != null && screening.note() != null) {
            decision = Decision.allow(screening.note(), decision.rule().orElse(null));
            seen = screening.screening();
        }
        try {
            guest.flow.allowed(policy, decision, subject, seen);
            allowed = true;
            return true;
        } catch (AuditUnavailableException e) {
            block(Reason.AUDIT_UNAVAILABLE, Screening.NONE, "");
            return false;
        }
    }

    @Override
    public void dialled(Channel channel, InetAddress address) {
        if (phase == Phase.OVER) {
            channel.close();
            return;
        }
        guarded(() -> {
            UpstreamConnection connection = new UpstreamConnection(key(), address, channel, guest.flow.services.headLimits);
            if (!guest.secure()) {
                channel.pipeline().addLast(connection);
                channel.config().setAutoRead(true);
                send(connection, false);
                return;
            }
            SslHandler tls = guest.flow.services.upstreamTls.newHandler(
                    channel.alloc(),
                    peer(),
                    guest.flow.destination.port(),
                    guest.flow.services.config.limits().connectMillisMax());
            channel.pipeline().addLast(tls, connection);
            channel.config().setAutoRead(true);
            tls.handshakeFuture().addListener(done -> guarded(() -> {
                if (phase == Phase.OVER) {
                    channel.close();
                } else if (done.isSuccess()) {
                    send(connection, false);
                } else {
                    channel.close();
                    boolean certificate = done.cause() instanceof SSLException;
                    refused(UpstreamFailure.broken(
                            certificate ? Reason.UPSTREAM_TLS_INVALID : Reason.UPSTREAM_UNREACHABLE,
                            done.cause().getClass().getSimpleName()));
                }
            }));
        });
    }

    @Override
    public void refused(UpstreamFailure failure) {
        if (phase == Phase.OVER) return;
        if (failure.policy()) {
            block(failure.decision(), Screening.NONE, failure.detail());
        } else {
            fail(502, failure);
        }
    }

    private void send(UpstreamConnection connection, boolean isReused) {
        upstream = connection;
        reused = isReused;
        guest.upstream(null);
        boolean screenedBody = screening != null;
        byte[] content = screenedBody ? screening.body() : new byte[0];
        BodyFraming framing = screenedBody ? BodyFraming.length(content.length) : head.framing();
        Channel channel = connection.channel();
        ByteBuf out = channel.alloc().ioBuffer(head.headBytes() + 256);
        String target = screening == null ? head.target() : screening.target();
        guest.heads.request(
                head.method(),
                target,
                hostField(),
                screening == null ? head.fields() : screening.fields(),
                framing,
                out);
        bytesUp += out.readableBytes() + content.length;
        connection.expect(this, head.method().equals("HEAD"));
        channel.write(out);
        if (content.length > 0) channel.write(Unpooled.wrappedBuffer(content));
        channel.flush();
        up = new BodyWriter(channel, framing);
        if (screenedBody || body.done()) {
            phase = Phase.SENT;
        } else {
            phase = Phase.SENDING;
            sayContinue();
            guest.process();
        }
    }

    private String hostField() {
        int port = guest.flow.destination.port();
        String host = head.authority().hostText();
        return port == (guest.secure() ? 443 : 80) ? host : host + ":" + port;
    }

    private String peer() {
        return judgement.name().map(HostName::value).orElseGet(() -> guest.flow.destination.address().getHostAddress());
    }

    // --- the response ---

    @Override
    public void responseHead(ResponseHead response) {
        guest.touch();
        status = response.status();
        BodyFraming framing = response.framing();
        PiiPolicy pii = policy.policy().pii();
        boolean coded = !response.value("Content-Encoding").isEmpty()
                && !response.value("Content-Encoding").equalsIgnoreCase("identity");
        List<Field> fields = response.fields();
        if (screening != null
                && pii.rehydrateResponse()
                && framing != BodyFraming.NONE
                && !coded
                && !guest.flow.slot.vault().idle(peer())) {
            rehydrator = new Rehydrator(guest.flow.slot.vault(), peer(), Carrier.of(response.value("Content-Type")));
            framing = BodyFraming.CHUNKED;
            fields = RequestScreening.withoutDigests(fields);
        } else if (framing == BodyFraming.UNTIL_CLOSE) {
            framing = BodyFraming.CHUNKED;
        }
        if (framing == BodyFraming.CHUNKED && !head.http11()) framing = BodyFraming.UNTIL_CLOSE;
        // An answer that comes before the request has ended leaves the rest of it without an owner (desync).
        closeAfterwards = !head.keepAlive()
                || framing == BodyFraming.UNTIL_CLOSE
                || guest.inputEnded()
                || phase != Phase.SENT;
        ByteBuf out = guest.channel().alloc().ioBuffer(1024);
        guest.heads.response(
                response.status(),
                response.reason(),
                fields,
                framing,
                response.announcedLength().orElse(-1),
                closeAfterwards,
                out);
        bytesDown += out.readableBytes();
        guest.channel().write(out);
        down = new BodyWriter(guest.channel(), framing);
    }

    @Override
    public void responseData(ByteBuf data) {
        guest.touch();
        bytesDown += data.readableBytes();
        if (rehydrator == null) {
            down.write(data);
        } else {
            byte[] bytes = new byte[data.readableBytes()];
            data.readBytes(bytes);
            data.release();
            down.write(Unpooled.wrappedBuffer(rehydrator.feed(bytes, 0, bytes.length)));
        }
        if (!guest.channel().isWritable()) upstream.channel().config().setAutoRead(false);
    }

    @Override
    public void responseEnded(boolean reusable) {
        if (rehydrator != null) down.write(Unpooled.wrappedBuffer(rehydrator.finish()));
        down.end();
        guest.channel().flush();
        boolean keep = reusable && phase == Phase.SENT;
        upstream.channel().config().setAutoRead(true);
        if (keep) {
            guest.upstream(upstream);
        } else {
            upstream.drop();
        }
        finish("");
        guest.exchangeOver(!closeAfterwards);
    }

    @Override
    public void responseFailed(UpstreamFailure failure, boolean untouched) {
        if (phase == Phase.OVER) return;
        if (down != null) {
            finish(failure.detail());
            guest.abort();
        } else if (reused && untouched && !retried && phase == Phase.SENT && head.idempotent() && replayable()) {
            retried = true; // the origin closed an idle connection just as we used it
            phase = Phase.WAITING;
            bytesUp = 0;
            dial();
        } else {
            fail(502, failure);
        }
    }

    private boolean replayable() {
        return screening != null || head.framing() == BodyFraming.NONE;
    }

    @Override
    public void responsePaused() {
        guest.channel().flush();
    }

    // --- flow control ---

    @Override
    public void upstreamWritable(boolean writable) {
        guest.updateReading();
    }

    void guestWritable(boolean writable) {
        if (upstream != null && down != null) upstream.channel().config().setAutoRead(writable);
    }

    void guestPaused() {
        if (phase == Phase.SENDING) upstream.channel().flush();
    }

    boolean throttlesGuest() {
        return phase == Phase.SENDING && !upstream.channel().isWritable();
    }

    boolean wantsBody() {
        return !body.done();
    }

    // --- the end ---

    void timedOut() {
        UpstreamFailure failure = UpstreamFailure.broken(Reason.TIMED_OUT, "idle");
        if (down != null) {
            finish(Reason.TIMED_OUT.code());
            dropUpstream();
            guest.abort();
        } else {
            fail(504, failure);
        }
    }

    /// The rest of the request is malformed, so nothing can follow it.
    void refuseBody(int answer, Reason reason, String detail) {
        boolean begun = down != null;
        String id = guest.flow.blocked(policy, Decision.deny(reason, null), subject, Screening.NONE, detail);
        finish(reason.code());
        dropUpstream();
        if (begun) {
            guest.abort();
        } else {
            guest.answerAndClose(answer, true, reason, detail, "", id, head);
        }
    }

    /// Nobody waits for the response any more.
    void cancel() {
        if (phase == Phase.OVER) return;
        finish("the guest ended it");
        dropUpstream();
    }

    private void block(Reason reason, Screening seen, String detail) {
        block(Decision.deny(reason, null), seen, detail);
    }

    private void block(Decision decision, Screening seen, String detail) {
        String id = guest.flow.blocked(policy, decision, subject, seen, detail);
        allowed = false;
        finish("");
        Reason reason = decision.reason();
        guest.answerAndClose(GuestHttp.statusOf(reason), true, reason, detail, seen.scanner(), id, head);
    }

    private void fail(int answer, UpstreamFailure failure) {
        Reason reason = failure.decision().reason();
        dropUpstream();
        status = answer;
        String id;
        if (allowed) {
            id = recordEnd(reason.code() + ": " + failure.detail());
            allowed = false;
        } else {
            id = guest.flow.blocked(policy, failure.decision(), subject, Screening.NONE, failure.detail());
        }
        finish("");
        guest.answerAndClose(answer, false, reason, "", "", id, head);
    }

    private void finish(String detail) {
        if (allowed) recordEnd(detail);
        allowed = false;
        phase = Phase.OVER;
        if (held != null) held.release();
        held = null;
        guest.flow.slot.releaseBodyBytes(heldBytes);
        heldBytes = 0;
    }

    private String recordEnd(String detail) {
        long nanos = System.nanoTime() - startedNanos;
        return guest.flow.closed(policy, subject, status, bytesUp, bytesDown, nanos, detail);
    }

    private void dropUpstream() {
        if (upstream != null) upstream.drop();
        upstream = null;
    }

    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            guest.crashed(e);
        }
    }
}
