package dev.declaw.server.fake;

import dev.declaw.runtime.guest.GuestTunnel;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;

/// A connection to a port of this machine that stands for one of the guest.
final class FakeTunnel implements GuestTunnel {
    private final Socket socket;
    private final InputStream in;

    FakeTunnel(int port) {
        try {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            in = new java.io.BufferedInputStream(socket.getInputStream());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public InputStream in() {
        return in;
    }

    @Override
    public void write(byte[] bytes, int length) throws IOException {
        socket.getOutputStream().write(bytes, 0, length);
    }

    @Override
    public void readDeadline(Duration deadline) throws IOException {
        socket.setSoTimeout((int) deadline.toMillis());
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
