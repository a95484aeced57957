package dev.declaw.model.network;

import java.net.InetAddress;

/// Sorts an address into its [AddressClass], looking through every form that embeds an IPv4 address: IPv4-mapped and
/// -compatible, NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380) and ISATAP (RFC 5214).
///
/// An embedding prefix itself is never [AddressClass#PUBLIC]: such an address is [AddressClass#METADATA] when what it
/// embeds is, otherwise the class of what it embeds, and [AddressClass#RESERVED] when that would be public.
public final class AddressClassifier {
    private AddressClassifier() {}

    public static AddressClass classify(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == 4 ? classifyV4(toInt(bytes, 0)) : classifyV6(bytes);
    }

    private static AddressClass classifyV4(int a) {
        if (a == ip(169, 254, 169, 254) // AWS, Azure, GCP, DigitalOcean, OpenStack, Oracle
                || a == ip(169, 254, 170, 2) // AWS ECS task credentials
                || a == ip(169, 254, 170, 23) // AWS EKS pod identity
                || a == ip(169, 254, 169, 253) // AWS resolver
                || a == ip(169, 254, 169, 123) // AWS time
                || a == ip(169, 254, 169, 250) // AWS Windows activation
                || a == ip(169, 254, 169, 251)
                || a == ip(169, 254, 0, 23) // Tencent
                || a == ip(169, 254, 10, 10) // Tencent
                || a == ip(169, 254, 42, 42) // Scaleway
                || a == ip(100, 100, 100, 200) // Alibaba
                || a == ip(192, 0, 0, 192) // Oracle classic
                || a == ip(168, 63, 129, 16)) { // Azure wire server
            return AddressClass.METADATA;
        }
        if (in(a, ip(0, 0, 0, 0), 8)) return AddressClass.UNSPECIFIED;
        if (in(a, ip(127, 0, 0, 0), 8)) return AddressClass.LOOPBACK;
        if (in(a, ip(169, 254, 0, 0), 16)) return AddressClass.LINK_LOCAL;
        if (in(a, ip(10, 0, 0, 0), 8) || in(a, ip(172, 16, 0, 0), 12) || in(a, ip(192, 168, 0, 0), 16)) {
            return AddressClass.PRIVATE;
        }
        if (in(a, ip(100, 64, 0, 0), 10)) return AddressClass.SHARED;
        if (in(a, ip(198, 18, 0, 0), 15)) return AddressClass.BENCHMARK;
        if (in(a, ip(192, 0, 2, 0), 24) || in(a, ip(198, 51, 100, 0), 24) || in(a, ip(203, 0, 113, 0), 24)) {
            return AddressClass.DOCUMENTATION;
        }
        if (in(a, ip(224, 0, 0, 0), 4) || a == -1) return AddressClass.MULTICAST;
        if (in(a, ip(192, 0, 0, 0), 24) // RFC 6890
                || in(a, ip(192, 31, 196, 0), 24) // AS112, RFC 7535
                || in(a, ip(192, 52, 193, 0), 24) // AMT, RFC 7450
                || in(a, ip(192, 88, 99, 0), 24) // deprecated 6to4 relay anycast
                || in(a, ip(192, 175, 48, 0), 24) // AS112, RFC 7534
                || in(a, ip(240, 0, 0, 0), 4)) {
            return AddressClass.RESERVED;
        }
        return AddressClass.PUBLIC;
    }

    private static AddressClass classifyV6(byte[] b) {
        int w0 = toInt(b, 0);
        int w1 = toInt(b, 4);
        int w2 = toInt(b, 8);
        int w3 = toInt(b, 12);
        if (w0 == 0 && w1 == 0 && w2 == 0 && w3 == 0) return AddressClass.UNSPECIFIED;
        if (w0 == 0 && w1 == 0 && w2 == 0 && w3 == 1) return AddressClass.LOOPBACK;
        if (w0 == 0xfd000ec2 && w1 == 0 && w2 == 0 && (w3 == 0x254 || w3 == 0x23 || w3 == 0x253 || w3 == 0x123)) {
            return AddressClass.METADATA; // AWS IMDS, EKS, resolver, time over IPv6
        }
        if (w0 == 0xfd2000ce && w1 == 0 && w2 == 0 && w3 == 0x254) return AddressClass.METADATA; // GCP fd20:ce::254
        if (w0 == 0xfd0000c1 && w1 == 0 && w2 == 0 && w3 == 0xa9fea9fe) return AddressClass.METADATA; // Oracle fd00:c1::a9fe:a9fe
        if (w0 == 0 && w1 == 0 && (w2 == 0x0000ffff || w2 == 0xffff0000 || w2 == 0)) {
            return embedded(w3); // mapped, translated (RFC 2765) and compatible
        }
        if (w0 == 0x0064ff9b && w1 == 0 && w2 == 0) return embedded(w3); // 64:ff9b::/96
        if (w0 == 0x0064ff9b && (w1 >>> 16) == 1) return embeddedNat64Local(b); // 64:ff9b:1::/48
        if ((w0 >>> 16) == 0x2002) return embedded((w0 << 16) | (w1 >>> 16)); // 6to4
        if (w0 == 0x20010000) { // Teredo: the server, and the client with all bits turned
            AddressClass server = embedded(w1);
            return server == AddressClass.METADATA ? server : embedded(~w3);
        }
        if ((w2 & 0xfdffffff) == 0x00005efe) return embedded(w3); // ISATAP, any prefix
        if ((w0 >>> 22) == (0xfe80 >>> 6)) return AddressClass.LINK_LOCAL;
        if ((w0 >>> 22) == (0xfec0 >>> 6)) return AddressClass.PRIVATE;
        if ((w0 >>> 25) == (0xfc00 >>> 9)) return AddressClass.PRIVATE;
        if ((w0 >>> 24) == 0xff) return AddressClass.MULTICAST;
        if (w0 == 0x20010db8 || (w0 >>> 12) == 0x3fff0) return AddressClass.DOCUMENTATION;
        if ((w0 >>> 23) == (0x20010000 >>> 23)) return AddressClass.RESERVED; // 2001::/23, IETF protocol assignments
        if ((w0 >>> 29) != 1) return AddressClass.RESERVED; // global unicast is 2000::/3
        return AddressClass.PUBLIC;
    }

    private static AddressClass embeddedNat64Local(byte[] b) {
        // RFC 6052: where the IPv4 address stands depends on the prefix length, which only the operator knows.
        int[] candidates = {
            toInt(b, 12), // /96
            (b[7] & 255) << 24 | (b[9] & 255) << 16 | (b[10] & 255) << 8 | (b[11] & 255), // /56
            (b[6] & 255) << 24 | (b[7] & 255) << 16 | (b[9] & 255) << 8 | (b[10] & 255), // /48
            toInt(b, 9), // /64
        };
        for (int candidate : candidates) {
            if (classifyV4(candidate) == AddressClass.METADATA) return AddressClass.METADATA;
        }
        return AddressClass.RESERVED;
    }

    private static AddressClass embedded(int v4) {
        AddressClass inner = classifyV4(v4);
        return inner == AddressClass.PUBLIC ? AddressClass.RESERVED : inner;
    }

    private static int toInt(byte[] b, int at) {
        return (b[at] & 255) << 24 | (b[at + 1] & 255) << 16 | (b[at + 2] & 255) << 8 | (b[at + 3] & 255);
    }

    private static int ip(int a, int b, int c, int d) {
        return a << 24 | b << 16 | c << 8 | d;
    }

    private static boolean in(int address, int network, int prefix) {
        return (address ^ network) >>> (32 - prefix) == 0;
    }
}
