package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.HeadLimits;
import dev.declaw.egress.http.HttpViolation;
import dev.declaw.egress.http.ResponseHead;
import dev.declaw.egress.http.StreamBody;
import dev.declaw.egress.http.StreamHeads;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.util.List;

/// One request and its response in a stream of HTTP/2 to an origin, the response read strictly. Used on its event loop
/// only.
final class UpstreamStream extends ChannelInboundHandlerAdapter implements Upstream {
    private static final int INTERIM_RESPONSES_MAX = 8;

    private final UpstreamHttp2 connection;
    private final HeadLimits limits;
    private Channel stream;
    private ResponseListener listener;
    private ResponseHead head;
    private StreamBody body;
    private boolean toHead;
    private boolean requestEnded;
    private int interims;

    UpstreamStream(UpstreamHttp2 connection, HeadLimits limits) {
        this.connection = connection;
        this.limits = limits;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        stream = ctx.channel();
    }

    @Override
    public InetAddress address() {
        return connection.address();
    }

    @Override
    public int send(Request request, byte[] content, ResponseListener next) {
        listener = next;
        toHead = request.method().equals("HEAD");
        requestEnded = request.framing() == BodyFraming.NONE || content.length > 0;
        Http2Headers headers = new DefaultHttp2Headers(false, request.fields().size() + 6)
                .method(request.method())
                .scheme(request.scheme())
                .authority(request.authority())
                .path(request.target());
        int bytes = request.target().length() + request.authority().length() + 16
                + Http2ResponseWriter.append(headers, request.fields());
        headers.add("te", "trailers"); // gRPC asks for it, and trailers are passed on
        if (request.framing() instanceof BodyFraming.Length length) {
            headers.add("content-length", Long.toString(length.bytes()));
        }
        stream.write(new DefaultHttp2HeadersFrame(headers, request.framing() == BodyFraming.NONE));
        if (content.length > 0) stream.write(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(content), true));
        stream.flush();
        return bytes + content.length;
    }

    @Override
    public void write(ByteBuf data) {
        if (requestEnded) {
            data.release();
        } else {
            stream.write(new DefaultHttp2DataFrame(data));
        }
    }

    @Override
    public void end() {
        if (!requestEnded) stream.writeAndFlush(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true));
        requestEnded = true;
    }

    @Override
    public void flush() {
        stream.flush();
    }

    @Override
    public boolean writable() {
        return stream.isWritable();
    }

    @Override
    public void read(boolean more) {
        stream.config().setAutoRead(more);
    }

    @Override
    public void over(boolean clean, Requester requester) {
        if (!clean) drop();
    }

    @Override
    public void drop() {
        listener = null;
        stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL)).addListener(_ -> stream.close());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
        try {
            if (listener == null) return;
            if (frame instanceof Http2HeadersFrame headers) {
                if (head == null) {
                    begin(headers);
                } else {
                    trailers(headers);
                }
            } else if (frame instanceof Http2DataFrame data) {
                if (head == null) throw new HttpViolation(502, "data before a head");
                body.arrived(data.content().readableBytes(), data.isEndStream());
                if (data.content().isReadable()) listener.responseData(data.content().retain());
                if (data.isEndStream()) ended(List.of());
            }
        } catch (HttpViolation e) {
            fail("malformed response: " + e.getMessage(), false);
        } finally {
            ReferenceCountUtil.release(frame);
        }
    }

    private void begin(Http2HeadersFrame headers) throws HttpViolation {
        ResponseHead read = StreamHeads.response(headers.headers(), headers.isEndStream(), toHead, limits);
        if (read.interim()) {
            if (headers.isEndStream()) throw new HttpViolation(502, "an interim response that ends the stream");
            if (++interims > INTERIM_RESPONSES_MAX) throw new HttpViolation(502, "too many interim responses");
            return;
        }
        head = read;
        body = new StreamBody(read.framing());
        listener.responseHead(read);
        if (headers.isEndStream()) {
            body.arrived(0, true);
            ended(List.of());
        }
    }

    private void trailers(Http2HeadersFrame headers) throws HttpViolation {
        if (!headers.isEndStream()) throw new HttpViolation(502, "a second head in one stream");
        List<Field> trailers = StreamHeads.trailers(headers.headers(), limits);
        body.arrived(0, true);
        ended(trailers);
    }

    private void ended(List<Field> trailers) {
        ResponseListener told = listener;
        listener = null;
        if (told != null) told.responseEnded(true, trailers);
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
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof Http2ResetFrame reset) {
            fail("the origin reset the stream, error " + reset.errorCode(),
                    reset.errorCode() == Http2Error.REFUSED_STREAM.code());
        } else if (event instanceof Http2GoAwayFrame) {
            fail("the origin goes away", true);
        }
        ReferenceCountUtil.release(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        fail("upstream closed before the response ended", head == null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(cause.getClass().getSimpleName(), false);
    }

    private void fail(String detail, boolean untouched) {
        ResponseListener failed = listener;
        if (failed == null) return;
        drop();
        failed.responseFailed(UpstreamFailure.broken(Reason.UPSTREAM_UNREACHABLE, detail), untouched);
    }
}
