package dev.declaw.runtime.network;

/// The nftables rules of a slot (nft(8)). Everything that is not named here is refused and counted.
///
/// The idea: TCP to any destination is steered to one listener (TPROXY) that sees the original destination, including
/// the gateway's own ports, port 53 and the metadata address: the proxy audits and refuses them, so an attempt is seen. DNS
/// over UDP is rewritten to our DNS socket and conntrack gives the answer the asked server's address. Redirect was chosen
/// over TPROXY for DNS because the answering program then needs no socket option of its own; where conntrack is full the
/// packet is dropped, which is the safe side. TCP has no such lookup in its way.
///
/// Refusals answer at once (reset or ICMP) so that programs in the guest fail instead of waiting; spoofed packets get no
/// answer.
final class SlotRules {
    /// Connections of one sandbox at a time. Each costs 320 bytes of conntrack in the host's kernel and two sockets in the
    /// proxy.
    static final int CONNECTIONS_MAX = 512;

    /// DNS questions of one sandbox under way: a conntrack entry lives 30 s.
    static final int DNS_FLOWS_MAX = 512;

    /// Table name inside the namespace.
    static final String TABLE = "slot";

    private SlotRules() {}

    static String text() {
        return """
            table inet slot {
              counter spoofed_mac {}
              counter spoofed_address {}
              counter ipv6 {}
              counter local_destination {}
              counter too_many_connections {}
              counter too_many_dns {}
              counter proxy_absent {}
              counter refused_protocol {}
              counter forwarded {}
              counter input_refused {}

              chain guard {
                type filter hook prerouting priority mangle; policy drop;
                iifname "lo" accept
                iifname != "tap0" drop
                ether saddr != %1$s counter name spoofed_mac drop
                meta nfproto ipv6 counter name ipv6 drop
                ip saddr != %2$s counter name spoofed_address drop
                ct direction reply ct state established meta l4proto tcp accept
                ip daddr { 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3 } meta l4proto tcp counter name local_destination reject with tcp reset
                ip daddr { 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3 } counter name local_destination drop
                meta l4proto tcp ct state new ct count over %3$d counter name too_many_connections reject with tcp reset
                meta l4proto tcp tproxy ip to 127.0.0.1:%4$d meta mark set 1 accept
                meta l4proto tcp counter name proxy_absent reject with tcp reset
                udp dport 53 ct state new ct count over %5$d counter name too_many_dns drop
                udp dport 53 accept
                counter name refused_protocol reject with icmpx type admin-prohibited
              }
              chain dns {
                type nat hook prerouting priority dstnat; policy accept;
                iifname "tap0" udp dport 53 redirect to :%6$d
              }
              chain input {
                type filter hook input priority filter; policy drop;
                iifname "lo" accept
                iifname "tap0" meta mark 1 meta l4proto tcp accept
                iifname "tap0" ct direction reply ct state established accept
                iifname "tap0" udp dport %6$d ct status dnat accept
                counter name input_refused drop
              }
              chain forward {
                type filter hook forward priority filter; policy drop;
                counter name forwarded drop
              }
              chain output {
                type filter hook output priority filter; policy accept;
                meta nfproto ipv6 drop
              }
            }
            """
                .formatted(
                        Slot.GUEST_MAC,
                        Slot.GUEST_ADDRESS,
                        CONNECTIONS_MAX,
                        Slot.TCP_PORT,
                        DNS_FLOWS_MAX,
                        Slot.DNS_PORT);
    }
}
