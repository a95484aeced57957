package dev.declaw.egress.flow;

import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.dns.UpstreamResolver;
import dev.declaw.model.audit.AuditSink;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.function.Function;

/// Serves the listeners of sandboxes: every connection that arrives on one is judged, read and, where the policy allows,
/// carried to its upstream. Thread-safe. Both legs of a connection live on the event loop that accepted it.
///
/// The engine owns neither the event loops nor the audit sink; closing a [SandboxSlot] ends what the engine does for it.
public final class ProxyEngine implements AutoCloseable {
    private static final int BACKLOG = 1024;
    private static final long SCREENING_MILLIS_MAX = 10_000;

    private final EventLoopGroup loops;
    private final FlowServices services;

    /// @param loops epoll event loops
    /// @param dnsOverTcp makes the handler for a connection to port 53, whatever server the guest meant to ask
    /// @param clock stamps audit events and certificates
    public ProxyEngine(
            EgressConfig config,
            EventLoopGroup loops,
            UpstreamResolver resolver,
            AuditSink audit,
            Function<SandboxSlot, ChannelHandler> dnsOverTcp,
            InstantSource clock) {
        this(config, loops, resolver, audit, dnsOverTcp, clock, SCREENING_MILLIS_MAX);
    }

    /// @param screeningMillisMax time box for the screening of one body
    ProxyEngine(
            EgressConfig config,
            EventLoopGroup loops,
            UpstreamResolver resolver,
            AuditSink audit,
            Function<SandboxSlot, ChannelHandler> dnsOverTcp,
            InstantSource clock,
            long screeningMillisMax) {
        this.loops = loops;
        this.services = new FlowServices(config, resolver, audit, dnsOverTcp, clock, screeningMillisMax);
    }

    /// Serves a listening socket that was made inside the sandbox's namespace: the local address of what it accepts is
    /// where the guest meant to go.
    ///
    /// @param listenerDescriptor a listening, non-blocking TCP socket; the engine closes it with the returned channel
    public Channel serveSlot(SandboxSlot slot, int listenerDescriptor) {
        return start(bootstrap(slot, EpollSocketChannel::localAddress)
                .channelFactory(() -> new EpollServerSocketChannel(listenerDescriptor))
                .register(), slot);
    }

    /// Listens for connections that a firewall hands over with TPROXY. Needs CAP_NET_ADMIN for IP_TRANSPARENT.
    public Channel serveTransparent(SandboxSlot slot, InetSocketAddress listen) {
        return startOwn(bootstrap(slot, EpollSocketChannel::localAddress)
                .channel(EpollServerSocketChannel.class)
                .option(EpollChannelOption.IP_TRANSPARENT, true)
                .bind(listen), slot);
    }

    /// Listens for connections that a firewall redirected.
    public Channel serveRedirected(SandboxSlot slot, InetSocketAddress listen, OriginalDestination destination) {
        return startOwn(bootstrap(slot, channel -> destination.of(channel.fd().intValue()))
                .channel(EpollServerSocketChannel.class)
                .bind(listen), slot);
    }

    /// Ends the work that runs beside the event loops. Slots and loops are closed by their owners.
    @Override
    public void close() {
        services.close();
    }

    private ServerBootstrap bootstrap(SandboxSlot slot, Function<EpollSocketChannel, InetSocketAddress> destination) {
        return new ServerBootstrap()
                .group(loops)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<EpollSocketChannel>() {
                    @Override
                    protected void initChannel(EpollSocketChannel channel) {
                        GuestAccept.begin(services, slot, channel, destination);
                    }
                });
    }

    /// A listener in our own namespace, where the upstream leg could reach it.
    private Channel startOwn(ChannelFuture opening, SandboxSlot slot) {
        Channel listener = start(opening, slot);
        int port = ((InetSocketAddress) listener.localAddress()).getPort();
        services.ownListeners.add(port);
        listener.closeFuture().addListener(_ -> services.ownListeners.remove(port));
        return listener;
    }

    private static Channel start(ChannelFuture opening, SandboxSlot slot) {
        Channel listener = opening.syncUninterruptibly().channel();
        slot.register(listener);
        return listener;
    }
}
