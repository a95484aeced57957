package dev.declaw.egress.flow;

import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.content.BodyDecoder;
import dev.declaw.egress.dns.UpstreamResolver;
import dev.declaw.egress.http.HeadLimits;
import dev.declaw.egress.tls.UpstreamTls;
import dev.declaw.model.audit.AuditSink;
import io.netty.channel.ChannelHandler;
import java.time.InstantSource;
import java.util.function.Function;

/// What all connections of an engine share. Thread-safe.
final class FlowServices implements AutoCloseable {
    final EgressConfig config;
    final FlowRecorder recorder;
    final Function<SandboxSlot, ChannelHandler> dnsOverTcp;
    final OwnListeners ownListeners = new OwnListeners();
    final Dialer dialer;
    final UpstreamPool pool;
    final Http2Upstreams http2 = new Http2Upstreams();
    final UpstreamTls upstreamTls;
    final HeadLimits headLimits;
    final BodyDecoder bodyDecoder;
    /// A full queue refuses, and the request is blocked.
    final ScreeningPool screening;

    FlowServices(
            EgressConfig config,
            UpstreamResolver resolver,
            AuditSink audit,
            Function<SandboxSlot, ChannelHandler> dnsOverTcp,
            InstantSource clock,
            long screeningMillisMax) {
        this.config = config;
        this.recorder = new FlowRecorder(audit, clock);
        this.dnsOverTcp = dnsOverTcp;
        this.dialer = new Dialer(config, resolver, ownListeners);
        this.pool = new UpstreamPool(config.limits().upstreamIdlePerHostMax());
        this.upstreamTls = new UpstreamTls(config.upstreamCa());
        this.headLimits = new HeadLimits(config.limits().headBytesMax(), config.limits().headFieldsMax());
        this.bodyDecoder = new BodyDecoder(config.limits().scanBodyBytesMax());
        this.screening = new ScreeningPool(screeningMillisMax);
    }

    @Override
    public void close() {
        screening.close();
    }
}
