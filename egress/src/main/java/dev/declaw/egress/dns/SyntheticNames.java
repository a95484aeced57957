package dev.declaw.egress.dns;

import dev.declaw.model.network.HostName;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The names that one sandbox has asked for, each with a synthetic address that means "this name" and nothing else.
/// Addresses come from 198.18.0.0/15 (RFC 2544), are stable for the sandbox's life, and are never dialled.
/// So every connection to one of them has a known name, whatever protocol it speaks. Thread-safe.
public final class SyntheticNames {
    /// Names one sandbox may have; further ones are refused.
    public static final int NAMES_MAX = 65_536;

    private static final int FIRST = 198 << 24 | 18 << 16 | 0 << 8 | 16;

    private final Map<HostName, Integer> indexOfName = new HashMap<>();
    private final Map<Integer, HostName> nameOfIndex = new HashMap<>();

    /// The address of a name, made on first use; empty when the sandbox has used up its names.
    public synchronized Optional<InetAddress> addressOf(HostName name) {
        Integer index = indexOfName.get(name);
        if (index == null) {
            if (indexOfName.size() >= NAMES_MAX) return Optional.empty();
            index = indexOfName.size();
            indexOfName.put(name, index);
            nameOfIndex.put(index, name);
        }
        int address = FIRST + index;
        try {
            return Optional.of(InetAddress.getByAddress(new byte[] {
                (byte) (address >> 24), (byte) (address >> 16), (byte) (address >> 8), (byte) address
            }));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four bytes are always an address", e);
        }
    }

    /// The name behind a synthetic address; empty when no name of this sandbox has it.
    public synchronized Optional<HostName> nameOf(InetAddress address) {
        byte[] b = address.getAddress();
        if (!isSynthetic(address)) return Optional.empty();
        int value = (b[0] & 255) << 24 | (b[1] & 255) << 16 | (b[2] & 255) << 8 | (b[3] & 255);
        return Optional.ofNullable(nameOfIndex.get(value - FIRST));
    }

    /// True for every address of 198.18.0.0/15, assigned or not.
    public static boolean isSynthetic(InetAddress address) {
        byte[] b = address.getAddress();
        return b.length == 4 && (b[0] & 255) == 198 && (b[1] & 254) == 18;
    }
}
