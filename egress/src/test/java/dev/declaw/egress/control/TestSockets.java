package dev.declaw.egress.control;

import dev.declaw.linux.NativeSocket;
import dev.declaw.linux.SlotSockets;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// A listening TCP socket and a UDP socket on the loopback, as a slot's are.
final class TestSockets implements AutoCloseable {
    private final Socket tcp;
    private final Socket dns;

    TestSockets() throws IOException {
        Epoll.ensureAvailability();
        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        tcp = Socket.newSocketStream();
        tcp.bind(anyPort);
        tcp.listen(16);
        dns = Socket.newSocketDgram();
        dns.bind(anyPort);
    }

    SlotSockets slot() {
        return new SlotSockets(new Numbered(tcp), new Numbered(dns));
    }

    InetSocketAddress tcpAddress() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), tcpPort());
    }

    InetSocketAddress dnsAddress() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), dnsPort());
    }

    int tcpPort() {
        return tcp.localAddress().getPort();
    }

    int dnsPort() {
        return dns.localAddress().getPort();
    }

    @Override
    public void close() throws IOException {
        tcp.close();
        dns.close();
    }

    private record Numbered(Socket socket) implements NativeSocket {
        @Override
        public int descriptor() {
            return socket.intValue();
        }

        @Override
        public void close() {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
