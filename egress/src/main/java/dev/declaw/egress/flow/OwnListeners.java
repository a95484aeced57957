package dev.declaw.egress.flow;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The ports that this proxy listens on in its own namespace, so that no request is sent back to it in a circle.
final class OwnListeners {
    /// Port to the listeners on it: a port is taken again before the end of its last listener is known.
    private final Map<Integer, Integer> ports = new ConcurrentHashMap<>();

    void add(int port) {
        ports.merge(port, 1, Integer::sum);
    }

    void remove(int port) {
        ports.computeIfPresent(port, (_, listeners) -> listeners == 1 ? null : listeners - 1);
    }

    /// Whether a connection to this address and port would come back to us.
    boolean covers(InetAddress address, int port) {
        if (!ports.containsKey(port)) return false;
        try {
            return address.isLoopbackAddress()
                    || address.isAnyLocalAddress()
                    || NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException e) {
            return true; // not knowing is no reason to connect
        }
    }
}
