package dev.declaw.egress.flow;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The ports that this proxy listens on in its own namespace, so that no request is sent back to it in a circle.
final class OwnListeners {
    private final Set<Integer> ports = ConcurrentHashMap.newKeySet();

    void add(int port) {
        ports.add(port);
    }

    /// A port that was given back may be anybody's.
    void remove(int port) {
        ports.remove(port);
    }

    /// Whether a connection to this address and port would come back to us.
    boolean covers(InetAddress address, int port) {
        if (!ports.contains(port)) return false;
        try {
            return address.isLoopbackAddress()
                    || address.isAnyLocalAddress()
                    || NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException e) {
            return true; // not knowing is no reason to connect
        }
    }
}
