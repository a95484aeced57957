package dev.declaw.model.network;

/// What kind of address a destination is. Everything but [#PUBLIC] needs an explicit rule; [#METADATA] is never reachable.
public enum AddressClass {
    /// Globally reachable unicast.
    PUBLIC,
    /// Cloud instance metadata of any provider, in any spelling (169.254.169.254, 168.63.129.16, fd00:ec2::254, …).
    METADATA,
    /// 0.0.0.0/8 and ::.
    UNSPECIFIED,
    /// 127.0.0.0/8 and ::1.
    LOOPBACK,
    /// 169.254.0.0/16 and fe80::/10.
    LINK_LOCAL,
    /// RFC 1918, fc00::/7, fec0::/10.
    PRIVATE,
    /// 100.64.0.0/10 (RFC 6598).
    SHARED,
    /// 198.18.0.0/15: our own synthetic addresses are taken from it.
    BENCHMARK,
    /// TEST-NET-1..3, 2001:db8::/32, 3fff::/20 (RFC 5737, RFC 3849, RFC 9637).
    DOCUMENTATION,
    /// 224.0.0.0/4, 255.255.255.255, ff00::/8.
    MULTICAST,
    /// Everything else that the IANA special-purpose registries reserve.
    RESERVED
}
