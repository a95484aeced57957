package dev.declaw.model.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.model.network.HostName;
import dev.declaw.model.scan.InjectionLevels.Posture;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContentReaderTest {
    private static final Optional<HostName> API = Optional.of(new HostName("api.example.com"));

    private static PolicyReader.Result read(String policy) throws Exception {
        return PolicyReader.read(new ObjectMapper().readTree(policy.replace('\'', '"')), null);
    }

    @Test
    void theDefaultsAreThoseOfTheWire() throws Exception {
        ContentPolicy content = read("{'toxicity': {'enabled': true}, 'code_security': {'enabled': true},"
                        + " 'invisible_text': {'enabled': true}, 'injection_defense': {'enabled': true, 'domains': ['*']}}")
                .policy()
                .content();
        assertThat(content.toxicity().threshold()).isEqualTo(0.9);
        assertThat(content.toxicity().stage().action()).isEqualTo(ContentAction.BLOCK);
        assertThat(content.codeSecurity().threshold()).isEqualTo(0.6);
        assertThat(content.codeSecurity().stage().action()).isEqualTo(ContentAction.LOG_ONLY);
        assertThat(content.invisibleText().action()).isEqualTo(ContentAction.STRIP);
        assertThat(content.injection().stage().action()).isEqualTo(ContentAction.LOG_ONLY);
        assertThat(content.invisibleText().blockOnError()).isTrue();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{'injection_defense': true} | no domains",
                "{'injection_defense': {'enabled': true, 'domains': []}} | no domains",
                "{'injection_defense': {'enabled': true, 'domains': ['a.test'], 'judge': {'enabled': true}}} | judge",
                "{'content_gate': {'enabled': true}} | no domains",
                "{'content_gate': {'enabled': true, 'domains': ['a.test']}} | neither models nor endpoints",
                "{'transformations': [{'match': 'a*', 'replace': 'b'}]} | empty text",
                "{'transformations': [{'match': 'a', 'replace': 'b', 'note': 1}]} | transformations[0].note",
                "{'invisible_text': {'enabled': true, 'detect_zero_width': false}} | always",
                "{'custom_policy': {'enabled': true, 'policy_ref': 'prompt-injection@v3'}} | no effect",
                "{'mode': 'report'} | blocks and changes nothing"
            })
    void whatHasNoEffectIsSaid(String policy, String warning) throws Exception {
        assertThat(read(policy).warnings()).singleElement().asString().contains(warning);
    }

    @Test
    void injectionWithoutDomainsReadsNothing() throws Exception {
        SecurityPolicy policy = read("{'injection_defense': true}").policy();
        assertThat(policy.intercepts(API)).isFalse();
        assertThat(policy.needsCertificateAuthority()).isFalse();
    }

    @Test
    void theShortcutOfTheClientsForFullInjectionDefenceIsTaken() throws Exception {
        PolicyReader.Result read = read("{'injection_defense': {'enabled': true, 'action': 'log_only', 'domains': ['api.example.com'],"
                + " 'injection_mode': 'balanced', 'judge': {'enabled': true}},"
                + " 'custom_policy': {'enabled': true, 'default_deny': false, 'policy_ref': 'prompt-injection@v3'}}");
        ContentPolicy.Injection injection = read.policy().content().injection();
        assertThat(injection.stage().action()).as("the pack decides, not the stage").isEqualTo(ContentAction.LOG_ONLY);
        assertThat(read.policy().custom().pack()).contains("prompt-injection@v3");
        assertThat(read.policy().custom().passesOnFailure()).isTrue();
        assertThat(read.warnings()).anyMatch(warning -> warning.startsWith("custom_policy.default_deny: false"));
        assertThat(injection.levels().posture()).contains(Posture.BALANCED);
        assertThat(read.policy().intercepts(API)).isTrue();
        assertThat(read.policy().intercepts(Optional.of(new HostName("example.com")))).isFalse();
    }

    @Test
    void regoIsTakenFromEachOfItsPlacesAndFailsClosedUnlessToldOtherwise() throws Exception {
        CustomPolicy custom = read("{'custom_policy': {'enabled': true, 'inline_modules': ['package a', 'package b'],"
                        + " 'inline_rego': 'deny_command := 1', 'policy_ref': 'owasp-mcp@v1'}}")
                .policy()
                .custom();
        assertThat(custom.modules()).extracting(CustomPolicy.Module::name)
                .containsExactly("inline_rego", "inline_modules[0]", "inline_modules[1]");
        assertThat(custom.pack()).contains("owasp-mcp@v1");
        assertThat(custom.passesOnFailure()).isFalse();
        assertThat(read("{'custom_policy': {'enabled': false, 'inline_rego': 'x'}}").policy().custom().active()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"sha256:00ff", "blob:policies/a", "prompt-injection", "Prompt@v3", "../x@v1"})
    void aReferenceThatCannotBeFollowedIsRefusedWithTheRemedy(String reference) {
        assertThatExceptionOfType(PolicyException.class)
                .isThrownBy(() -> read("{'custom_policy': {'enabled': true, 'policy_ref': '" + reference + "'}}"))
                .withMessageContaining("security.custom_policy.policy_ref")
                .withMessageContaining("GET /governance/packs");
    }

    @Test
    void theGoClientsZeroThresholdIsTheDefault() throws Exception {
        assertThat(read("{'toxicity': {'enabled': true, 'threshold': 0}}").policy().content().toxicity().threshold())
                .isEqualTo(0.9);
        assertThat(read("{'toxicity': {'enabled': true, 'threshold': 0, 'action': 'block'}}").policy().content().toxicity().threshold())
                .isZero();
    }

    @ParameterizedTest(name = "{0} with {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "(\\d+)-(\\d+) | \\2/\\1 | a 12-34 b | a 34/12 b",
                "(\\d+)-(\\d+) | $2/$1 | 12-34 | 34/12",
                "(?P<x>o+) | <${x}> | foo boo | f<oo> b<oo>",
                "(?P<x>o+) | \\g<x>! | foo | foo!",
                "o+ | $& $$ | foo | foo $",
                "sk-[a-z]+ | [key] | sk-abc, sk-de | [key], [key]",
                "x* | y | xxaxx | yay",
                "(a)(b)? | [$2] | ac ab | []c [b]",
                "a | ${1 | a | ERROR"
            })
    void replacementsWorkInTheDialectsOfAllClients(String match, String replace, String text, String expected) {
        if (expected.equals("ERROR")) {
            assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> rule(match, replace)))
                    .isInstanceOf(PolicyException.class);
            return;
        }
        assertThat(rule(match, replace).apply(text, 1000).text()).isEqualTo(expected);
    }

    private static Transformation rule(String match, String replace) {
        return Transformation.parse("t", match, replace, Transformation.Direction.OUTBOUND, HostSelector.ALL);
    }

    @Test
    void aPatternThatStallsOthersIsLinearHere() {
        String text = "a".repeat(20_000) + "!";
        assertThat(rule("(a+)+$", "x").apply(text, 100_000).count()).isZero();
    }

    @Test
    void theGateKnowsModelsAndEndpointsByTheirNames() throws Exception {
        ContentGate gate = read("{'content_gate': {'enabled': true, 'domains': ['api.example.com'], 'models': ['gpt-4o*', 'o3'],"
                        + " 'endpoints': ['POST /v1/chat/*', '/health']}}")
                .policy()
                .content()
                .gate();
        assertThat(List.of(gate.allowsModel("gpt-4o-mini"), gate.allowsModel("o3"), gate.allowsModel("o3x"), gate.allowsModel("xgpt-4o")))
                .containsExactly(true, true, false, false);
        assertThat(List.of(
                        gate.allowsEndpoint("POST", "/v1/chat/completions"),
                        gate.allowsEndpoint("GET", "/v1/chat/completions"),
                        gate.allowsEndpoint("GET", "/health"),
                        gate.allowsEndpoint("POST", "/v1/files")))
                .containsExactly(true, false, true, false);
    }

    @Test
    void reportModeTellsOfDenialsButTheFloorHolds() throws Exception {
        NetworkPolicy network = PolicyReader.read(
                        new ObjectMapper().readTree("{\"mode\":\"report\"}"),
                        new ObjectMapper().readTree("{\"allow_out\":[\"ok.test\"]}"))
                .policy()
                .network();
        Decision other = network.decideName(new HostName("other.test"));
        assertThat(other.wire()).isEqualTo("report");
        assertThat(other.reason()).isEqualTo(Reason.NOT_IN_ALLOW_LIST);
        assertThat(network.decideName(new HostName("metadata.google.internal")).allowed()).isFalse();
        assertThat(network.decideAddress(java.net.InetAddress.ofLiteral("169.254.169.254")).allowed()).isFalse();
        assertThat(network.decideAddress(java.net.InetAddress.ofLiteral("10.0.0.1")).allowed()).isFalse();
        assertThat(network.decideAddress(java.net.InetAddress.ofLiteral("192.0.2.1")).allowed()).isFalse();
        assertThat(network.decideAddress(java.net.InetAddress.ofLiteral("93.184.216.34")).wire()).isEqualTo("report");
    }
}
