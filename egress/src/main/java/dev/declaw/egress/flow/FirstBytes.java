package dev.declaw.egress.flow;

import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.egress.tls.ClientHello;
import dev.declaw.egress.tls.ClientHelloReader;
import dev.declaw.egress.tls.LeafContexts;
import dev.declaw.egress.tls.SecondHello;
import dev.declaw.egress.tls.TlsViolation;
import dev.declaw.model.network.HostName;
import dev.declaw.model.network.IpLiteral;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Reads a connection until its protocol and, for TLS, its name are known, and hands it over to whoever carries it on. What
/// the bytes are decides, not the port. Nothing is sent anywhere before that.
final class FirstBytes extends ChannelInboundHandlerAdapter {
    /// How long a client may stay silent on an address that an IP rule opens before the server is assumed to speak first.
    private static final long SERVER_FIRST_MILLIS = 1_000;

    private static final int ACCESS_DENIED = 49;
    private static final int DECODE_ERROR = 50;

    private final GuestFlow flow;
    private final ClientHelloReader helloReader = new ClientHelloReader();
    private Deadline deadline;
    private ByteBuf in;
    private boolean handedOver;

    FirstBytes(GuestFlow flow) {
        this.flow = flow;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        deadline = new Deadline(ctx.channel().eventLoop(), () -> timedOut(ctx));
        deadline.in(opaqueAllowed(flow.slot.policy())
                ? SERVER_FIRST_MILLIS
                : flow.services.config.limits().headMillisMax());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        if (handedOver) {
            data.release();
            return;
        }
        if (in == null && opaqueAllowed(flow.slot.policy())) deadline.in(flow.services.config.limits().headMillisMax());
        in = in == null ? data : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), in, data);
        switch (Protocol.of(in)) {
            case UNDECIDED -> {}
            case TLS -> readHello(ctx);
            case HTTP -> handOver(ctx, new GuestHttp(flow, Optional.empty(), false, Optional.empty()));
            case OTHER -> opaque(ctx);
        }
    }

    private void readHello(ChannelHandlerContext ctx) {
        try {
            if (in.readableBytes() > ClientHelloReader.WIRE_BYTES_MAX) {
                deny(ctx, Decision.deny(Reason.TLS_MALFORMED, null), "", "the ClientHello is too large");
                return;
            }
            Optional<ClientHello> hello = helloReader.read(in);
            if (hello.isPresent()) tls(ctx, hello.get());
        } catch (TlsViolation e) {
            flow.blocked(Reason.TLS_MALFORMED, "", "tls", e.getMessage());
            alert(ctx, DECODE_ERROR);
        }
    }

    private void tls(ChannelHandlerContext ctx, ClientHello hello) {
        VersionedPolicy policy = flow.slot.policy();
        Optional<HostName> name = hello.serverName().flatMap(HostName::parse);
        if (name.isEmpty() && !bareAddress(hello)) {
            deny(ctx, Decision.deny(Reason.TLS_WITHOUT_NAME, null), "", "");
            return;
        }
        Judgement judgement = Judgement.of(policy.policy().network(), flow.destination, name);
        String host = name.map(HostName::value).orElse("");
        if (!judgement.allowed()) {
            denyReadably(ctx, judgement, name, host);
        } else if (policy.intercepts(name)) {
            intercept(ctx, name, Optional.empty());
        } else if (hello.encryptedHello()) {
            deny(ctx, Decision.deny(Reason.TLS_WITHOUT_NAME, null), host, "encrypted_client_hello");
        } else if (hello.earlyData()) { // would hide a second hello behind bytes that nobody can read
            deny(ctx, Decision.deny(Reason.UNSUPPORTED_PROTOCOL, null), host, "early_data");
        } else {
            splice(ctx, policy, judgement, "tls", new SecondHello(hello));
        }
    }

    /// A destination without a name may be reached without SNI, or with its own address for one.
    private boolean bareAddress(ClientHello hello) {
        return flow.destination instanceof Destination.Literal literal
                && hello.serverName()
                        .map(text -> IpLiteral.parse(text).equals(Optional.of(literal.address())))
                        .orElse(true);
    }

    /// Where the sandbox trusts a CA of ours, the denial can be said inside TLS, so that the agent sees why.
    private void denyReadably(ChannelHandlerContext ctx, Judgement judgement, Optional<HostName> name, String host) {
        if (flow.slot.leaves().isEmpty()) {
            deny(ctx, judgement.decision(), host, "");
            return;
        }
        String id = flow.blocked(
                flow.slot.policy(),
                judgement.decision(),
                Subject.connection(host, flow.destination, "https"),
                FlowRecorder.Screening.NONE,
                "");
        intercept(ctx, name, Optional.of(new GuestHttp.Denial(judgement.decision(), id)));
    }

    private void intercept(ChannelHandlerContext ctx, Optional<HostName> name, Optional<GuestHttp.Denial> denial) {
        LeafContexts leaves = flow.slot.leaves().orElseThrow();
        SslContext context =
                name.map(leaves::forHost).orElseGet(() -> leaves.forAddress(flow.destination.address()));
        SslHandler tls = context.newHandler(ctx.alloc());
        tls.setHandshakeTimeout(flow.services.config.limits().connectMillisMax(), TimeUnit.MILLISECONDS);
        ctx.pipeline().addLast(tls);
        handOver(ctx, new AfterHandshake(flow, name, denial));
    }

    private void handOver(ChannelHandlerContext ctx, ChannelHandler next) {
        deadline.stop();
        handedOver = true;
        ByteBuf read = in;
        in = null;
        ctx.pipeline().addLast(next);
        ctx.fireChannelRead(read);
        ctx.fireChannelReadComplete();
        ctx.pipeline().remove(this);
    }

    private void opaque(ChannelHandlerContext ctx) {
        VersionedPolicy policy = flow.slot.policy();
        Optional<HostName> name = flow.destination instanceof Destination.Named named
                ? Optional.of(named.name())
                : Optional.empty();
        Judgement judgement = Judgement.of(policy.policy().network(), flow.destination, name);
        String host = name.map(HostName::value).orElse("");
        if (!judgement.allowed()) {
            deny(ctx, judgement.decision(), host, "");
        } else if (!opaqueAllowed(policy)) {
            deny(ctx, Decision.deny(Reason.UNSUPPORTED_PROTOCOL, null), host, "");
        } else {
            splice(ctx, policy, judgement, "tcp", null);
        }
    }

    /// Bytes that nobody can read may go only where a rule names the address, and only if no content stage must read them.
    private boolean opaqueAllowed(VersionedPolicy policy) {
        return flow.destination instanceof Destination.Literal literal
                && !policy.intercepts(Optional.empty())
                && Judgement.namesBlock(policy.policy().network(), literal.address())
                && policy.policy().network().decideAddress(literal.address()).allowed();
    }

    private void splice(
            ChannelHandlerContext ctx,
            VersionedPolicy policy,
            Judgement judgement,
            String protocol,
            SecondHello watch) {
        deadline.stop();
        handedOver = true;
        ctx.channel().config().setAutoRead(false);
        ByteBuf first = in == null ? Unpooled.EMPTY_BUFFER : in;
        ByteBuf behind = Unpooled.EMPTY_BUFFER;
        if (watch != null) {
            behind = in;
            first = in.readRetainedSlice(helloReader.wireBytes());
        }
        in = null;
        Splice splice = new Splice(flow, policy, judgement, protocol, first, behind, watch);
        ctx.pipeline().addLast(splice);
        ctx.pipeline().remove(this);
        splice.begin();
    }

    private void timedOut(ChannelHandlerContext ctx) {
        if (in == null && opaqueAllowed(flow.slot.policy())) {
            opaque(ctx);
            return;
        }
        flow.blocked(Reason.TIMED_OUT, "", "unknown", "first bytes");
        GuestFlow.reset(ctx.channel());
    }

    private void deny(ChannelHandlerContext ctx, Decision decision, String host, String detail) {
        boolean tls = in != null && Protocol.of(in) == Protocol.TLS;
        flow.blocked(
                flow.slot.policy(),
                decision,
                Subject.connection(host, flow.destination, tls ? "tls" : "tcp"),
                FlowRecorder.Screening.NONE,
                detail);
        if (tls) {
            alert(ctx, ACCESS_DENIED);
        } else {
            end();
            GuestFlow.reset(ctx.channel());
        }
    }

    /// Ends a TLS connection with a fatal alert (RFC 8446 §6), which clients report better than a cut.
    private void alert(ChannelHandlerContext ctx, int description) {
        end();
        byte[] record = {21, 3, 3, 0, 2, 2, (byte) description};
        ctx.writeAndFlush(Unpooled.wrappedBuffer(record)).addListener(ChannelFutureListener.CLOSE);
    }

    private void end() {
        handedOver = true;
        deadline.stop();
        if (in != null) in.release();
        in = null;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE && !handedOver) {
            ctx.close(); // what is there is incomplete and nothing will follow
            return;
        }
        ctx.fireUserEventTriggered(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end();
        flow.ended();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        end();
        GuestFlow.reset(ctx.channel());
    }
}
