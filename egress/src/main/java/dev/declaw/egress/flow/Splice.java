package dev.declaw.egress.flow;

import dev.declaw.egress.flow.FlowRecorder.Screening;
import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.egress.tls.SecondHello;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.net.InetAddress;
import java.util.Optional;

/// Carries a connection's bytes unread in both directions: TLS that policy does not open, and opaque TCP to an address that
/// a rule names. Sits on the guest's side; its [Far] sits on the other. Used on one event loop only.
final class Splice extends ChannelInboundHandlerAdapter implements Dialer.Caller {
    private final GuestFlow flow;
    private final VersionedPolicy policy;
    private Judgement judgement;
    private final Deadline deadline;
    private final long startedNanos = System.nanoTime();
    private Subject subject;
    private ByteBuf first;
    private ByteBuf behind;
    private SecondHello watch;
    private ByteBuf watched;
    private Channel far;
    private boolean allowed;
    private boolean over;
    private int outputsEnded;
    private long bytesUp;
    private long bytesDown;

    /// @param first what the guest sent already, for TLS its ClientHello; the splice owns it
    /// @param behind what came with it; the splice owns it
    /// @param watch judges a second ClientHello; null for what is not TLS
    Splice(
            GuestFlow flow,
            VersionedPolicy policy,
            Judgement judgement,
            String protocol,
            ByteBuf first,
            ByteBuf behind,
            SecondHello watch) {
        this.flow = flow;
        this.policy = policy;
        this.judgement = judgement;
        this.first = first;
        this.behind = behind;
        this.watch = watch;
        String host = judgement.name().map(HostName::value).orElse("");
        this.subject = Subject.connection(host, flow.destination, protocol);
        this.deadline = new Deadline(flow.guest.eventLoop(), () -> end(Reason.TIMED_OUT.code()));
    }

    void begin() {
        touch();
        if (!flow.slot.custom().network()) {
            dial();
            return;
        }
        CustomNetwork.ask(flow, flow.slot.custom(), subject, judgement.decision(), this::customJudged, _ -> end("crashed"));
    }

    private void customJudged(Decision decision) {
        if (over) return;
        judgement = judgement.with(decision);
        if (judgement.allowed()) {
            dial();
        } else {
            refused(UpstreamFailure.denied(decision));
        }
    }

    private void dial() {
        flow.services.dialer.dial(
                flow.guest.eventLoop(),
                flow.slot,
                policy,
                judgement.name(),
                judgement.fixed(),
                flow.destination.port(),
                this);
    }

    @Override
    public boolean mayDial(InetAddress address) {
        if (over) return false;
        subject = subject.at(address);
        Optional<Decision> forbidden = flow.forbidden(policy, subject);
        if (forbidden.isPresent()) {
            refused(UpstreamFailure.denied(forbidden.get()));
            return false;
        }
        try {
            flow.allowed(policy, judgement.decision(), subject, Screening.NONE);
            allowed = true;
            return true;
        } catch (AuditUnavailableException e) {
            refused(UpstreamFailure.denied(Decision.deny(Reason.AUDIT_UNAVAILABLE, null)));
            return false;
        }
    }

    @Override
    public void dialled(Channel channel, InetAddress address) {
        if (over) {
            channel.close();
            return;
        }
        far = channel;
        far.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        far.pipeline().addLast(new Far());
        bytesUp += first.readableBytes();
        far.write(first);
        first = null;
        ByteBuf early = behind;
        behind = null;
        carry(early);
        if (over) return;
        far.flush();
        far.config().setAutoRead(true);
        flow.guest.config().setAutoRead(true);
    }

    @Override
    public void refused(UpstreamFailure failure) {
        if (over) return;
        if (!allowed) flow.blocked(policy, failure.decision(), subject, Screening.NONE, failure.detail());
        end(failure.decision().reason().code());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        if (over) {
            data.release();
        } else if (far == null) { // read before the guest's side was stopped
            behind = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), behind, data);
        } else {
            touch();
            carry(data);
        }
    }

    private void carry(ByteBuf data) {
        if (!data.isReadable()) {
            data.release();
        } else if (watch != null) {
            watch(data);
        } else {
            pass(data);
        }
    }

    private void pass(ByteBuf data) {
        bytesUp += data.readableBytes();
        far.write(data);
        if (!far.isWritable()) flow.guest.config().setAutoRead(false);
    }

    private void watch(ByteBuf data) {
        watched = watched == null
                ? data
                : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(flow.guest.alloc(), watched, data);
        switch (watch.look(watched)) {
            case UNDECIDED -> {}
            case SAME -> {
                ByteBuf all = watched;
                watched = null;
                watch = null;
                pass(all);
            }
            case DIFFERENT -> {
                Decision mismatch = Decision.deny(Reason.NAME_MISMATCH, null);
                flow.blocked(policy, mismatch, subject, Screening.NONE, "second ClientHello");
                end(Reason.NAME_MISMATCH.code());
            }
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (far != null) far.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (far != null && !over) far.config().setAutoRead(flow.guest.isWritable());
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE && !over) {
            if (far == null) end("");
            else endOutput(far);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end("");
        flow.ended();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        end("");
    }

    private void touch() {
        deadline.in(flow.services.config.limits().idleMillisMax());
    }

    /// One side has said that it is done: the other hears so once it has taken everything before.
    private void endOutput(Channel channel) {
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> {
            if (over) return;
            ((DuplexChannel) channel).shutdownOutput();
            if (++outputsEnded == 2) end("");
        });
    }

    /// Ends both sides; cleanly only when both have said that they are done.
    private void end(String failure) {
        if (over) return;
        over = true;
        deadline.stop();
        if (first != null) first.release();
        first = null;
        if (behind != null) behind.release();
        behind = null;
        if (watched != null) watched.release();
        watched = null;
        if (allowed) {
            flow.closed(policy, subject, 0, bytesUp, bytesDown, System.nanoTime() - startedNanos, failure);
        }
        boolean clean = outputsEnded == 2 && failure.isEmpty();
        if (far != null) close(far, clean);
        close(flow.guest, clean);
    }

    private static void close(Channel channel, boolean clean) {
        if (clean) {
            channel.close();
        } else {
            GuestFlow.reset(channel);
        }
    }

    /// The upstream's side.
    private final class Far extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf data = (ByteBuf) message;
            if (over) {
                data.release();
                return;
            }
            touch();
            bytesDown += data.readableBytes();
            flow.guest.write(data);
            if (!flow.guest.isWritable()) far.config().setAutoRead(false);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            flow.guest.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (!over) flow.guest.config().setAutoRead(far.isWritable());
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE && !over) {
                endOutput(flow.guest);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            end("");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            end(Reason.UPSTREAM_UNREACHABLE.code());
        }
    }
}
