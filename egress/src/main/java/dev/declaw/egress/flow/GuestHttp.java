package dev.declaw.egress.flow;

import dev.declaw.egress.EgressConfig.Limits;
import dev.declaw.egress.http.BodyReader;
import dev.declaw.egress.http.BodySource;
import dev.declaw.egress.http.HeadWriter;
import dev.declaw.egress.http.HttpViolation;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.egress.http.RequestParser;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.NetworkPolicy;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The HTTP/1.1 server end of a guest's connection, plain or inside TLS that we opened. Requests are read one at a time,
/// each judged anew; what a client sends ahead waits, bounded. Used on its event loop only.
final class GuestHttp extends ChannelInboundHandlerAdapter implements Requester {
    private static final Logger LOG = LoggerFactory.getLogger(GuestHttp.class);
    private static final int AHEAD_BYTES_MAX = 64 * 1024;
    /// After an answer that ends the connection, what the client still sends is thrown away for a while: closing at once
    /// would reset the connection and destroy the answer on its way.
    private static final int LINGER_BYTES_MAX = 1024 * 1024;
    private static final int LINGER_MILLIS = 2_000;

    /// A connection that policy has refused already and that is carried on only to say so.
    record Denial(Decision decision, String auditId) {}

    private final GuestFlow flow;
    private final HeadWriter heads = new HeadWriter();
    private final Optional<HostName> serverName;
    private final boolean secure;
    private final Optional<Denial> denial;
    private final RequestParser parser;
    private final Limits limits;
    private Deadline deadline;
    private ByteBuf in;
    private Conversation exchange;
    private UpstreamConnection upstream;
    private boolean headPending;
    private boolean inputEnded;
    private boolean closing;
    private boolean processing;
    private int lingered;

    /// @param serverName the SNI under which TLS was opened; empty for plain HTTP and for TLS to a bare address
    /// @param secure whether TLS was opened
    GuestHttp(GuestFlow flow, Optional<HostName> serverName, boolean secure, Optional<Denial> denial) {
        this.flow = flow;
        this.serverName = serverName;
        this.secure = secure;
        this.denial = denial;
        this.parser = new RequestParser(flow.services.headLimits, secure);
        this.limits = flow.services.config.limits();
    }

    @Override
    public GuestFlow flow() {
        return flow;
    }

    @Override
    public Channel channel() {
        return flow.guest;
    }

    @Override
    public boolean secure() {
        return secure;
    }

    @Override
    public boolean http2() {
        return false;
    }

    @Override
    public BodySource body(RequestHead head) {
        return new BodyReader(head.framing());
    }

    @Override
    public boolean inputEnded() {
        return inputEnded;
    }

    @Override
    public UpstreamConnection takeUpstream() {
        UpstreamConnection taken = upstream;
        upstream = null;
        return taken;
    }

    @Override
    public void keepUpstream(UpstreamConnection connection) {
        upstream = connection;
    }

    @Override
    public Judgement judge(RequestHead head, NetworkPolicy network) {
        return Judgement.ofRequest(network, flow.destination, secure, serverName, head.authority());
    }

    @Override
    public void sayContinue() {
        flow.guest.writeAndFlush(Unpooled.copiedBuffer("HTTP/1.1 100 Continue\r\n\r\n", StandardCharsets.US_ASCII));
    }

    @Override
    public ResponseWriter responses(RequestHead head) {
        return new Http1ResponseWriter(flow.guest, heads, head.http11());
    }

