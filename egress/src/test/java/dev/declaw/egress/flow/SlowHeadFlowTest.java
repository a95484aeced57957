package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.model.scan.Finding;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Requests whose heads wait for a scanner beside the event loop: what may happen in the meantime.
class SlowHeadFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String READ = "{\"invisible_text\":{\"enabled\":true,\"action\":\"log_only\"}}";
    private static final String SCANNED = "/canary-trigger%C3%A9";

    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private final AtomicBoolean interrupted = new AtomicBoolean();

    private List<Finding> waits(String text) {
        begun.countDown();
        try {
            if (!go.await(60, TimeUnit.SECONDS)) throw new IllegalStateException("nobody let the scanner go on");
        } catch (InterruptedException e) {
            interrupted.set(true);
            throw new IllegalStateException(e);
        }
        return List.of();
    }

    private static String get(int port, String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: api.test:" + port + "\r\n\r\n";
    }

    private static FlowRig rig(Function<String, List<Finding>> script, long millisMax) throws Exception {
        return new FlowRig(READ, ALLOW, new ScriptedScanners(true, script), millisMax);
    }

    @Test
    void headsThatWaitAreSentInTheirOrder() throws Exception {
        try (FlowRig rig = rig(this::waits, 30_000);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, get(origin.port(), SCANNED) + get(origin.port(), "/second"));
            assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(origin.received()).isEmpty();
            go.countDown();
            assertThat(FlowRig.readResponse(client)).endsWith("hi");
            assertThat(FlowRig.readResponse(client)).endsWith("hi");
            assertThat(origin.received()).startsWith("GET " + SCANNED).contains("GET /second ");
        }
    }

    @Test
    @Tag("B124")
    void whatThePolicyForbidsByTheTimeItIsScreenedDoesNotLeave() throws Exception {
        try (FlowRig rig = rig(this::waits, 30_000);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, get(origin.port(), SCANNED));
            assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
            ObjectMapper json = new ObjectMapper();
            var tighter = PolicyReader.read(json.readTree(READ), json.readTree("{\"allow_out\":[\"other.test\"]}")).policy();
            rig.slot.update(new VersionedPolicy(8, tighter), CredentialSet.NONE, CustomGates.NONE, Optional.empty());
            go.countDown();
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("\"code\":\"not_in_allow_list\"");
            assertThat(rig.awaitBlocked("not_in_allow_list").toJson().toString()).contains("\"policy_version\":8");
            assertThat(origin.received()).isEmpty();
            assertThat(rig.events()).noneMatch(event -> event.event().equals("egress_allowed"));
        }
    }

    @Test
    void aScreeningThatNobodyWaitsForIsGivenUp() throws Exception {
        try (FlowRig rig = rig(this::waits, 30_000);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            Socket client = rig.toName("api.test", origin.port());
            Socket tls = FlowRig.tls(client, "api.test", rig.slot.authority().orElseThrow().certificate());
            FlowRig.send(tls, get(origin.port(), SCANNED));
            assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
            client.setSoLinger(true, 0);
            client.close();
            FlowRig.eventually(interrupted::get);
            assertThat(origin.received()).isEmpty();
        }
    }

    @Test
    @Tag("B129")
    void aPathThatNobodyHasReadToItsEndIsNotInTheAuditLog() throws Exception {
        for (Function<String, List<Finding>> fault : List.<Function<String, List<Finding>>>of(this::waits, ScriptedScanners::fail)) {
            try (FlowRig rig = rig(fault, 1_000);
                    Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                    Socket client = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, get(origin.port(), SCANNED));
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("scanner_failed");
                assertThat(rig.awaitBlocked("scanner_failed").toJson().toString()).contains("(withheld");
                assertThat(rig.events().toString()).doesNotContain("canary");
            }
        }
    }

    @Test
    @Tag("B129")
    void aPathWithPersonalDataThatAnotherStageChangedIsNotInTheAuditLog() throws Exception {
        String policy = "{\"invisible_text\":{\"enabled\":true},\"pii\":{\"enabled\":true,\"types\":[\"ssn\"],\"action\":\"block\"}}";
        try (FlowRig rig = new FlowRig(policy, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, get(origin.port(), "/a%E2%80%8Bb/123-45-6789"));
            assertThat(FlowRig.readAll(client)).contains("\"code\":\"pii_blocked\"");
            assertThat(rig.awaitBlocked("pii_blocked").toJson().toString()).contains("(withheld").doesNotContain("123-45-6789");
        }
    }

    @Test
    @Tag("B120")
    void controlFramesAreNotReadByAModelOnTheEventLoop() throws Exception {
        AtomicReference<String> thread = new AtomicReference<>("");
        Function<String, List<Finding>> notes = _ -> {
            thread.set(Thread.currentThread().getName());
            return List.of();
        };
        Origin.Script echo = connection -> {
            String request = connection.readRequest();
            if (request == null) return;
            connection.write(WebSocketPeer.switching(request, ""));
            WebSocketPeer peer = connection.webSocket();
            for (WebSocketPeer.Frame frame = peer.read(); frame != null; frame = peer.read()) {
                int opcode = frame.opcode() == WebSocketPeer.PING ? WebSocketPeer.PONG : frame.opcode();
                peer.frame(WebSocketPeer.FIN | opcode, frame.payload());
                if (opcode == WebSocketPeer.CLOSE) return;
            }
        };
        try (FlowRig rig = rig(notes, 30_000);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), echo);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, WebSocketPeer.request("api.test", origin.port(), ""));
            assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 101 ");
            WebSocketPeer peer = new WebSocketPeer(client.getInputStream(), client.getOutputStream(), true);
            byte[] payload = "trigger \u00e9".getBytes(StandardCharsets.UTF_8);
            peer.frame(WebSocketPeer.FIN | WebSocketPeer.PING, payload);
            peer.frame(WebSocketPeer.FIN | WebSocketPeer.TEXT, "after".getBytes(StandardCharsets.UTF_8));
            assertThat(peer.read().payload()).isEqualTo(payload);
            assertThat(peer.read().text()).isEqualTo("after");
            assertThat(thread.get()).startsWith("screening-");
            peer.frame(WebSocketPeer.FIN | WebSocketPeer.CLOSE, WebSocketPeer.close(1000));
            assertThat(peer.read().closeCode()).isEqualTo(1000);
        }
    }
}
