package dev.declaw.egress.flow;

import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.model.policy.Reason;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.ClosedChannelException;
import javax.net.ssl.SSLException;

/// Finds the upstream connection for one request: the one that served the guest's previous request, an idle one, or a new
/// one to a checked address, with TLS where the guest spoke TLS. Used on one event loop only.
final class UpstreamLookup implements Dialer.Caller {
    /// Hears what came of the lookup, on the event loop. A lookup that is over ends silently.
    interface Caller {
        boolean over();

        /// Asked with the checked address before anything is sent to it; false ends the lookup silently.
        boolean mayDial(InetAddress address);

        void found(Upstream connection, boolean reused);

        void refused(UpstreamFailure failure);

        void crashed(RuntimeException cause);
    }

    private final GuestFlow flow;
    private final VersionedPolicy policy;
    private final UpstreamKey key;
    private final Caller caller;
    private final EventLoop loop;
    private boolean announced;

    UpstreamLookup(GuestFlow flow, VersionedPolicy policy, UpstreamKey key, Caller caller) {
        this.flow = flow;
        this.policy = policy;
        this.key = key;
        this.caller = caller;
        this.loop = flow.guest.eventLoop();
    }

    /// @param attached connection of the guest's previous request, or null; dropped when it cannot be used
    /// @param idempotent whether the request may be sent again, should an idle connection turn out to be dead
    void find(UpstreamConnection attached, boolean idempotent) {
        if (attached != null && usable(attached, idempotent)) {
            reuse(attached);
            return;
        }
        if (attached != null) attached.drop();
        UpstreamConnection pooled = flow.services.pool.take(loop, key);
        if (pooled != null && usable(pooled, idempotent)) {
            reuse(pooled);
            return;
        }
        if (pooled != null) pooled.drop();
        if (key.http2()) {
            findShared(idempotent);
        } else {
            dial();
        }
    }

    private void findShared(boolean idempotent) {
        UpstreamHttp2 shared = flow.services.http2.take(loop, key);
        if (shared != null) {
            if (caller.mayDial(shared.address())) open(shared, true);
            return;
        }
        boolean waits = flow.services.http2.waitFor(loop, key, () -> {
            try {
                if (!caller.over()) find(null, idempotent);
            } catch (RuntimeException e) {
                caller.crashed(e); // the others that wait go on
            }
        });
        announced = !waits;
        if (!waits) dial();
    }

    private void open(UpstreamHttp2 shared, boolean reused) {
        shared.open(stream -> {
            if (stream == null) {
                refused(UpstreamFailure.broken(Reason.UPSTREAM_UNREACHABLE, "the origin takes no stream"));
            } else if (caller.over()) {
                stream.drop();
            } else {
                found(stream, reused);
            }
        });
    }

    private void found(Upstream upstream, boolean reused) {
        try {
            caller.found(upstream, reused);
        } catch (RuntimeException e) {
            upstream.drop();
            caller.crashed(e);
        }
    }

    private boolean usable(UpstreamConnection connection, boolean idempotent) {
        return connection.idle() && (idempotent || connection.fresh()) && connection.key().equals(key);
    }

    private void reuse(UpstreamConnection connection) {
        if (caller.mayDial(connection.address())) {
            caller.found(connection, true);
        } else {
            connection.drop();
        }
    }

    void dial() {
        flow.services.dialer.dial(loop, flow.slot, policy, key.name(), key.fixed(), key.port(), this);
    }

    /// Lets those go on that wait for our dial.
    private void dialOver() {
        if (!announced) return;
        announced = false;
        flow.services.http2.dialOver(loop, key);
    }

    @Override
    public boolean mayDial(InetAddress address) {
        boolean may = !caller.over() && caller.mayDial(address);
        if (!may) dialOver();
        return may;
    }

    @Override
    public void refused(UpstreamFailure failure) {
        if (!caller.over()) caller.refused(failure);
        dialOver();
    }

    @Override
    public void dialled(Channel channel, InetAddress address) {
        if (caller.over() && !announced) {
            channel.close();
            return;
        }
        try {
            if (key.tls()) {
                handshake(channel, address);
            } else {
                connected(channel, address, false);
            }
        } catch (RuntimeException e) {
            channel.close();
            caller.crashed(e);
            dialOver();
        }
    }

    private void handshake(Channel channel, InetAddress address) {
        SslHandler tls = flow.services.upstreamTls.newHandler(
                channel.alloc(),
                key.peer(),
                key.port(),
                flow.services.config.limits().connectMillisMax(),
                key.http2());
        ChannelHandler untilThen = new FailureIsTold();
        channel.pipeline().addLast(tls, untilThen);
        channel.config().setAutoRead(true);
        tls.handshakeFuture().addListener(done -> {
            if (!done.isSuccess()) {
                channel.close();
                refused(failureOf(done.cause()));
                return;
            }
            try {
                channel.pipeline().remove(untilThen);
                connected(channel, address, ApplicationProtocolNames.HTTP_2.equals(tls.applicationProtocol()));
            } catch (RuntimeException e) {
                channel.close();
                caller.crashed(e);
                dialOver();
            }
        });
    }

    /// A handshake that fails is told of by its future; the pipeline need not say it again.
    private static final class FailureIsTold extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private void connected(Channel channel, InetAddress address, boolean http2) {
        if (http2) {
            UpstreamHttp2 shared = new UpstreamHttp2(
                    key, address, channel, flow.services.config.limits(), flow.services.headLimits);
            flow.services.http2.offer(loop, shared);
            if (!caller.over()) open(shared, false);
        } else {
            UpstreamConnection connection = new UpstreamConnection(key, address, channel, flow.services.headLimits);
            channel.pipeline().addLast(connection);
            channel.config().setAutoRead(true);
            if (key.http2()) flow.services.http2.speaksHttp1(loop, key);
            if (caller.over()) {
                flow.services.pool.offer(loop, connection);
            } else {
                found(connection, false);
            }
        }
        dialOver();
    }

    private static UpstreamFailure failureOf(Throwable cause) {
        boolean cut = cause instanceof ClosedChannelException || cause.getCause() instanceof ClosedChannelException
                || cause instanceof IOException && !(cause instanceof SSLException);
        Reason reason = cut
                ? Reason.UPSTREAM_TLS_RESET
                : cause instanceof SSLException ? Reason.UPSTREAM_TLS_INVALID : Reason.UPSTREAM_UNREACHABLE;
        return UpstreamFailure.broken(reason, cause.getClass().getSimpleName());
    }
}
