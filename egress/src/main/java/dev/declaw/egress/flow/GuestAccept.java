package dev.declaw.egress.flow;

import dev.declaw.egress.flow.FlowRecorder.Screening;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import io.netty.channel.ChannelHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The first steps of an accepted connection: is there room, where was it meant to go, who reads it.
final class GuestAccept {
    private static final Logger LOG = LoggerFactory.getLogger(GuestAccept.class);
    private static final int DNS_PORT = 53;

    private GuestAccept() {}

    static void begin(
            FlowServices services,
            SandboxSlot slot,
            EpollSocketChannel channel,
            Function<EpollSocketChannel, InetSocketAddress> original) {
        slot.register(channel);
        Destination destination;
        try {
            destination = Destination.of(original.apply(channel), slot.names());
        } catch (RuntimeException e) {
            LOG.warn("a connection of {} has no original destination: {}", slot.sandboxId(), e.toString());
            Destination unknown = new Destination.Unknown(InetAddress.getLoopbackAddress(), 0);
            refuse(new GuestFlow(services, slot, channel, unknown), Reason.UNKNOWN_DESTINATION, "no original destination");
            return;
        }
        GuestFlow flow = new GuestFlow(services, slot, channel, destination);
        Optional<Runnable> release = slot.acquireConnection(services.config.limits().connectionsPerSandboxMax());
        if (release.isEmpty()) {
            refuse(flow, Reason.LIMIT_REACHED, "connections");
            return;
        }
        channel.closeFuture().addListener(_ -> release.get().run());
        if (services.ownListeners.covers(destination.address(), destination.port())) {
            refuse(flow, Reason.ADDRESS_NOT_PUBLIC, "the proxy's own address");
            return;
        }
        if (destination.port() == DNS_PORT) {
            ChannelHandler dns = services.dnsOverTcp.apply(slot);
            channel.pipeline().addLast(dns);
            return;
        }
        channel.pipeline().addLast(new FirstBytes(flow));
    }

    private static void refuse(GuestFlow flow, Reason reason, String detail) {
        flow.blocked(
                flow.slot.policy(),
                Decision.deny(reason, null),
                Subject.connection("", flow.destination, "unknown"),
                Screening.NONE,
                detail);
        GuestFlow.reset(flow.guest);
    }
}
