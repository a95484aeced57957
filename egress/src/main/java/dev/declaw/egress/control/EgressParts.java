package dev.declaw.egress.control;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.dns.DnsjavaResolver;
import dev.declaw.egress.dns.GuestDns;
import dev.declaw.egress.flow.ProxyEngine;
import dev.declaw.model.audit.AuditSink;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;

/// The parts of one proxy, wired: event loops, resolver, the guests' DNS and the engine. Whoever made them closes them,
/// after the slots.
///
/// @param loops one epoll event loop for each processor
/// @param dns the guests' resolver
/// @param engine serves the listeners
record EgressParts(EventLoopGroup loops, GuestDns dns, ProxyEngine engine) implements AutoCloseable {
    private static final int QUIET_MILLIS = 0;
    private static final int SHUTDOWN_SECONDS_MAX = 2;

    static EgressParts wire(EgressConfig config, AuditSink audit, InstantSource clock) {
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(EpollIoHandler.newFactory());
        try {
            GuestDns dns = new GuestDns(audit, clock, System::nanoTime);
            DnsjavaResolver resolver = new DnsjavaResolver(config.resolvers(), Ticker.systemTicker());
            return new EgressParts(loops, dns, new ProxyEngine(config, loops, resolver, audit, dns::tcpHandler, clock));
        } catch (RuntimeException e) {
            shutDown(loops);
            throw e;
        }
    }

    @Override
    public void close() {
        engine.close();
        shutDown(loops);
    }

    private static void shutDown(EventLoopGroup loops) {
        loops.shutdownGracefully(QUIET_MILLIS, SHUTDOWN_SECONDS_MAX, TimeUnit.SECONDS)
                .awaitUninterruptibly(SHUTDOWN_SECONDS_MAX + 1, TimeUnit.SECONDS);
    }
}
