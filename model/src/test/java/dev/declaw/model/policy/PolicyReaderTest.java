package dev.declaw.model.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.model.network.HostName;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.model.scan.PiiType;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyReaderTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static JsonNode json(String text) throws Exception {
        return JSON.readTree(text.replace('\'', '"'));
    }

    /// What a default-constructed policy of the official Python client sends (wire-api 15.1).
    private static final String PYTHON_DEFAULT =
            """
            {'pii': {'enabled': false, 'types': ['ssn','credit_card','email','phone','person_name','api_key','address','ip_address'],
                     'action': 'redact', 'rehydrate_response': true},
             'injection_defense': {'enabled': false, 'action': 'log_only', 'sensitivity': 'medium', 'threshold': 0.95},
             'transformations': [], 'audit': {'enabled': true},
             'env_security': {'mask_patterns': ['*_KEY','*_SECRET','*_TOKEN','*_PASSWORD','*_CREDENTIALS','API_KEY','SECRET_KEY'],
                              'auto_mask_in_audit': true}}""";

    @Test
    void acceptsTheDefaultPolicyOfTheOfficialClientInBothEncodings() throws Exception {
        JsonNode plain = json(PYTHON_DEFAULT);
        JsonNode wrapped = JSON.createObjectNode().put("policy_json", plain.toString());
        for (JsonNode form : new JsonNode[] {plain, wrapped}) {
            PolicyReader.Result result = PolicyReader.read(form, null);
            assertThat(result.policy()).isEqualTo(SecurityPolicy.DEFAULT);
            assertThat(result.warnings()).isEmpty();
        }
    }

    @Test
    void readsPersonalDataRules() throws Exception {
        PolicyReader.Result result = PolicyReader.read(
                json("{'pii': {'enabled': true, 'types': ['phone_number','address'], 'action': 'log', 'domains': ['*.example.com']}}"),
                null);
        PiiPolicy pii = result.policy().pii();
        assertThat(pii.types()).containsExactlyInAnyOrder(PiiType.PHONE, PiiType.ADDRESS);
        assertThat(pii.action()).isEqualTo(ContentAction.LOG_ONLY);
        assertThat(result.policy().intercepts(Optional.of(new dev.declaw.model.network.HostName("a.example.com"))))
                .isTrue();
        assertThat(result.policy().intercepts(Optional.of(new dev.declaw.model.network.HostName("example.com"))))
                .isFalse();
        assertThat(result.policy().intercepts(Optional.empty())).isFalse();
        assertThat(result.warnings()).isEmpty();
    }

    @Test
    @Tag("B034")
    void saysThatAnAllowListDeniesTheRest() throws Exception {
        assertThat(PolicyReader.read(null, json("{'allow_out': ['example.com']}")).warnings())
                .singleElement()
                .asString()
                .contains("denies everything");
    }

    @Test
    void takesTheShorthandsThatClientsSend() throws Exception {
        assertThat(PolicyReader.read(json("{'audit': false, 'injection_defense': false, 'pii': null}"), null)
                        .policy()
                        .auditEnabled())
                .isFalse();
        assertThat(PolicyReader.read(null, json("{'mask_request_host': true, 'deny_out': ['*']}"))
                        .policy()
                        .network()
                        .maskRequestHost())
                .contains("localhost");
        assertThat(PolicyReader.read(json("{'envSecurity': {'maskPatterns': ['X_*']}}"), null)
                        .policy()
                        .envSecurity()
                        .masks("x_y"))
                .isTrue();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "security: [] | security",
                "security: 'x' | security",
                "security: {'policy_json': 7} | security.policy_json",
                "security: {'policy_json': 'not json'} | security.policy_json",
                "security: {'policy_json': '[]'} | security.policy_json",
                "security: {'policy_json': '{}', 'pii': {}} | security",
                "security: {'piii': {'enabled': true}} | security.piii",
                "security: {'pii': 'yes'} | security.pii",
                "security: {'pii': {'enable': true}} | security.pii.enable",
                "security: {'pii': {'enabled': 'true'}} | security.pii.enabled",
                "security: {'pii': {'enabled': 1}} | security.pii.enabled",
                "security: {'pii': {'types': ['ssn', 'snn']}} | security.pii.types[1]",
                "security: {'pii': {'enabled': true, 'types': []}} | security.pii.types",
                "security: {'pii': {'action': 'alert'}} | security.pii.action",
                "security: {'pii': {'domains': ['10.0.0.0/8']}} | security.pii.domains",
                "security: {'pii': {'domains': 'example.com'}} | security.pii.domains",
                "security: {'toxicity': {'enabled': true, 'threshold': 1.1}} | security.toxicity.threshold",
                "security: {'toxicity': {'enabled': true, 'action': 'strip'}} | security.toxicity.action",
                "security: {'injection_defense': {'sensitivity': 'extreme'}} | security.injection_defense.sensitivity",
                "security: {'injection_defense': {'injection_mode': 'loose'}} | security.injection_defense.injection_mode",
                "security: {'injection_defense': {'domain': ['a.test']}} | security.injection_defense.domain",
                "security: {'invisible_text': {'action': 'redact'}} | security.invisible_text.action",
                "security: {'invisible_text': {'on_error': 'allow'}} | security.invisible_text.on_error",
                "security: {'code_security': {'excluded_languages': 'python'}} | security.code_security.excluded_languages",
                "security: {'content_gate': {'endpoints': ['v1/chat']}} | security.content_gate.endpoints[0]",
                "security: {'transformations': [{'match': 'a'}]} | security.transformations[0].replace",
                "security: {'transformations': [{'match': '(?=a)', 'replace': ''}]} | security.transformations[0].match",
                "security: {'transformations': [{'match': '(a)', 'replace': '$2'}]} | security.transformations[0].replace",
                "security: {'transformations': [{'match': 'a', 'replace': '', 'direction': 'up'}]} | security.transformations[0].direction",
                "security: {'mode': 'observe'} | security.mode",
                "security: {'intercept': {'hosts': []}} | security.intercept.hosts",
                "security: {'intercept': {'enabled': true, 'domains': ['10.0.0.1']}} | security.intercept.domains",
                "security: {'custom_policy': {'enabled': true, 'inline_rego': ''}} | security.custom_policy",
                "security: {'env_security': {'sensitive_vars': [{'name': 'A=', 'value': 'b'}]}} | security.env_security.sensitive_vars[0].name",
                "security: {'env_security': {'sensitive_vars': [{'name': 'A'}]}} | security.env_security.sensitive_vars[0].value",
                "security: {'env_security': {'sensitive_vars': [{'name': 'A', 'value': 'b', 'c': 1}]}} | security.env_security.sensitive_vars[0].c",
                "security: {'audit': {'retention': 7}} | security.audit.retention",
                "security: {'network': {'allow': ['a.test']}} | security.network.allow",
                "network: [] | network",
                "network: {'allow_out': 'a.test'} | network.allow_out",
                "network: {'allow_out': ['a.test', 7]} | network.allow_out[1]",
                "network: {'allow_out': ['a.*.test']} | network.allow_out[0]",
                "network: {'allow_out': ['']} | network.allow_out[0]",
                "network: {'deny_out': ['2130706433']} | network.deny_out[0]",
                "network: {'deny_out': ['http://a.test']} | network.deny_out[0]",
                "network: {'deny_out': ['a.test:443']} | network.deny_out[0]",
                "network: {'deny_out': ['~(']} | network.deny_out[0]",
                "network: {'deny_out': ['~(?=a)']} | network.deny_out[0]",
                "network: {'denyout': []} | network.denyout"
            })
    @Tag("B034")
    void refusesWhatItCannotEnforceAndNamesTheField(String policy, String field) throws Exception {
        JsonNode node = json("{'" + policy.replaceFirst(":", "':") + "}");
        assertThatThrownBy(() -> PolicyReader.read(node.get("security"), node.get("network")))
                .isInstanceOfSatisfying(PolicyException.class, e -> {
                    assertThat(e.field()).isEqualTo(field);
                    assertThat(e.getMessage()).startsWith(field + ": ");
                });
    }

    @Test
    void tlsMayBeOpenedWithoutAStageThatReads() throws Exception {
        SecurityPolicy all = PolicyReader.read(json("{'intercept': true}"), null).policy();
        assertThat(all.needsCertificateAuthority()).isTrue();
        assertThat(all.intercepts(HostName.parse("a.test"))).isTrue();
        SecurityPolicy some = PolicyReader.read(json("{'intercept': {'enabled': true, 'domains': ['*.a.test']}}"), null).policy();
        assertThat(some.intercepts(HostName.parse("x.a.test"))).isTrue();
        assertThat(some.intercepts(HostName.parse("b.test"))).isFalse();
        SecurityPolicy off = PolicyReader.read(json("{'intercept': {'domains': ['a.test']}}"), null).policy();
        assertThat(off.needsCertificateAuthority()).isFalse();
    }
}
