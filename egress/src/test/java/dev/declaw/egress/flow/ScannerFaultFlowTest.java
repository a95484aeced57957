package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.scan.Finding;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Fault matrix (catalogue 125, 126): stage × {exception, stack overflow, no memory, hang}: nothing goes upstream, the audit
/// log says why, and the sandbox's other connections are unharmed.
class ScannerFaultFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final Map<String, String> STAGES = Map.of(
            "invisible_text", "{\"invisible_text\":{\"enabled\":true,\"action\":\"log_only\"}}",
            "injection", "{\"injection_defense\":{\"enabled\":true,\"action\":\"log_only\",\"domains\":[\"*\"]}}",
            "toxicity", "{\"toxicity\":{\"enabled\":true,\"action\":\"log_only\"}}",
            "code_security", "{\"code_security\":{\"enabled\":true,\"action\":\"log_only\"}}");
    private static final Map<String, Function<String, List<Finding>>> FAULTS = Map.of(
            "exception", ScriptedScanners::fail, "overflow", ScriptedScanners::overflow, "memory", ScriptedScanners::exhaust);

    static List<Arguments> matrix() {
        List<Arguments> rows = new ArrayList<>();
        for (String stage : STAGES.keySet().stream().sorted().toList()) {
            for (String fault : FAULTS.keySet().stream().sorted().toList()) {
                for (boolean slow : new boolean[] {false, true}) rows.add(Arguments.of(stage, fault, slow));
            }
        }
        return rows;
    }

    private static String post(int port, String body) {
        return "POST /v1 HTTP/1.1\r\nHost: api.test:" + port + "\r\nContent-Type: text/plain\r\nContent-Length: " + body.length()
                + "\r\n\r\n" + body;
    }

    @Tag("B125")
    @Tag("B126")
    @ParameterizedTest(name = "{0}: {1}, slow {2}")
    @MethodSource("matrix")
    @Tag("B126")
    void aScannerThatFailsLetsNothingOut(String stage, String fault, boolean slow) throws Exception {
        try (FlowRig rig = new FlowRig(STAGES.get(stage), ALLOW, new ScriptedScanners(slow, FAULTS.get(fault)), 30_000);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port());
                Socket other = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, post(origin.port(), "canary trigger \u00c3\u00a9"));
            String answer = FlowRig.readAll(client);
            assertThat(answer).startsWith("HTTP/1.1 403 ").contains("\"code\":\"scanner_failed\"").doesNotContain("canary");
            AuditEvent event = rig.awaitBlocked("scanner_failed");
            assertThat(event.toJson().toString()).doesNotContain("canary").contains("\"policy_version\":7");
            FlowRig.send(other, post(origin.port(), "fine"));
            assertThat(FlowRig.readResponse(other)).endsWith("hi");
            assertThat(origin.received()).doesNotContain("canary").contains("fine");
        }
    }

    @Tag("B126")
    @Test
    @Tag("B126") @Tag("B088")
    void aScannerThatHangsIsCutOffAndDoesNotHoldUpOthers() throws Exception {
        String policy = STAGES.get("injection");
        try (FlowRig rig = new FlowRig(policy, ALLOW, new ScriptedScanners(true, ScriptedScanners::hang), 1_000);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            List<Socket> hanging = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Socket client = rig.tlsToName("api.test", origin.port());
                hanging.add(client);
                FlowRig.send(client, post(origin.port(), "canary trigger"));
            }
            for (Socket client : hanging) {
                assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("scanner_failed");
                client.close();
            }
            rig.awaitBlocked("scanner_failed");
            try (Socket other = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(other, post(origin.port(), "fine"));
                assertThat(FlowRig.readResponse(other)).endsWith("hi");
            }
            assertThat(origin.received()).doesNotContain("canary");
        }
    }

    @Test
    void aScannerThatIsOnlySlowIsWaitedFor() throws Exception {
        Function<String, List<Finding>> slow = _ -> {
            java.util.concurrent.locks.LockSupport.parkNanos(200_000_000);
            return List.of(new Finding("prompt_injection", 0, 1, 1));
        };
        try (FlowRig rig = new FlowRig(STAGES.get("injection"), ALLOW, new ScriptedScanners(true, slow), 30_000);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, post(origin.port(), "trigger"));
            assertThat(FlowRig.readResponse(client)).endsWith("hi");
            assertThat(rig.await(e -> e.event().equals("egress_allowed")).reason()).isEqualTo(Optional.of("content_logged"));
        }
    }

    @Test
    void onErrorLogOnlyLetsPassWhatCouldNotBeJudgedAndSaysSo() throws Exception {
        String policy = "{\"toxicity\":{\"enabled\":true,\"on_error\":\"log_only\"}}";
        try (FlowRig rig = new FlowRig(policy, ALLOW, new ScriptedScanners(false, ScriptedScanners::fail), 30_000);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, post(origin.port(), "trigger"));
            assertThat(FlowRig.readResponse(client)).endsWith("hi");
            assertThat(rig.await(e -> e.event().equals("egress_allowed")).toJson().toString())
                    .contains("\"stages\":{\"toxicity\":\"failed\"}");
        }
    }
}
