# Runs as root in a guest that has flushed its routes, and tries every way out. One line of JSON per attempt.
import json, os, socket, struct, sys, time

MAC_US = bytes.fromhex("02fc00000002")
MAC_GATEWAY = bytes.fromhex("02fc00000001")


def report(name, outcome):
    print(json.dumps({"attempt": name, "outcome": outcome}), flush=True)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_packet(source, destination, protocol, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(destination))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def tcp_syn(source, destination, port):
    head = struct.pack("!HHIIBBHHH", 40000, port, 1, 0, 5 << 4, 2, 8192, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, 6, len(head))
    return ip_packet(source, destination, 6, head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:])


def frame(packet, mac=MAC_US, ethertype=0x0800):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    link.bind(("eth0", 0))
    link.send(MAC_GATEWAY + mac + struct.pack("!H", ethertype) + packet)
    link.close()


def tcp(name, address, port):
    try:
        with socket.create_connection((address, port), timeout=5) as s:
            report(name, "connected " + s.recv(100).decode().strip())
    except OSError as failure:
        report(name, "refused" if isinstance(failure, ConnectionError) else type(failure).__name__)


def dns(name, server):
    question = bytes.fromhex("123401000001000000000000") + b"\7example\4test\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(question, (server, 53))
        try:
            answer, source = s.recvfrom(512)
            report(name, "answer from %s:%d address %s" % (source + (socket.inet_ntoa(answer[-4:]),)))
        except OSError as failure:
            report(name, type(failure).__name__)


def silent(name, family, kind, protocol, address, payload, connect=True):
    """Sends something that must not be answered; an ICMP error counts as refused."""
    with socket.socket(family, kind, protocol) as s:
        s.settimeout(0.7)
        try:
            if connect:
                s.connect(address)
                s.send(payload)
            else:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                s.sendto(payload, address)
            data = s.recv(2000)
            report(name, "ANSWERED %s" % data.hex())
        except socket.timeout:
            report(name, "silence")
        except OSError as failure:
            report(name, "refused %s" % os.strerror(failure.errno))


os.system("ip route flush table main; ip route flush cache; ip rule flush 2>/dev/null;"
          "ip rule add priority 100 lookup main; ip rule add priority 0 lookup local;"
          "ip neigh flush all; ip addr add 10.0.0.2/30 dev eth0 2>/dev/null;"
          "ip route add 10.0.0.0/30 dev eth0 2>/dev/null; ip route add default via 10.0.0.1 dev eth0;"
          "ip -6 addr add fd00::2/64 dev eth0 nodad 2>/dev/null; ip -6 route add default via fe80::1 dev eth0;"
          "ip -6 neigh replace fe80::1 lladdr 02:fc:00:00:00:01 dev eth0 nud permanent")

tcp("public address", "192.0.2.10", 80)
tcp("metadata service", "169.254.169.254", 80)
tcp("private address", "10.1.2.3", 443)
tcp("ssh of the gateway", "10.0.0.1", 22)
tcp("listener of the gateway", "10.0.0.1", 15001)
tcp("dns listener of the gateway", "10.0.0.1", 15053)
tcp("dns over tcp", "8.8.8.8", 53)
dns("dns of a public server", "8.8.8.8")
dns("dns of the gateway", "10.0.0.1")
dns("dns of the metadata service", "169.254.169.254")
silent("ntp", socket.AF_INET, socket.SOCK_DGRAM, 0, ("192.0.2.1", 123), b"x")
silent("quic", socket.AF_INET, socket.SOCK_DGRAM, 0, ("192.0.2.1", 443), b"x" * 1200)
silent("udp to the dns socket's port", socket.AF_INET, socket.SOCK_DGRAM, 0, ("10.0.0.1", 15053), b"x" * 40)
silent("dhcp broadcast", socket.AF_INET, socket.SOCK_DGRAM, 0, ("255.255.255.255", 67), b"x", connect=False)
silent("multicast", socket.AF_INET, socket.SOCK_DGRAM, 0, ("224.0.0.251", 5353), b"x", connect=False)
echo = struct.pack("!BBHHH", 8, 0, 0, 7, 7)
echo = echo[:2] + struct.pack("!H", checksum(echo)) + echo[4:]
ping = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
for target in ("192.0.2.1", "10.0.0.1"):
    ping.settimeout(0.7)
    ping.sendto(echo, (target, 0))
    try:
        while True:
            packet = ping.recv(2000)
            if packet[20] == 0:
                report("ping " + target, "ANSWERED")
                break
            report("ping " + target, "refused icmp %d/%d" % (packet[20], packet[21]))
            break
    except OSError:
        report("ping " + target, "silence")
silent("gre", socket.AF_INET, socket.SOCK_RAW, 47, ("192.0.2.1", 0), b"\0\0\x08\0x")
silent("sctp", socket.AF_INET, socket.SOCK_RAW, 132, ("192.0.2.1", 0), b"x" * 20)
silent("ipv6 udp", socket.AF_INET6, socket.SOCK_DGRAM, 0, ("2001:db8::1", 53), b"x" * 20)
silent("ipv6 link-local", socket.AF_INET6, socket.SOCK_DGRAM, 0, ("fe80::1", 53, 0, socket.if_nametoindex("eth0")), b"x" * 20)

frame(tcp_syn("10.0.0.2", "192.0.2.66", 666), mac=bytes.fromhex("02fc00000077"))
frame(tcp_syn("10.0.0.3", "192.0.2.67", 667))
frame(tcp_syn("192.0.2.99", "192.0.2.68", 668))
frame(tcp_syn("10.0.0.1", "192.0.2.69", 669))
frame(tcp_syn("10.0.0.2", "127.0.0.1", 15001))
frame(tcp_syn("10.0.0.2", "0.0.0.0", 15001))
frame(b"hello from another protocol" * 3, ethertype=0x88B5)
# ARP: tells the gateway that its guest has another MAC.
frame(struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 2, bytes.fromhex("02fc00000077"),
                  socket.inet_aton("10.0.0.2"), MAC_GATEWAY, socket.inet_aton("10.0.0.1")), ethertype=0x0806)
time.sleep(0.3)
tcp("after the forged frames", "192.0.2.70", 670)
