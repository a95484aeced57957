package dev.declaw.egress.flow;

import dev.declaw.egress.EgressConfig.Limits;
import dev.declaw.egress.http.HeadLimits;
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
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/// Asks the operator's proxy for a tunnel to a checked address (CONNECT, RFC 9110 §9.3.6), and is gone when it is there.
/// Used on the channel's event loop only.
final class ParentTunnel extends ChannelInboundHandlerAdapter {
    private final InetSocketAddress target;
    private final Dialer.Caller caller;
    private final ResponseParser parser;
    private final Deadline deadline;
    private ByteBuf in;
    private boolean over;

    private ParentTunnel(Channel channel, InetSocketAddress target, Limits limits, Dialer.Caller caller) {
        this.target = target;
        this.caller = caller;
        this.parser = new ResponseParser(new HeadLimits(limits.headBytesMax(), limits.headFieldsMax()));
        this.deadline = new Deadline(channel.eventLoop(), () -> fail(channel, "the parent proxy does not answer"));
        deadline.in(limits.connectMillisMax());
    }

    /// @param channel connected to the parent proxy
    /// @param target what to reach through it
    static void open(Channel channel, InetSocketAddress target, Limits limits, Dialer.Caller caller) {
        channel.pipeline().addLast(new ParentTunnel(channel, target, limits, caller));
        String literal = target.getAddress().getHostAddress();
        String authority = (literal.indexOf(':') >= 0 ? "[" + literal + "]" : literal) + ":" + target.getPort();
        String request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
        channel.writeAndFlush(Unpooled.copiedBuffer(request, StandardCharsets.US_ASCII));
        channel.config().setAutoRead(true);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        if (over) {
            data.release();
            return;
        }
        in = in == null ? data : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), in, data);
        try {
            ResponseHead head = parser.parse(in, true); // what a success says of a body has no meaning
            if (head == null || head.interim() && head.status() != 101) return;
            if (head.status() / 100 == 2) {
                opened(ctx);
            } else {
                fail(ctx.channel(), "the parent proxy answers " + head.status());
            }
        } catch (HttpViolation e) {
            fail(ctx.channel(), "the parent proxy's answer is malformed: " + e.getMessage());
        }
    }

    private void opened(ChannelHandlerContext ctx) {
        end();
        Channel channel = ctx.channel();
        channel.config().setAutoRead(false);
        ByteBuf early = in.isReadable() ? in : null;
        if (early == null) in.release();
        in = null;
        ctx.pipeline().remove(this);
        caller.dialled(channel, target.getAddress());
        if (early != null) channel.pipeline().fireChannelRead(early);
    }

    private void fail(Channel channel, String detail) {
        if (over) return;
        end();
        channel.close();
        caller.refused(UpstreamFailure.broken(Reason.UPSTREAM_UNREACHABLE, detail));
    }

    private void end() {
        over = true;
        deadline.stop();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        fail(ctx.channel(), "the parent proxy closed");
        if (in != null) in.release();
        in = null;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(ctx.channel(), cause.getClass().getSimpleName());
    }
}
