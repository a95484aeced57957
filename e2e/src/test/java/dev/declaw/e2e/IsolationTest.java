package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.e2e.WholeSystem.TestSandbox;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/// Root in the guest does what it can: nothing but TCP and DNS through the proxy gets anywhere (catalogue rows 1-7).
@ExtendWith(WholeSystem.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class IsolationTest {
    private final Rig rig;
    private TestSandbox sandbox;

    IsolationTest(Rig rig) {
        this.rig = rig;
    }

    @BeforeAll
    void open() {
        sandbox = rig.sandbox("{'network': {'allow_out': ['plain.example.test']}}");
        sandbox.root("ip route flush table all; ip -6 route flush table all; nft flush ruleset 2>/dev/null; "
                + "ip link set eth0 down; ip addr flush dev eth0; ip addr add 10.0.0.2/8 dev eth0; ip link set eth0 up; "
                + "ip route replace default via 10.0.0.1 dev eth0 onlink; "
                + "unset http_proxy https_proxy; printf 'nameserver 8.8.8.8\\n' > /etc/resolv.conf");
    }

    @AfterAll
    void close() {
        sandbox.close();
    }

    private String python(String code) {
        var ran = sandbox.root("timeout 20 python3 - <<'PY'\nimport socket\n" + code + "\nPY");
        return ran.stdout() + ran.stderr();
    }

    @Test
    @Tag("B007")
    void theAllowedNameIsStillReachedThroughTheProxyWithRoutesOfTheGuestsOwn() {
        var ran = sandbox.root("curl -sS --noproxy '*' --max-time 20 http://plain.example.test/own-routes; echo; echo rc=$?");
        assertThat(ran.stdout()).as(ran.stderr()).contains("rc=0");
        assertThat(rig.plain.received()).anyMatch(r -> r.target().equals("/own-routes"));
    }

    @Test
    @Tag("B007") @Tag("B137")
    void aProxySettingOfTheGuestLeadsNowhereElse() {
        var ran = sandbox.run("https_proxy=http://203.0.113.9:3128 http_proxy=http://203.0.113.9:3128 "
                + "curl -sS --max-time 15 http://other.example.test/; echo rc=$?");
        assertThat(ran.stdout()).doesNotContain("rc=0\nrc");
        assertThat(rig.other.connections()).isZero();
    }

    @Test
    @Tag("B002")
    void udpGoesNowhereExceptForDnsThatWeAnswer() {
        String origin = rig.world.lastAddress().getHostAddress();
        String out = python("for port in (443, 123, 5353, 15001):\n"
                + "    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1.5); s.connect(('" + origin + "', port))\n"
                + "    try:\n"
                + "        s.send(b'canary-udp'); s.recv(100); print('ANSWER', port)\n"
                + "    except OSError as e: print('refused', port, type(e).__name__)\n");
        assertThat(out).doesNotContain("ANSWER").contains("refused 443");
    }

    @Test
    @Tag("B013")
    void dnsOfAnyServerIsOursAndAnswersFromTheAddressThatWasAsked() {
        String out = python(
                """
                import struct
                q = struct.pack('>HHHHHH', 0x1234, 0x100, 1, 0, 0, 0) + b'\\x05plain\\x07example\\x04test\\x00' + struct.pack('>HH', 1, 1)
                for server in ('8.8.8.8', '192.0.2.99', '10.0.0.1', '169.254.169.254'):
                    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); s.connect((server, 53)); s.send(q)
                    try: a = s.recv(512); print(server, 'rcode', a[3] & 15, 'answer', '.'.join(map(str, a[-4:])))
                    except OSError as e: print(server, type(e).__name__)
                """);
        assertThat(out).contains("8.8.8.8 rcode 0 answer 198.18.").contains("192.0.2.99 rcode 0 answer 198.18.");
    }

    @Test
    @Tag("B001") @Tag("B002")
    void icmpRawSocketsAndIpv6GoNowhere() {
        String out = python(
                """
                for family, proto, address in ((socket.AF_INET, 1, '8.8.8.8'), (socket.AF_INET, 132, '8.8.8.8'), (socket.AF_INET, 47, '8.8.8.8')):
                    s = socket.socket(family, socket.SOCK_RAW, proto); s.settimeout(1.5)
                    try:
                        s.sendto(b'\\x08\\x00\\xf7\\xff\\x00\\x00\\x00\\x00', (address, 0)); data = s.recv(200)
                        print('icmp type', data[20], 'proto', proto)
                    except OSError as e: print('nothing', proto, type(e).__name__)
                try:
                    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM); s.settimeout(2); s.connect(('2001:db8::1', 443)); print('V6 CONNECTED')
                except OSError as e: print('v6', type(e).__name__)
                """);
        assertThat(out).doesNotContain("icmp type 0").doesNotContain("V6 CONNECTED").contains("v6 ");
    }

    @Test
    @Tag("B004")
    void theHostAndItsOtherAddressesCannotBeReached() {
        String out = python("for host, port in (('10.0.0.1', 22), ('10.0.0.1', 15001), ('127.0.0.1', 8080), ('10.0.0.1', 8080), ('192.168.1.1', 80)):\n"
                + "    try:\n"
                + "        s = socket.create_connection((host, port), 5); s.settimeout(5); s.send(b'GET / HTTP/1.1\\r\\nHost: ' + host.encode() + b'\\r\\n\\r\\n')\n"
                + "        print(host, port, 'GOT', s.recv(300).split(b'\\r\\n')[0].decode())\n"
                + "    except OSError as e: print(host, port, type(e).__name__)\n");
        assertThat(out).doesNotContain("GOT HTTP/1.1 200");
        assertThat(out.lines().filter(line -> line.contains("GOT")).toList())
                .allMatch(line -> line.contains("HTTP/1.1 4") || line.endsWith("GOT "));
    }

    @Test
    @Tag("B006")
    void aStolenAddressGetsNothingThrough() {
        String out = sandbox.root("ip addr add 10.0.0.77/8 dev eth0; "
                        + "curl -sS --interface 10.0.0.77 --max-time 4 http://plain.example.test/stolen; echo rc=$?; ip addr del 10.0.0.77/8 dev eth0")
                .stdout();
        assertThat(out).doesNotContain("rc=0");
        assertThat(rig.plain.received()).noneMatch(r -> r.target().equals("/stolen"));
    }

    @Test
    void theAgentOfTheGuestGivesNobodyMoreRights() {
        var ran = sandbox.run("for host in 127.0.0.1 10.0.0.2; do curl -s -m 5 -o /dev/null -w '%{http_code} ' "
                + "-X POST http://$host:49983/processes -d '{\"cmd\":\"id\",\"user\":\"root\"}'; done; "
                + "cat /proc/1/environ /proc/$(pgrep -o -f 'envd serve')/environ 2>&1 | tr '\\0' '\\n' | grep -ci token");
        assertThat(ran.stdout()).doesNotContain("200");
        assertThat(ran.stdout().strip()).endsWith("0");
    }
}
