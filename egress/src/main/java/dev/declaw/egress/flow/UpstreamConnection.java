package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodyReader;
import dev.declaw.egress.http.HeadLimits;
import dev.declaw.egress.http.HttpViolation;
import dev.declaw.egress.http.ResponseHead;
import dev.declaw.egress.http.ResponseParser;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;

/// The HTTP/1.1 client end of one upstream connection: one request at a time, responses parsed strictly. Any byte that
/// belongs to no request ends it. Used on its event loop only.
final class UpstreamConnection extends ChannelInboundHandlerAdapter {
    private static final int INTERIM_RESPONSES_MAX = 8;
    /// A request that must not be sent twice goes only to a connection that was quiet for less than this.
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final UpstreamKey key;
    private final InetAddress address;
    private final Channel channel;
    private final ResponseParser parser;
    private ByteBuf in;
    private ResponseListener listener;
    private ResponseHead head;
    private BodyReader body;
    private boolean toHead;
    private boolean touched;
    private boolean spoiled;
    private int interims;
    private long idleSince;

    UpstreamConnection(UpstreamKey key, InetAddress address, Channel channel, HeadLimits limits) {
        this.key = key;
        this.address = address;
        this.channel = channel;
        this.parser = new ResponseParser(limits);
    }

    UpstreamKey key() {
        return key;
    }

    /// The checked address that was dialled.
    InetAddress address() {
        return address;
    }

    Channel channel() {
        return channel;
    }

    /// Whether another request may be sent.
    boolean idle() {
        return listener == null && !spoiled && channel.isActive();
    }

    boolean fresh() {
        return System.nanoTime() - idleSince < FRESH_NANOS;
    }

    /// Names who gets the next response. The caller then writes the request to the channel.
    void expect(ResponseListener next, boolean headRequest) {
        listener = next;
        toHead = headRequest;
        touched = false;
        interims = 0;
    }

    /// Gives up the connection, whatever it is doing. The listener hears nothing more.
    void drop() {
        listener = null;
        spoiled = true;
        channel.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        if (listener == null) {
            data.release();
            drop(); // bytes that nobody asked for: the next response could be a smuggled one
            return;
        }
        touched = true;
        in = in == null ? data : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), in, data);
        try {
            while (listener != null && in != null && advance()) {
                // each round takes a head, a piece of body, or the end
            }
        } catch (HttpViolation e) {
            fail(UpstreamFailure.broken(Reason.UPSTREAM_UNREACHABLE, "malformed response: " + e.getMessage()));
        } finally {
            if (in != null && (!in.isReadable() || spoiled)) {
                in.release();
                in = null;
            }
        }
    }

    private boolean advance() throws HttpViolation {
        if (body == null) {
            ResponseHead read = parser.parse(in, toHead);
            if (read == null) return false;
            if (read.interim()) {
                if (read.status() == 101) throw new HttpViolation(502, "101 that nobody asked for");
                if (++interims > INTERIM_RESPONSES_MAX) throw new HttpViolation(502, "too many interim responses");
                return true;
            }
            head = read;
            body = new BodyReader(read.framing());
            listener.responseHead(read);
        } else {
            ByteBuf data = body.read(in);
            if (data != null) listener.responseData(data);
            else if (!body.done()) return false;
        }
        if (listener != null && body != null && body.done()) end();
        return true;
    }

    private void end() {
        boolean surplus = in != null && in.isReadable();
        boolean reusable = head.keepAlive() && !surplus && channel.isActive();
        spoiled |= !reusable;
        ResponseListener ended = listener;
        listener = null;
        body = null;
        head = null;
        idleSince = System.nanoTime();
        ended.responseEnded(reusable);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (listener != null) listener.responsePaused();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (listener != null) listener.upstreamWritable();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (listener != null) {
            if (body != null && body.endOfInput()) {
                end();
            } else {
                fail(UpstreamFailure.broken(Reason.UPSTREAM_UNREACHABLE, "upstream closed before the response ended"));
            }
        }
        spoiled = true;
        if (in != null) {
            in.release();
            in = null;
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(UpstreamFailure.broken(Reason.UPSTREAM_UNREACHABLE, cause.getClass().getSimpleName()));
    }

    private void fail(UpstreamFailure failure) {
        ResponseListener failed = listener;
        drop();
        if (failed != null) failed.responseFailed(failure, !touched);
    }
}
