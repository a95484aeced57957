package dev.declaw.runtime.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.linux.NativeSocket;
import dev.declaw.linux.NetworkNamespace;
import dev.declaw.linux.SlotSockets;
import dev.declaw.model.sandbox.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/// The network of one sandbox: a namespace with `lo` and a tap device, without any way to another interface. What the guest
/// sends reaches the two sockets of [#openSockets], or nothing. Every slot has the same addresses: they mean nothing outside.
public final class Slot {
    public static final String TAP = "tap0";
    public static final String GATEWAY_ADDRESS = "10.0.0.1";
    public static final String GUEST_ADDRESS = "10.0.0.2";
    public static final String GATEWAY_MAC = "02:fc:00:00:00:01";
    public static final String GUEST_MAC = "02:fc:00:00:00:02";
    static final int TCP_PORT = 15001;
    static final int DNS_PORT = 15053;
    private static final int RECEIVED_BYTES = 1;
    private static final int SENT_BYTES = 9;
    private static final int BACKLOG_MAX = 512;
    private static final String PREFIX = "declaw-";
    private static final String LINKS = """
        link set lo up
        tuntap add dev %1$s mode tap vnet_hdr
        link set %1$s address %2$s addrgenmode none
        addr add %3$s/30 dev %1$s
        link set %1$s up
        neigh replace %4$s lladdr %5$s dev %1$s nud permanent
        rule add fwmark 1 lookup 100
        route add local 0.0.0.0/0 dev lo table 100
        """.formatted(TAP, GATEWAY_MAC, GATEWAY_ADDRESS, GUEST_ADDRESS, GUEST_MAC);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final NetworkNamespace namespace;

    private Slot(NetworkNamespace namespace) {
        this.namespace = namespace;
    }

    /// The slot of this sandbox, whether or not it exists.
    public static Slot of(SandboxId id) {
        return new Slot(new NetworkNamespace(PREFIX + id.value()));
    }

    /// Makes the slot anew; one that is there already, whole or in part, is removed first.
    ///
    /// @throws dev.declaw.linux.CommandFailedException when the kernel refuses; nothing is left then
    public void create() {
        namespace.delete();
        namespace.create();
        try {
            // Rules before links: the tap never exists without them.
            Exec.run(Command.of("nft", "-f", "-").in(namespace).withStdin(SlotRules.text()));
            Exec.run(Command.of("ip", "-batch", "-").in(namespace).withStdin(LINKS));
        } catch (RuntimeException failure) {
            namespace.delete();
            throw failure;
        }
    }

    public boolean exists() {
        return namespace.exists();
    }

    /// Removes the slot with everything in it; does nothing when there is none.
    public void delete() {
        namespace.delete();
    }

    public NetworkNamespace namespace() {
        return namespace;
    }

    /// The sockets that the egress proxy serves; the caller closes them. One pair at a time can be open.
    public SlotSockets openSockets() {
        try {
            NativeSocket tcp = namespace.listenTransparent(new InetSocketAddress("127.0.0.1", TCP_PORT), BACKLOG_MAX);
            try {
                return new SlotSockets(tcp, namespace.bindDatagram(new InetSocketAddress(GATEWAY_ADDRESS, DNS_PORT)));
            } catch (IOException | RuntimeException failure) {
                tcp.close();
                throw failure;
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// An unconnected channel that can reach the guest. The caller connects and closes it.
    public SocketChannel openChannel() throws IOException {
        return namespace.openChannel();
    }

    /// Bytes that have passed the tap device since the slot was made.
    public record Traffic(long toGuestBytes, long fromGuestBytes) {}

    /// Counted by the kernel (proc_pid_net(5), `dev`); zeros when the slot is gone.
    public Traffic traffic() {
        try {
            for (String line : namespace.call(() -> Files.readAllLines(Path.of("/proc/thread-self/net/dev")))) {
                String[] fields = line.strip().split("[: ]+");
                if (fields.length > SENT_BYTES && fields[0].equals(TAP)) {
                    // What the host sends through the tap is what the guest receives.
                    return new Traffic(Long.parseLong(fields[SENT_BYTES]), Long.parseLong(fields[RECEIVED_BYTES]));
                }
            }
        } catch (IOException gone) {
            // Killed between two looks.
        }
        return new Traffic(0, 0);
    }

    /// What the rules have refused so far.
    public SlotCounters counters() {
        String text = Exec.run(Command.of("nft", "-j", "list", "counters", "table", "inet", SlotRules.TABLE)
                        .in(namespace))
                .text();
        try {
            Map<String, Long> packets = new HashMap<>();
            for (JsonNode entry : JSON.readTree(text).path("nftables")) {
                JsonNode counter = entry.path("counter");
                if (counter.has("name")) {
                    packets.put(
                            counter.path("name").asText(), counter.path("packets").asLong());
                }
            }
            return new SlotCounters(packets);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
