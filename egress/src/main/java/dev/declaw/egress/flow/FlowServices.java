package dev.declaw.egress.flow;

import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.dns.UpstreamResolver;
import dev.declaw.model.audit.AuditSink;
import io.netty.channel.ChannelHandler;
import java.time.InstantSource;
import java.util.function.Function;

/// What all connections of an engine share.
final class FlowServices implements AutoCloseable {
    final EgressConfig config;
    final UpstreamResolver resolver;
    final AuditSink audit;
    final Function<SandboxSlot, ChannelHandler> dnsOverTcp;
    final InstantSource clock;

    FlowServices(
            EgressConfig config,
            UpstreamResolver resolver,
            AuditSink audit,
            Function<SandboxSlot, ChannelHandler> dnsOverTcp,
            InstantSource clock) {
        this.config = config;
        this.resolver = resolver;
        this.audit = audit;
        this.dnsOverTcp = dnsOverTcp;
        this.clock = clock;
    }

    @Override
    public void close() {}
}
