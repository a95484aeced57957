package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.runtime.network.SlotCounters;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Root in a real guest against the slot: nothing but TCP to the listener and questions to the DNS socket gets anywhere.
@Tag("vm")
class SlotVmTest {
    private static final Pattern LINE = Pattern.compile("\\{\"attempt\": \"(.*?)\", \"outcome\": \"(.*?)\"}");
    private static VmFixture fixture;
    private static LocalMicroVm vm;

    @BeforeAll
    static void boot() throws IOException {
        fixture = new VmFixture();
        vm = fixture.boot();
        VmFixture.identify(vm);
    }

    @AfterAll
    static void kill() throws IOException {
        if (vm != null) {
            vm.kill();
        }
        fixture.close();
    }

    @Test
    void rootInTheGuestReachesTheTwoSocketsAndNothingElse() throws Exception {
        try (InputStream script = SlotVmTest.class.getResourceAsStream("escape.py")) {
            vm.guest().write("/root/escape.py", "root", script);
        }
        List<String> destinations;
        VmFixture.Ran ran;
        try (SlotPeer peer = new SlotPeer(vm.openSockets(), false)) {
            ran = VmFixture.run(vm, "root", "python3 /root/escape.py");
            destinations = peer.destinations();
        }
        Map<String, String> outcomes = new HashMap<>();
        Matcher lines = LINE.matcher(ran.stdout());
        while (lines.find()) {
            outcomes.put(lines.group(1), lines.group(2));
        }

        assertThat(outcomes)
                .containsEntry("public address", "connected 192.0.2.10:80")
                .containsEntry("metadata service", "connected 169.254.169.254:80")
                .containsEntry("private address", "connected 10.1.2.3:443")
                .containsEntry("ssh of the gateway", "connected 10.0.0.1:22")
                .containsEntry("listener of the gateway", "connected 10.0.0.1:15001")
                .containsEntry("dns listener of the gateway", "connected 10.0.0.1:15053")
                .containsEntry("dns over tcp", "connected 8.8.8.8:53")
                .containsEntry("dns of a public server", "answer from 8.8.8.8:53 address 192.0.2.1")
                .containsEntry("dns of the gateway", "answer from 10.0.0.1:53 address 192.0.2.1")
                .containsEntry("dns of the metadata service", "answer from 169.254.169.254:53 address 192.0.2.1")
                .containsEntry("after the forged frames", "connected 192.0.2.70:670");
        assertThat(outcomes).hasSize(22);
        for (String attempt : List.of(
                "ntp", "quic", "udp to the dns socket's port", "dhcp broadcast", "multicast", "ping 192.0.2.1",
                "ping 10.0.0.1", "gre", "sctp", "ipv6 udp", "ipv6 link-local")) {
            assertThat(outcomes.get(attempt)).as(attempt).matches("silence|refused .*");
        }
        assertThat(outcomes.get("ntp")).as("refusals answer at once").startsWith("refused");
        assertThat(destinations)
                .containsExactly(
                        "192.0.2.10:80", "169.254.169.254:80", "10.1.2.3:443", "10.0.0.1:22", "10.0.0.1:15001",
                        "10.0.0.1:15053", "8.8.8.8:53", "dns", "dns", "dns", "192.0.2.70:670");
        SlotCounters counters = vm.slot().counters();
        assertThat(counters.of("spoofed_mac")).isEqualTo(1);
        assertThat(counters.of("spoofed_address")).isEqualTo(3);
        assertThat(counters.of("local_destination")).isGreaterThanOrEqualTo(2);
        assertThat(counters.of("ipv6")).isPositive();
        assertThat(counters.of("refused_protocol")).isGreaterThanOrEqualTo(6);
        assertThat(counters.of("forwarded")).isZero();
    }

    @Test
    @Tag("B010")
    void theNamespaceHoldsTheLoopbackAndTheTapOnly() {
        String links = Exec.run(Command.of("ip", "-brief", "link").in(vm.slot().namespace())).text();
        assertThat(links.lines().map(line -> line.split("[ @]")[0])).containsExactlyInAnyOrder("lo", "tap0");
    }

    @Test
    void withoutAProxyAConnectionIsRefusedAtOnce() {
        long before = vm.slot().counters().of("proxy_absent");
        VmFixture.Ran ran = VmFixture.run(vm, "user", "curl -s -m 20 http://192.0.2.10/; echo $?");
        assertThat(ran.stdout()).as("7 is curl's word for a refused connection").isEqualTo("7\n");
        assertThat(vm.slot().counters().of("proxy_absent")).isGreaterThan(before);
    }

    @Test
    void aSandboxHasNoMoreConnectionsThanItsShare() throws Exception {
        String script = """
            import socket
            kept, refused = [], 0
            for i in range(560):
                s = socket.socket()
                s.settimeout(10)
                try:
                    s.connect(("192.0.2.10", 1000 + i))
                    kept.append(s)
                except ConnectionError:
                    refused += 1
            print(len(kept) <= 512 and refused >= 48)
            """;
        vm.guest().write("/tmp/many.py", "user", new ByteArrayInputStream(script.getBytes()));
        try (SlotPeer _ = new SlotPeer(vm.openSockets(), true)) {
            assertThat(VmFixture.run(vm, "user", "python3 /tmp/many.py").stdout()).isEqualTo("True\n");
        }
        assertThat(vm.slot().counters().of("too_many_connections")).isPositive();
    }
}
