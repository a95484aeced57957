package dev.declaw.model.network;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;

/// An address block (RFC 4632). Host bits below the prefix are cleared when it is read.
public record Cidr(InetAddress network, int prefix) {
    public Cidr {
        int bits = network.getAddress().length * 8;
        if (prefix < 0 || prefix > bits) {
            throw new IllegalArgumentException("prefix length out of range");
        }
        byte[] bytes = network.getAddress();
        for (int bit = prefix; bit < bits; bit++) {
            bytes[bit / 8] &= (byte) ~(0x80 >> (bit % 8));
        }
        try {
            network = InetAddress.getByAddress(bytes);
        } catch (java.net.UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Reads `192.0.2.0/24`, `2001:db8::/32` or a bare address, which means itself only.
    public static Optional<Cidr> parse(String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        Optional<InetAddress> parsed = IpLiteral.parse(address);
        if (parsed.isEmpty()) return Optional.empty();
        int bits = parsed.get().getAddress().length * 8;
        if (slash < 0) return Optional.of(new Cidr(parsed.get(), bits));
        String length = text.substring(slash + 1);
        if (!length.matches("0|[1-9][0-9]{0,2}")) return Optional.empty();
        int prefix = Integer.parseInt(length);
        return prefix > bits ? Optional.empty() : Optional.of(new Cidr(parsed.get(), prefix));
    }

    public boolean contains(InetAddress address) {
        byte[] a = address.getAddress();
        byte[] n = network.getAddress();
        if (a.length != n.length) return false;
        int whole = prefix / 8;
        if (!Arrays.equals(a, 0, whole, n, 0, whole)) return false;
        int rest = prefix % 8;
        return rest == 0 || ((a[whole] ^ n[whole]) & 0xff) >>> (8 - rest) == 0;
    }

    /// True for `0.0.0.0/0` and `::/0`, which clients use to say "everything".
    public boolean isEverything() {
        return prefix == 0;
    }

    @Override
    public String toString() {
        return network.getHostAddress() + "/" + prefix;
    }
}
