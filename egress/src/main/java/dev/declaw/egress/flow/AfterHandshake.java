package dev.declaw.egress.flow;

import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.Reason;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.Optional;

/// Waits for the TLS handshake with the guest and then gives the connection to the version of HTTP that was agreed on. Used
/// on its event loop only.
final class AfterHandshake extends ApplicationProtocolNegotiationHandler {
    private final GuestFlow flow;
    private final Optional<HostName> serverName;
    private final Optional<GuestHttp.Denial> denial;
    private boolean handedOver;

    AfterHandshake(GuestFlow flow, Optional<HostName> serverName, Optional<GuestHttp.Denial> denial) {
        super(ApplicationProtocolNames.HTTP_1_1);
        this.flow = flow;
        this.serverName = serverName;
        this.denial = denial;
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
        handedOver = true;
        if (protocol.equals(ApplicationProtocolNames.HTTP_2)) {
            new GuestHttp2(flow, serverName, denial).install(ctx.pipeline());
        } else {
            ctx.pipeline().addLast(new GuestHttp(flow, serverName, true, denial));
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event instanceof SslHandshakeCompletionEvent done && !done.isSuccess()) {
            String host = serverName.map(HostName::value).orElse("");
            String why = done.cause().getClass().getSimpleName();
            if (denial.isEmpty()) flow.blocked(Reason.TLS_HANDSHAKE_FAILED, host, "tls", why);
            ctx.close();
        } else {
            super.userEventTriggered(ctx, event);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        if (!handedOver) flow.ended();
        super.channelInactive(ctx);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close(); // the failed handshake is told of by its event
    }
}
