package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodyReader;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.HeadLimits;
import dev.declaw.egress.http.HeadWriter;
import dev.declaw.egress.http.HttpViolation;
import dev.declaw.egress.http.ResponseHead;
import dev.declaw.egress.http.ResponseParser;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The HTTP/1.1 client end of one upstream connection: one request at a time, responses parsed strictly. Any byte that
/// belongs to no request ends it. Used on its event loop only.
final class UpstreamConnection extends ChannelInboundHandlerAdapter implements Upstream {
    private static final int INTERIM_RESPONSES_MAX = 8;
    /// A body of this size or less is written with its head, as one piece.
    private static final int TOGETHER_BYTES_MAX = 8 * 1024;
    /// A request that must not be sent twice goes only to a connection that was quiet for less than this.
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final UpstreamKey key;
    private final InetAddress address;
    private final Channel channel;
    private final ResponseParser parser;
    private final HeadWriter heads = new HeadWriter();
    private BodyWriter up;
    private ByteBuf in;
    private ResponseListener listener;
    private ResponseHead head;
    private BodyReader body;
    private boolean toHead;
    private boolean upgrade;
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

    @Override
    public InetAddress address() {
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

    @Override
    public int send(Request request, byte[] content, ResponseListener next) {
        listener = next;
        toHead = request.method().equals("HEAD");
        upgrade = request.upgrade();
        touched = false;
        interims = 0;
        ByteBuf out = channel.alloc().ioBuffer(1024);
        heads.request(
                request.method(), request.target(), request.authority(), request.fields(), request.framing(), out);
        int size = out.readableBytes() + content.length;
        if (content.length <= TOGETHER_BYTES_MAX) {
            channel.write(out.writeBytes(content));
        } else {
            channel.write(out);
            channel.write(Unpooled.wrappedBuffer(content));
        }
        up = new BodyWriter(channel, request.framing());
        channel.flush();
        return size;
    }

    @Override
    public void write(ByteBuf data) {
        up.write(data);
    }

    @Override
    public void end() {
        up.end();
        channel.flush();
    }

    @Override
    public void flush() {
        channel.flush();
    }

    @Override
    public boolean writable() {
        return channel.isWritable();
    }

    @Override
    public void read(boolean more) {
        channel.config().setAutoRead(more);
    }

    @Override
    public void over(boolean clean, Requester requester) {
        if (clean) {
            channel.config().setAutoRead(true);
            requester.keepUpstream(this);
        } else {
            drop();
        }
    }

    @Override
    public void drop() {
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
                if (read.status() == 101) return leaveHttp(read);
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
        if (listener != null && body != null && body.done()) ended();
        return true;
    }

    /// The pipeline is the listener's afterwards.
    private boolean leaveHttp(ResponseHead read) throws HttpViolation {
        if (!upgrade) throw new HttpViolation(502, "101 that nobody asked for");
        ResponseListener next = listener;
        listener = null;
        spoiled = true;
        ByteBuf surplus = in.isReadable() ? in : null;
        if (surplus == null) in.release();
        in = null;
        next.upgraded(read, this, surplus);
        return false;
    }

    private void ended() {
        boolean surplus = in != null && in.isReadable();
        boolean reusable = head.keepAlive() && !surplus && channel.isActive();
        spoiled |= !reusable;
        ResponseListener told = listener;
        List<Field> trailers = body.trailers();
        listener = null;
        body = null;
        head = null;
        idleSince = System.nanoTime();
        told.responseEnded(reusable, trailers);
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
                ended();
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
