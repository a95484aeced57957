package dev.declaw.egress.flow;

import dev.declaw.egress.EgressConfig.Limits;
import dev.declaw.egress.http.HeadLimits;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2PingFrame;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// One HTTP/2 connection to an origin, shared by the requests of one sandbox to one host under one policy version. Used on
/// its event loop only.
final class UpstreamHttp2 extends ChannelInboundHandlerAdapter {
    private static final long IDLE_MILLIS_MAX = 30_000;
    private static final int CONTROL_FRAMES_PER_SECOND_MAX = 200;

    private final UpstreamKey key;
    private final InetAddress address;
    private final Channel channel;
    private final HeadLimits headLimits;
    private final Deadline idle;
    private long streamsMax = Http2Codec.STREAMS_MAX;
    private int streams;
    private boolean ending;
    private long windowStart = System.nanoTime();
    private int controlFrames;

    UpstreamHttp2(UpstreamKey key, InetAddress address, Channel channel, Limits limits, HeadLimits headLimits) {
        this.key = key;
        this.address = address;
        this.channel = channel;
        this.headLimits = headLimits;
        this.idle = new Deadline(channel.eventLoop(), channel::close);
        channel.pipeline().addLast(Http2Codec.forOrigin(limits));
        channel.pipeline().addLast(new Http2MultiplexHandler(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel pushed) {
                pushed.close(); // push is switched off; whatever comes all the same has no owner
            }
        }));
        channel.pipeline().addLast(this);
    }

    UpstreamKey key() {
        return key;
    }

    InetAddress address() {
        return address;
    }

    Channel channel() {
        return channel;
    }

    /// Whether another request may be sent now.
    boolean usable() {
        return !ending && channel.isActive() && streams < streamsMax;
    }

    /// @param opened gets the stream, or null when there is none after all
    void open(Consumer<UpstreamStream> opened) {
        UpstreamStream stream = new UpstreamStream(this, headLimits);
        streams++;
        idle.stop();
        new Http2StreamChannelBootstrap(channel).handler(stream).open().addListener((Future<Http2StreamChannel> done) -> {
            if (!done.isSuccess()) {
                streamOver();
                opened.accept(null);
                return;
            }
            done.getNow().closeFuture().addListener(_ -> streamOver());
            opened.accept(stream);
        });
    }

    private void streamOver() {
        if (--streams > 0) return;
        if (ending) {
            channel.close();
        } else {
            idle.in(IDLE_MILLIS_MAX);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
        if (frame instanceof Http2SettingsFrame settings) {
            Long said = settings.settings().maxConcurrentStreams();
            if (said != null) streamsMax = Math.min(said, Http2Codec.STREAMS_MAX);
            spendControl();
        } else if (frame instanceof Http2PingFrame) {
            spendControl();
        } else if (frame instanceof Http2GoAwayFrame) {
            ending = true;
            if (streams == 0) channel.close();
        }
        ReferenceCountUtil.release(frame);
    }

    private void spendControl() {
        long now = System.nanoTime();
        if (now - windowStart > TimeUnit.SECONDS.toNanos(1)) {
            windowStart = now;
            controlFrames = 0;
        }
        if (++controlFrames > CONTROL_FRAMES_PER_SECOND_MAX) channel.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ending = true;
        idle.stop();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ending = true;
        ctx.close();
    }
}
