package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodySource;
import dev.declaw.egress.http.HttpViolation;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.egress.http.StreamBody;
import dev.declaw.egress.http.StreamHeads;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.NetworkPolicy;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.util.ReferenceCountUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One request of a guest in a stream of HTTP/2, judged like any other: its authority must be the connection's. What is
/// wrong with it ends the stream, not the connection. Used on the connection's event loop only.
final class GuestStream extends ChannelInboundHandlerAdapter implements Requester {
    private static final Logger LOG = LoggerFactory.getLogger(GuestStream.class);
    private static final int AHEAD_BYTES_MAX = 64 * 1024;

    private final GuestHttp2 connection;
    private final GuestFlow flow;
    private final Channel stream;
    private final Deadline deadline;
    private RequestHead head;
    private StreamBody body;
    private ByteBuf in;
    private Exchange exchange;
    private boolean inputEnded;
    private boolean processing;
    private boolean over;

    GuestStream(GuestHttp2 connection, Channel stream) {
        this.connection = connection;
        this.flow = connection.flow;
        this.stream = stream;
        this.deadline = new Deadline(flow.guest.eventLoop(), this::timedOut);
        deadline.in(flow.services.config.limits().idleMillisMax());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
        try {
            if (over) return;
            touch();
            if (frame instanceof Http2HeadersFrame headers) {
                if (head == null) {
                    begin(headers);
                } else {
                    trailers(headers);
                }
            } else if (frame instanceof Http2DataFrame data && body != null) {
                inputEnded |= data.isEndStream();
                ByteBuf content = data.content();
                body.arrived(content.readableBytes(), data.isEndStream());
                if (content.isReadable()) {
                    ByteBuf kept = content.retain();
                    in = in == null ? kept : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), in, kept);
                }
                process();
            }
        } catch (HttpViolation e) {
            refuse(e);
        } catch (RuntimeException e) {
            crashed(e);
        } finally {
            ReferenceCountUtil.release(frame);
        }
    }

    private void begin(Http2HeadersFrame headers) throws HttpViolation {
        inputEnded = headers.isEndStream();
        head = StreamHeads.request(headers.headers(), inputEnded, flow.services.headLimits);
        if (connection.denial.isPresent()) {
            GuestHttp.Denial denied = connection.denial.get();
            Reason reason = denied.decision().reason();
            answerAndClose(GuestHttp.statusOf(reason), true, reason, "", "", denied.auditId(), head);
            return;
        }
        body = new StreamBody(head.framing());
        if (inputEnded) body.arrived(0, true);
        exchange = new Exchange(this, head, flow.slot.policy());
        exchange.start();
        process();
    }

    /// What stands behind a request's body goes nowhere, but must not end the stream in its middle.
    private void trailers(Http2HeadersFrame headers) throws HttpViolation {
        if (!headers.isEndStream() || body == null) throw new HttpViolation(400, "a second head in one stream");
        StreamHeads.trailers(headers.headers(), flow.services.headLimits);
        inputEnded = true;
        body.arrived(0, true);
        process();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (exchange != null) exchange.guestPaused();
    }

    @Override
    public void process() {
        if (processing) return;
        processing = true;
        try {
            boolean progress = true;
            while (progress && exchange != null) {
                progress = exchange.takeBody(in == null ? Unpooled.EMPTY_BUFFER : in);
                if (in != null && !in.isReadable()) {
                    in.release();
                    in = null;
                }
            }
        } catch (HttpViolation e) {
            refuse(e);
        } catch (RuntimeException e) {
            crashed(e);
        } finally {
            processing = false;
        }
        updateReading();
    }

    @Override
    public GuestFlow flow() {
        return flow;
    }

    @Override
    public Channel channel() {
        return stream;
    }

    @Override
    public boolean secure() {
        return true;
    }

    @Override
    public boolean http2() {
        return true;
    }

    @Override
    public BodySource body(RequestHead request) {
        return body;
    }

    @Override
    public Judgement judge(RequestHead request, NetworkPolicy network) {
        return Judgement.ofRequest(network, flow.destination, true, connection.serverName, request.authority());
    }

    @Override
    public UpstreamConnection takeUpstream() {
        return null;
    }

    @Override
    public void keepUpstream(UpstreamConnection upstream) {
        flow.services.pool.offer(flow.guest.eventLoop(), upstream);
    }

    @Override
    public void sayContinue() {
        stream.writeAndFlush(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers(false).status("100"), false));
    }

    @Override
    public void updateReading() {
        boolean full = in != null && in.readableBytes() > AHEAD_BYTES_MAX;
        boolean want = over || !full && (exchange == null || !exchange.throttlesGuest());
        if (stream.config().isAutoRead() != want) stream.config().setAutoRead(want);
    }

    @Override
    public void touch() {
        connection.touch();
        deadline.in(flow.services.config.limits().idleMillisMax());
    }

    /// The end of one request's input says nothing about the connection.
    @Override
    public boolean inputEnded() {
        return false;
    }

    @Override
    public ResponseWriter responses(RequestHead request) {
        return new Http2ResponseWriter(stream);
    }

    @Override
    public void exchangeOver(boolean keepAlive) {
        exchange = null;
        end();
    }

    @Override
    public void become(Conversation next) {
        throw new IllegalStateException("a stream is asked for no upgrade");
    }

    @Override
    public void answerAndClose(
            int status, boolean policy, Reason reason, String detail, String scanner, String auditId, RequestHead request) {
        exchange = null;
        if (over) return;
        if (request != null && GrpcDenial.fits(request)) {
            stream.write(GrpcDenial.frame(policy, reason, detail, auditId));
        } else {
            boolean withBody = request == null || !request.method().equals("HEAD");
            byte[] page = BlockPage.body(policy, reason, detail, scanner, auditId);
            Http2ResponseWriter writer = new Http2ResponseWriter(stream);
            writer.head(status, BlockPage.fields(reason), withBody ? -1 : page.length, page.length, !withBody);
            if (withBody) writer.last(Unpooled.wrappedBuffer(page));
        }
        end();
    }

    /// The response is written. What the guest still sends is not wanted any more (RFC 9113 §8.1).
    private void end() {
        over = true;
        deadline.stop();
        release();
        if (inputEnded) {
            stream.flush();
        } else {
            stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.NO_ERROR));
        }
    }

    @Override
    public void abort() {
        exchange = null;
        if (over) return;
        over = true;
        deadline.stop();
        release();
        stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.INTERNAL_ERROR)).addListener(_ -> stream.close());
    }

    @Override
    public void crashed(Throwable cause) {
        LOG.error("a stream of {} failed", flow.slot.sandboxId(), cause);
        if (exchange != null) exchange.cancel();
        abort();
    }

    private void refuse(HttpViolation violation) {
        if (exchange != null) {
            exchange.refuseBody(violation.status(), violation.getMessage());
            return;
        }
        String host = connection.serverName.map(HostName::value).orElse("");
        String id = flow.blocked(Reason.MALFORMED_REQUEST, host, "https", violation.getMessage());
        answerAndClose(violation.status(), true, Reason.MALFORMED_REQUEST, violation.getMessage(), "", id, head);
    }

    private void timedOut() {
        if (exchange != null) {
            exchange.timedOut();
        } else {
            abort();
        }
    }

    private void release() {
        if (in != null) in.release();
        in = null;
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (exchange != null) exchange.guestWritable(stream.isWritable());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        over = true;
        deadline.stop();
        if (exchange != null) exchange.cancel();
        exchange = null;
        release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("a stream of {} ends", flow.slot.sandboxId(), cause);
        if (over) return;
        refuse(new HttpViolation(400, "the codec refuses the stream: " + cause.getClass().getSimpleName()));
    }
}
