package dev.declaw.linux;

/// The sockets of one slot that the egress proxy serves, both made inside the slot's namespace: identity is the socket.
///
/// @param tcp listening TCP socket with IP_TRANSPARENT: every connection of the guest, whatever its destination. An
///     accepted socket's local address is the destination that the guest dialled (TPROXY).
/// @param dns UDP socket on which the guest's DNS questions arrive, whatever server it asked; answers go back with
///     that server's address
public record SlotSockets(NativeSocket tcp, NativeSocket dns) implements AutoCloseable {
    @Override
    public void close() {
        tcp.close();
        dns.close();
    }
}