    @Override
    public void become(Conversation next) {
        exchange = next;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        deadline = new Deadline(ctx.channel().eventLoop(), this::timedOut);
        deadline.in(limits.headMillisMax());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        if (closing) {
            lingered += data.readableBytes();
            data.release();
            if (lingered > LINGER_BYTES_MAX) GuestFlow.reset(flow.guest);
            return;
        }
        if (!headPending) touch();
        in = in == null ? data : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), in, data);
        process();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (exchange != null) exchange.guestPaused();
    }

    /// Reads on: the rest of the current request's body, or the next request.
    @Override
    public void process() {
        if (processing) return;
        processing = true;
        try {
            boolean progress = true;
            while (progress && !closing && in != null) {
                progress = exchange == null ? nextRequest() : exchange.takeBody(in);
                if (in != null && !in.isReadable()) {
                    in.release();
                    in = null;
                }
            }
        } catch (HttpViolation e) {
            refuse(e.status(), Reason.MALFORMED_REQUEST, e.getMessage());
        } catch (RuntimeException e) {
            crashed(e);
        } finally {
            processing = false;
        }
        if (!closing && inputEnded && (exchange == null || exchange.wantsBody())) {
            endOfInput();
        }
        updateReading();
    }

    private boolean nextRequest() throws HttpViolation {
        RequestHead head = parser.parse(in);
        if (head == null) {
            if (!headPending) deadline.in(limits.headMillisMax());
            headPending = true;
            return false;
        }
        headPending = false;
        touch();
        if (denial.isPresent()) {
            Denial denied = denial.get();
            answerAndClose(
                    statusOf(denied.decision().reason()), true, denied.decision().reason(), "", "", denied.auditId(), head);
            return false;
        }
        Exchange next = new Exchange(this, head, flow.slot.policy());
        exchange = next;
        next.start();
        return true;
    }

    /// 421 makes well-behaved clients open a connection of its own for the other name (RFC 9110 §15.5.20).
    static int statusOf(Reason reason) {
        return switch (reason) {
            case NAME_MISMATCH -> 421;
            case REQUEST_TOO_LARGE -> 413;
            case AUDIT_UNAVAILABLE, LIMIT_REACHED -> 503;
            default -> 403;
        };
    }

    /// Takes bytes from the guest only as fast as they can be carried on.
    @Override
    public void updateReading() {
        boolean full = in != null && in.readableBytes() > AHEAD_BYTES_MAX;
        boolean want = closing || !full && (exchange == null || !exchange.throttlesGuest());
        if (flow.guest.config().isAutoRead() != want) flow.guest.config().setAutoRead(want);
    }

    @Override
    public void touch() {
        deadline.in(limits.idleMillisMax());
    }

    @Override
    public void exchangeOver(boolean keepAlive) {
        exchange = null;
        if (keepAlive && !inputEnded) {
            touch();
            process();
        } else {
            closeAfterFlush();
        }
    }

    @Override
    public void answerAndClose(
            int status, boolean policy, Reason reason, String detail, String scanner, String auditId, RequestHead head) {
        exchange = null;
        if (closing) return;
        boolean withBody = head == null || !head.method().equals("HEAD");
        flow.guest.write(BlockPage.write(
                flow.guest.alloc(), status, policy, reason, detail, scanner, auditId, withBody));
        closeAfterFlush();
    }

    @Override
    public void abort() {
        exchange = null;
        closing = true;
        GuestFlow.reset(flow.guest);
    }

    @Override
    public void crashed(Throwable cause) {
        LOG.error("a connection of {} failed", flow.slot.sandboxId(), cause);
        if (exchange != null) exchange.cancel();
        abort();
    }

    private void closeAfterFlush() {
        closing = true;
        if (in != null) in.release();
        in = null;
        deadline.in(LINGER_MILLIS);
        SslHandler tls = flow.guest.pipeline().get(SslHandler.class);
        flow.guest.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> {
            if (inputEnded) {
                flow.guest.close();
            } else if (tls != null) {
                tls.closeOutbound();
            } else {
                ((DuplexChannel) flow.guest).shutdownOutput();
            }
        });
        updateReading();
    }

    private void refuse(int status, Reason reason, String detail) {
        if (exchange != null) {
            exchange.refuseBody(status, detail);
            return;
        }
        String host = serverName.map(HostName::value).orElseGet(() -> nameOfDestination());
        String id = flow.blocked(reason, host, secure ? "https" : "http", detail);
        answerAndClose(status, true, reason, detail, "", id, null);
    }

    private String nameOfDestination() {
        return flow.destination instanceof Destination.Named named ? named.name().value() : "";
    }

    private void timedOut() {
        if (closing) {
            flow.guest.close();
        } else if (exchange != null) {
            exchange.timedOut();
        } else if (headPending || flow.unrecorded()) {
            refuse(408, Reason.TIMED_OUT, "request head");
        } else {
            flow.guest.close();
        }
    }

    private void endOfInput() {
        if (exchange != null) {
            exchange.cancel();
            abort();
        } else {
            if (in != null) flow.blocked(Reason.MALFORMED_REQUEST, nameOfDestination(), secure ? "https" : "http", "cut short");
            closing = true;
            flow.guest.close();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE || event == SslCloseCompletionEvent.SUCCESS) {
            inputEnded = true;
            if (closing) {
                ctx.close();
            } else {
                process();
            }
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (exchange != null) exchange.guestWritable(flow.guest.isWritable());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closing = true;
        deadline.stop();
        if (exchange != null) exchange.cancel();
        exchange = null;
        if (in != null) in.release();
        in = null;
        if (upstream != null) flow.services.pool.offer(ctx.channel().eventLoop(), upstream);
        upstream = null;
        flow.ended();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("connection of {} ends", flow.slot.sandboxId(), cause);
        if (exchange != null) exchange.cancel();
        abort();
    }
}
