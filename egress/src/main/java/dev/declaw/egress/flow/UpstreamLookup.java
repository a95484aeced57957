package dev.declaw.egress.flow;

import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.model.policy.Reason;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.net.InetAddress;
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

    UpstreamLookup(GuestFlow flow, VersionedPolicy policy, UpstreamKey key, Caller caller) {
        this.flow = flow;
        this.policy = policy;
        this.key = key;
        this.caller = caller;
    }

    /// @param attached connection of the guest's previous request, or null; dropped when it cannot be used
    /// @param idempotent whether the request may be sent again, should an idle connection turn out to be dead
    void find(UpstreamConnection attached, boolean idempotent) {
        if (attached != null && usable(attached, idempotent)) {
            reuse(attached);
            return;
        }
        if (attached != null) attached.drop();
        UpstreamConnection pooled = flow.services.pool.take(flow.guest.eventLoop(), key);
        if (pooled != null && usable(pooled, idempotent)) {
            reuse(pooled);
            return;
        }
        if (pooled != null) pooled.drop();
        dial();
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
        flow.services.dialer.dial(
                flow.guest.eventLoop(), flow.slot, policy, key.name(), key.fixed(), key.port(), this);
    }

    @Override
    public boolean mayDial(InetAddress address) {
        return !caller.over() && caller.mayDial(address);
    }

    @Override
    public void refused(UpstreamFailure failure) {
        if (!caller.over()) caller.refused(failure);
    }

    @Override
    public void dialled(Channel channel, InetAddress address) {
        if (caller.over()) {
            channel.close();
            return;
        }
        try {
            UpstreamConnection connection = new UpstreamConnection(key, address, channel, flow.services.headLimits);
            if (key.tls()) {
                handshake(channel, connection);
            } else {
                channel.pipeline().addLast(connection);
                channel.config().setAutoRead(true);
                caller.found(connection, false);
            }
        } catch (RuntimeException e) {
            channel.close();
            caller.crashed(e);
        }
    }

    private void handshake(Channel channel, UpstreamConnection connection) {
        SslHandler tls = flow.services.upstreamTls.newHandler(
                channel.alloc(),
                key.peer(),
                key.port(),
                flow.services.config.limits().connectMillisMax());
        channel.pipeline().addLast(tls, connection);
        channel.config().setAutoRead(true);
        tls.handshakeFuture().addListener(done -> {
            if (done.isSuccess() && !caller.over()) {
                try {
                    caller.found(connection, false);
                } catch (RuntimeException e) {
                    channel.close();
                    caller.crashed(e);
                }
                return;
            }
            channel.close();
            if (!done.isSuccess()) refused(failureOf(done.cause()));
        });
    }

    private static UpstreamFailure failureOf(Throwable cause) {
        Reason reason = cause instanceof SSLException ? Reason.UPSTREAM_TLS_INVALID : Reason.UPSTREAM_UNREACHABLE;
        return UpstreamFailure.broken(reason, cause.getClass().getSimpleName());
    }
}
