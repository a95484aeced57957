package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.egress.credential.CredentialReader;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.egress.tls.CertificateAuthority;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.VersionedPolicy;
import java.io.IOException;
import java.net.Socket;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A policy that changes while connections are open.
class PolicyUpdateFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String ALLOW_OTHER = "{\"allow_out\":[\"other.test\"]}";
    private static final String REDACT = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\"]}}";

    private static void update(FlowRig rig, int version, String security, String network, String credentials) throws IOException {
        ObjectMapper json = new ObjectMapper();
        CredentialSet set = CredentialReader.read(json.readTree(credentials));
        VersionedPolicy policy = new VersionedPolicy(
                version, PolicyReader.read(json.readTree(security), json.readTree(network)).policy(), set.hosts());
        boolean first = policy.needsCertificateAuthority() && rig.slot.authority().isEmpty();
        rig.slot.update(
                policy,
                set,
                CustomGates.NONE,
                first ? Optional.of(CertificateAuthority.create(rig.slot.sandboxId(), InstantSource.system())) : Optional.empty());
    }

    private static String get(int port) {
        return "GET / HTTP/1.1\r\nHost: api.test:" + port + "\r\n\r\n";
    }

    @Tag("B124")
    @Test
    @Tag("B124") @Tag("B078")
    void whatATighterPolicyForbidsIsCutAndWhatItAllowsGoesOn() throws Exception {
        Origin.Script endless = connection -> {
            connection.readRequest();
            connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: open\n\n");
            while (connection.read() >= 0) {
                // until the proxy closes
            }
        };
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = new Origin(rig.originTls.serverFor("api.test"), endless);
                Origin passed = Origin.answering(rig.originTls.serverFor("other.test"), OK);
                Socket stream = rig.tlsToName("api.test", origin.port());
                Socket other = rig.tlsToName("other.test", passed.port())) {
            FlowRig.send(stream, get(origin.port()));
            StringBuilder seen = new StringBuilder();
            while (seen.indexOf(": open") < 0) seen.append((char) stream.getInputStream().read());
            String request = get(passed.port()).replace("api.test", "other.test");
            FlowRig.send(other, request);
            assertThat(FlowRig.readResponse(other)).endsWith("hi");

            long start = System.nanoTime();
            update(rig, 8, REDACT, ALLOW_OTHER, "null");
            assertThat(FlowRig.readAll(stream)).contains("<reset>");
            assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
            var event = rig.awaitBlocked("not_in_allow_list");
            assertThat(event.toJson().toString()).contains("\"policy_version\":8", "\"detail\":\"the policy changed\"");

            FlowRig.send(other, request);
            assertThat(FlowRig.readResponse(other)).endsWith("hi");
            assertThat(rig.await(e -> e.event().equals("egress_allowed") && e.toJson().toString().contains("\"policy_version\":8")))
                    .isNotNull();
        }
    }

    @Tag("B124")
    @Test
    @Tag("B124") @Tag("B078")
    void aPassthroughThatMustBeReadNowIsCut() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = FlowRig.tls(rig.toName("api.test", origin.port()), "api.test", rig.originTls.root())) {
            FlowRig.send(client, get(origin.port()));
            assertThat(FlowRig.readResponse(client)).endsWith("hi");
            update(rig, 8, REDACT, ALLOW, "null");
            assertThat(FlowRig.readAll(client)).contains("<reset>");
            rig.awaitBlocked("policy_changed");
            try (Socket again = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(again, get(origin.port()));
                assertThat(FlowRig.readResponse(again)).startsWith("HTTP/1.1 200 ");
            }
        }
    }

    @Test
    @Tag("B124") @Tag("B078")
    void credentialsAndStagesOfTheNewPolicyHoldForTheNextRequestOfAnOpenConnection() throws Exception {
        try (FlowRig rig = new FlowRig(REDACT, ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK);
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, get(origin.port()));
            assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 200 ");
            update(rig, 8, REDACT.replace("}}", ",\"action\":\"block\"}}"), ALLOW,
                    "[{\"id\":\"c\",\"hosts\":[\"api.test\"],\"ports\":[" + origin.port() + "],\"value\":\"s3cret-canary\"}]");
            FlowRig.send(client, get(origin.port()));
            assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 200 ");
            assertThat(origin.received()).containsOnlyOnce("Authorization: Bearer s3cret-canary");
            FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Length: 15\r\n\r\nssn 123-45-6789");
            assertThat(FlowRig.readAll(client)).contains("\"code\":\"pii_blocked\"");
        }
    }

    @Test
    @Tag("B124") @Tag("B078")
    void aPolicyThatCannotBeEnforcedChangesNothing() throws Exception {
        try (FlowRig rig = new FlowRig(null, ALLOW)) {
            ObjectMapper json = new ObjectMapper();
            VersionedPolicy policy = new VersionedPolicy(8, PolicyReader.read(json.readTree(REDACT), null).policy());
            assertThatThrownBy(() -> rig.slot.update(policy, CredentialSet.NONE, CustomGates.NONE, Optional.empty()))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(rig.slot.policy().version()).isEqualTo(7);
        }
    }
}
