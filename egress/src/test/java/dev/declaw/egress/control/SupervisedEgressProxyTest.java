package dev.declaw.egress.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.declaw.egress.audit.TestJvm;
import dev.declaw.egress.control.EgressProxy.OpenedSlot;
import dev.declaw.egress.control.EgressProxy.SlotRequest;
import dev.declaw.linux.Credentials;
import dev.declaw.linux.Descriptor;
import dev.declaw.linux.UnixChannel;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.PolicyException;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Real processes, real sockets and a real drop of privileges; only the slots are the test's.
@Timeout(120)
class SupervisedEgressProxyTest {
    private static final int UID = 1_999_998;
    private static final SlotRequest REQUEST = new SlotRequest("sbx-0123abcd", 1, null, null);

    @TempDir
    Path directory;

    private final BlockingQueue<Long> restarts = new LinkedBlockingQueue<>();

    /// Speaks the protocol with slots that only count: the answer to `open` tells what this process sees.
    static final class Child implements SlotService {
        private final List<String> open = new ArrayList<>();

        public static void main(String[] arguments) throws IOException {
            ArchiveFiles.openAll();
            Epoll.ensureAvailability();
            try (UnixChannel channel = UnixChannel.connect(Path.of(arguments[0]));
                    Child slots = new Child()) {
                if (!arguments[1].equals("root")) Credentials.drop(UID, UID, 256);
                if (arguments[1].equals("silent")) channel.receive();
                new ControlLoop(channel, slots).run();
            }
            Runtime.getRuntime().halt(0);
        }

        @Override
        public OpenedSlot open(SlotRequest request, Descriptor tcp, Descriptor dns) {
            if (request.sandboxId().equals("hang")) {
                while (true) Thread.onSpinWait();
            }
            if (request.policyVersion() < 0) throw new PolicyException("network.allow_out[2]", "is none: of these");
            if (request.sandboxId().isEmpty()) throw new IllegalStateException("internal detail");
            open.add(request.sandboxId());
            return new OpenedSlot(Optional.of(open + " " + boundPort(tcp) + " " + boundPort(dns)));
        }

        @Override
        public String stats() {
            return "declaw_egress_slots " + open.size() + "\n";
        }

        @Override
        public OpenedSlot update(SlotRequest request) {
            if (request.policyVersion() < 0) throw new PolicyException("network.allow_out[2]", "is none: of these");
            return new OpenedSlot(Optional.of(open + " updated"));
        }

        @Override
        public void close(String sandboxId) {
            open.remove(sandboxId);
        }

        @Override
        public void close() {
            open.clear();
        }
    }

    @BeforeEach
    void needRoot() {
        assumeThat(Files.isReadable(Path.of("/etc/shadow"))).as("needs root").isTrue();
    }

    @Test
    void slotsAreOpenedWithTheirSocketsAndClosed() throws Exception {
        try (SupervisedEgressProxy proxy = start("unprivileged");
                TestSockets sockets = new TestSockets()) {
            assertThat(proxy.ready()).isTrue();
            Credentials.verify(proxy.pid().orElseThrow(), UID, UID);
            assertThat(proxy.open(REQUEST, sockets.slot()).caPem())
                    .contains("[sbx-0123abcd] " + sockets.tcpPort() + " " + sockets.dnsPort());
            proxy.close("sbx-0123abcd");
            assertThat(proxy.open(new SlotRequest("other", 1, null, null), sockets.slot()).caPem().orElseThrow())
                    .startsWith("[other] ");
        }
    }

    @Test
    void aPolicyThatTheProxyRefusesNamesItsField() throws Exception {
        try (SupervisedEgressProxy proxy = start("unprivileged");
                TestSockets sockets = new TestSockets()) {
            assertThatExceptionOfType(PolicyException.class)
                    .isThrownBy(() -> proxy.open(new SlotRequest("x", -1, null, null), sockets.slot()))
                    .withMessage("network.allow_out[2]: is none: of these")
                    .satisfies(e -> assertThat(e.field()).isEqualTo("network.allow_out[2]"));
            assertThatExceptionOfType(PlatformFailure.InternalFailure.class)
                    .isThrownBy(() -> proxy.open(new SlotRequest("", 1, null, null), sockets.slot()))
                    .withMessageNotContaining("internal detail");
            assertThat(proxy.ready()).isTrue();
        }
    }

