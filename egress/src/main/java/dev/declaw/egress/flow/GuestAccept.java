package dev.declaw.egress.flow;

import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;
import java.util.function.Function;

/// The first steps of an accepted connection.
final class GuestAccept {
    private GuestAccept() {}

    static void begin(
            FlowServices services,
            SandboxSlot slot,
            EpollSocketChannel channel,
            Function<EpollSocketChannel, InetSocketAddress> destination) {
        slot.register(channel);
        channel.close();
    }
}
