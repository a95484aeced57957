package dev.declaw.egress.flow;

import dev.declaw.egress.EgressConfig.Limits;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.Reason;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2PingFrame;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.util.ReferenceCountUtil;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The HTTP/2 server end of a guest's connection inside TLS that we opened: each stream is a request of its own, judged
/// anew. This handler is the end of the connection's pipeline and sees to what concerns all streams. Used on its event loop
/// only.
final class GuestHttp2 extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(GuestHttp2.class);
    private static final int CONTROL_FRAMES_PER_SECOND_MAX = 200;

    final GuestFlow flow;
    final Optional<HostName> serverName;
    final Optional<GuestHttp.Denial> denial;
    private final Limits limits;
    private Deadline deadline;
    private long windowStart = System.nanoTime();
    private int controlFrames;
    private boolean ending;

    GuestHttp2(GuestFlow flow, Optional<HostName> serverName, Optional<GuestHttp.Denial> denial) {
        this.flow = flow;
        this.serverName = serverName;
        this.denial = denial;
        this.limits = flow.services.config.limits();
    }

    void install(ChannelPipeline pipeline) {
        pipeline.addLast(Http2Codec.forGuest(limits));
        pipeline.addLast(new Http2MultiplexHandler(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel stream) {
                deadline.in(limits.idleMillisMax());
                stream.pipeline().addLast(new GuestStream(GuestHttp2.this, stream));
            }
        }));
        pipeline.addLast(this);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        deadline = new Deadline(ctx.channel().eventLoop(), () -> goAway(ctx, Http2Error.NO_ERROR, ""));
        deadline.in(limits.headMillisMax());
    }

    /// Something went either way on a stream.
    void touch() {
        deadline.in(limits.idleMillisMax());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
        if (frame instanceof Http2PingFrame || frame instanceof Http2SettingsFrame) spendControl(ctx);
        ReferenceCountUtil.release(frame);
    }

    /// Frames that concern no request cost the sender nothing and us an answer each.
    private void spendControl(ChannelHandlerContext ctx) {
        long now = System.nanoTime();
        if (now - windowStart > TimeUnit.SECONDS.toNanos(1)) {
            windowStart = now;
            controlFrames = 0;
        }
        if (++controlFrames > CONTROL_FRAMES_PER_SECOND_MAX) {
            goAway(ctx, Http2Error.ENHANCE_YOUR_CALM, "too many control frames");
        }
    }

    private void goAway(ChannelHandlerContext ctx, Http2Error error, String refused) {
        if (ending) return;
        ending = true;
        if (!refused.isEmpty()) recordRefusal(refused);
        ctx.writeAndFlush(new DefaultHttp2GoAwayFrame(error)).addListener(_ -> ctx.close());
    }

    private void recordRefusal(String detail) {
        String host = serverName.map(HostName::value).orElse("");
        flow.blocked(Reason.MALFORMED_REQUEST, host, "https", detail);
    }

    /// The codec has found the connection itself broken, or flooded, and ends it with the right error.
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("an HTTP/2 connection of {} ends", flow.slot.sandboxId(), cause);
        if (!ending) recordRefusal("HTTP/2: " + cause.getClass().getSimpleName());
        ending = true;
        GuestFlow.reset(ctx.channel());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        deadline.stop();
        flow.ended();
    }
}