    @Test
    void aKilledProxyIsReplacedAndTheServerOpensTheSlotsAgain() throws Exception {
        try (SupervisedEgressProxy proxy = start("unprivileged");
                TestSockets sockets = new TestSockets()) {
            proxy.open(REQUEST, sockets.slot());
            long first = proxy.pid().orElseThrow();
            for (int kill = 0; kill < 2; kill++) {
                long pid = proxy.pid().orElseThrow();
                ProcessHandle.of(pid).orElseThrow().destroyForcibly();
                Long next = restarts.poll(30, TimeUnit.SECONDS);
                assertThat(next).isNotNull().isNotEqualTo(pid);
            }
            awaitReady(proxy);
            assertThat(proxy.pid().orElseThrow()).isNotEqualTo(first);
            assertThat(ProcessHandle.of(first)).isEmpty();
            // Nothing of the dead process's slots is left in the new one.
            assertThat(proxy.open(REQUEST, sockets.slot()).caPem().orElseThrow()).startsWith("[sbx-0123abcd] ");
        }
    }

    @Test
    void callsFailWhileNoProxyIsUp() throws Exception {
        SupervisedEgressProxy proxy = start("unprivileged");
        proxy.close();
        assertThat(proxy.ready()).isFalse();
        try (TestSockets sockets = new TestSockets()) {
            assertThatExceptionOfType(PlatformFailure.NoCapacity.class).isThrownBy(() -> proxy.open(REQUEST, sockets.slot()));
        }
        proxy.close("sbx-0123abcd");
    }

    @Test
    void aProxyThatHangsInACallIsKilledAndReplaced() throws Exception {
        try (SupervisedEgressProxy proxy = start("unprivileged");
                TestSockets sockets = new TestSockets()) {
            long first = proxy.pid().orElseThrow();
            assertThatExceptionOfType(PlatformFailure.NoCapacity.class)
                    .isThrownBy(() -> proxy.open(new SlotRequest("hang", 1, null, null), sockets.slot()));
            assertThat(restarts.poll(30, TimeUnit.SECONDS)).isNotNull();
            assertThat(ProcessHandle.of(first)).isEmpty();
        }
    }

    @Test
    void closingEndsTheProcessAndLeavesNoSocketFile() throws Exception {
        SupervisedEgressProxy proxy = start("unprivileged");
        ProcessHandle process = ProcessHandle.of(proxy.pid().orElseThrow()).orElseThrow();
        proxy.close();
        assertThat(process.isAlive()).isFalse();
        assertThat(directory.resolve("control")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"root", "dies"})
    void aProcessThatIsStillRootOrNeverConnectsIsNotUsed(String kind) {
        List<String> command = kind.equals("dies") ? List.of("/bin/true") : command(kind);
        assertThatExceptionOfType(PlatformFailure.NoCapacity.class)
                .isThrownBy(() -> SupervisedEgressProxy.start(settings(command), proxy -> {}));
        assertThat(ProcessHandle.current().children().filter(child -> child.info().commandLine().orElse("").contains(Child.class.getName())))
                .isEmpty();
    }

    private SupervisedEgressProxy start(String kind) {
        return SupervisedEgressProxy.start(
                settings(command(kind)), proxy -> restarts.add(((SupervisedEgressProxy) proxy).pid().orElseThrow()));
    }

    private List<String> command(String kind) {
        List<String> command = TestJvm.command(Child.class);
        command.add(directory.resolve("control").toString());
        command.add(kind);
        return command;
    }

    private SupervisedEgressProxy.Settings settings(List<String> command) {
        return new SupervisedEgressProxy.Settings(
                command, directory.resolve("control"), directory.resolve("spool"), UID, UID);
    }

    private static void awaitReady(EgressProxy proxy) {
        while (!proxy.ready()) Thread.onSpinWait();
    }

    private static int boundPort(Descriptor socket) {
        return new Socket(socket.descriptor()).localAddress().getPort();
    }
}
