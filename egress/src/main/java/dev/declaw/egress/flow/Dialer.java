package dev.declaw.egress.flow;

import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.dns.UpstreamResolver;
import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/// Finds the addresses of an allowed name, checks every one of them, and dials a checked one (I3). Thread-safe.
final class Dialer {
    private static final int ADDRESSES_TRIED_MAX = 3;

    private final EgressConfig config;
    private final UpstreamResolver resolver;
    private final OwnListeners own;

    Dialer(EgressConfig config, UpstreamResolver resolver, OwnListeners own) {
        this.config = config;
        this.resolver = resolver;
        this.own = own;
    }

    /// Hears what came of a dial, on the event loop: [#mayDial] first, then one of the other two, or a refusal at once.
    interface Caller {
        /// Asked with the checked address before anything is sent to it; false ends the dial silently.
        boolean mayDial(InetAddress address);

        void dialled(Channel channel, InetAddress address);

        void refused(UpstreamFailure failure);
    }

    /// @param fixed dial this address, which policy allowed as it is; otherwise what the name resolves to
    void dial(
            EventLoop loop,
            SandboxSlot slot,
            VersionedPolicy policy,
            Optional<HostName> name,
            Optional<InetAddress> fixed,
            int port,
            Caller caller) {
        if (fixed.isPresent()) {
            if (own.covers(fixed.get(), port)) {
                caller.refused(UpstreamFailure.denied(Decision.deny(Reason.ADDRESS_NOT_PUBLIC, null)));
            } else if (caller.mayDial(fixed.get())) {
                connect(loop, slot, List.of(fixed.get()), 0, port, caller);
            }
            return;
        }
        HostName host = name.orElseThrow();
        resolver.resolve(host).whenComplete((addresses, error) -> loop.execute(() -> {
            if (error != null || addresses.isEmpty()) {
                caller.refused(UpstreamFailure.broken(Reason.RESOLUTION_FAILED, ""));
                return;
            }
            for (InetAddress address : addresses) {
                Decision decision = own.covers(address, port)
                        ? Decision.deny(Reason.ADDRESS_NOT_PUBLIC, null)
                        : policy.policy().network().decideResolved(host, address, config.internalRanges());
                if (!decision.allowed()) { // one bad address spoils the name: rebinding mixes good ones in
                    caller.refused(UpstreamFailure.denied(decision));
                    return;
                }
            }
            if (caller.mayDial(addresses.getFirst())) connect(loop, slot, addresses, 0, port, caller);
        }));
    }

    private void connect(
            EventLoop loop, SandboxSlot slot, List<InetAddress> addresses, int index, int port, Caller caller) {
        InetAddress address = addresses.get(index);
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, false)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, config.limits().connectMillisMax())
                .handler(new ChannelInboundHandlerAdapter())
                .connect(config.parentProxy().orElseGet(() -> new InetSocketAddress(address, port)));
        slot.register(connecting.channel());
        connecting.addListener((ChannelFuture done) -> {
            if (done.isSuccess() && config.parentProxy().isPresent()) {
                ParentTunnel.open(done.channel(), new InetSocketAddress(address, port), config.limits(), caller);
            } else if (done.isSuccess()) {
                caller.dialled(done.channel(), address);
            } else if (index + 1 < Math.min(addresses.size(), ADDRESSES_TRIED_MAX)) {
                connect(loop, slot, addresses, index + 1, port, caller);
            } else {
                caller.refused(UpstreamFailure.broken(
                        Reason.UPSTREAM_UNREACHABLE, done.cause().getClass().getSimpleName()));
            }
        });
    }
}
