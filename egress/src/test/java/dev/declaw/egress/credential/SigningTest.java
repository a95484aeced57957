package dev.declaw.egress.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.egress.credential.CredentialSet.Outcome;
import dev.declaw.egress.http.Field;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.model.policy.Reason;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Signatures against those of others: the example of Amazon's documentation, what botocore 1.43.11 makes of the same request
/// at the same time, and RFC 4231.
@Tag("B123d")
class SigningTest {
    private static final Instant TIME = Instant.parse("2026-11-26T12:00:00Z");
    private static final String KEY = "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    private static CredentialSet set(String host, String type, String value, String signing) throws Exception {
        String json = "[{'id':'c','type':'" + type + "','hosts':['" + host + "'],'value':'" + value + "'" + signing + "}]";
        return CredentialReader.read(new ObjectMapper().readTree(json.replace('\'', '"')));
    }

    private static Outcome inject(CredentialSet set, String host, String method, String target, String body, Instant time, String... fields) {
        Binding.Request request = new Binding.Request("https", HostName.parse(host), 443, method, target);
        List<Field> given = Arrays.stream(fields).map(line -> new Field(line.substring(0, line.indexOf(':')), line.substring(line.indexOf(':') + 2))).toList();
        return set.inject(request, given, body.getBytes(StandardCharsets.UTF_8), time);
    }

    private static String field(Outcome outcome, String name) {
        return ((Outcome.Injected) outcome).fields().stream().filter(field -> field.is(name)).map(Field::value).findFirst().orElse("");
    }

    @Test
    void theExampleOfAmazonsDocumentation() {
        SigV4 signing = new SigV4("us-east-1", "s3");
        Signing.Message message = new Signing.Message(
                "GET", "examplebucket.s3.amazonaws.com", "/?lifecycle", List.of(), new byte[0], Instant.parse("2013-05-24T00:00:00Z"));
        Signing.Signed signed = signing.sign(message, new SecretText("AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")).orElseThrow();
        assertThat(signed.fields()).anySatisfy(field -> assertThat(field.value())
                .endsWith("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "bedrock-runtime.eu-west-1.amazonaws.com | POST | /model/anthropic.claude-3%3A0/invoke | {\"a\":1} | application/json | | eu-west-1/bedrock | b985210914dbe222d28ba30206c596b5841141e3a617624f30896b2ca9b92b8c",
        "bucket.s3.us-east-1.amazonaws.com | PUT | /a%20b/c.txt?partNumber=1&uploadId=x%2Fy | hello | text/plain | :TOKEN/123 | us-east-1/s3 | 0b228e3153c66ad308a6572fdffdd8699c86fde1e35329a961c28da86f7b51fc",
        "bucket.s3.us-east-1.amazonaws.com | GET | /?list-type=2&prefix=a&delimiter | | | | us-east-1/s3 | bf09214d3ffd0e7b751b83caaa9d7a5d868e96f5acadf1057910a3ce3c213632"
    })
    void whatBotocoreSigns(String host, String method, String target, String body, String type, String token, String scope, String signature)
            throws Exception {
        CredentialSet set = set(host, "sigv4", KEY + (token == null ? "" : token), "");
        String own = "Authorization: AWS4-HMAC-SHA256 Credential=AKIAPLACEHOLDER/20261126/" + scope + "/aws4_request, SignedHeaders=host, Signature=00";
        String[] fields = type == null ? new String[] {own} : new String[] {own, "Content-Type: " + type, "X-Amz-Date: 20200101T000000Z"};
        Outcome outcome = inject(set, host, method, target, body == null ? "" : body, TIME, fields);
        assertThat(field(outcome, "Authorization"))
                .startsWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261126/" + scope + "/aws4_request, ")
                .endsWith("Signature=" + signature);
        assertThat(field(outcome, "X-Amz-Date")).isEqualTo("20261126T120000Z");
        Outcome.Injected injected = (Outcome.Injected) outcome;
        assertThat(injected.fields().stream().filter(field -> field.is("Authorization"))).hasSize(1);
        assertThat(injected.fields().toString()).doesNotContain("wJalr", "AKIAPLACEHOLDER");
        assertThat(injected.secrets().getFirst().reveal()).isEqualTo("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    }

    @Test
    @DisplayName("B123d a body streams unsigned only where the guest asks for it over TLS; chunks that the guest signed are refused")
    void bodiesThatStream() throws Exception {
        String host = "bucket.s3.us-east-1.amazonaws.com";
        CredentialSet set = set(host, "sigv4", KEY, "");
        Binding.Request put = new Binding.Request("https", HostName.parse(host), 443, "PUT", "/k");
        List<Field> unsigned = List.of(new Field("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"));
        assertThat(set.signsBody(put, List.of())).isTrue();
        assertThat(set.signsBody(put, unsigned)).isFalse();
        assertThat(field(inject(set, host, "PUT", "/k", "", TIME, "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD"), "X-Amz-Content-Sha256")).isEqualTo("UNSIGNED-PAYLOAD");
        assertThat(inject(set, host, "PUT", "/k", "", TIME, "X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD"))
                .isEqualTo(new Outcome.Refused(Reason.CREDENTIAL_UNAVAILABLE));
        assertThat(inject(set("api.test", "sigv4", KEY, ""), "api.test", "GET", "/", "", TIME)).isInstanceOf(Outcome.Refused.class);
    }

    @Test
    void aSignatureOfTheGuestsInTheQueryIsTakenOut() throws Exception {
        CredentialSet set = set("b.s3.us-east-1.amazonaws.com", "sigv4", KEY, "");
        Outcome outcome = inject(set, "b.s3.us-east-1.amazonaws.com", "GET", "/k?X-Amz-Signature=00&versionId=3&X-Amz-Credential=x", "", TIME);
        assertThat(((Outcome.Injected) outcome).target()).isEqualTo("/k?versionId=3");
    }

    @Test
    void aKeyedHashOverPartsOfTheRequest() throws Exception {
        // RFC 4231, test case 2
        CredentialSet rfc = set("api.test", "hmac", "Jefe", ",'header':'X-Sign','signing':{'template':'{body}'}");
        assertThat(field(inject(rfc, "api.test", "POST", "/", "what do ya want for nothing?", TIME), "X-Sign"))
                .isEqualTo("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        // `printf '1795694400POST/v1/orders?a=1{"x":1}' | openssl dgst -sha256 -hmac k3y -binary | base64`
        CredentialSet exchange = set("api.test", "hmac", "k3y",
                ",'header':'CB-ACCESS-SIGN','signing':{'template':'{timestamp}{method}{target}{body}','encoding':'base64','timestamp_header':'CB-ACCESS-TIMESTAMP'}");
        Outcome outcome = inject(exchange, "api.test", "POST", "/v1/orders?a=1", "{\"x\":1}", TIME, "cb_access_sign: mine");
        assertThat(field(outcome, "CB-ACCESS-TIMESTAMP")).isEqualTo("1795694400");
        assertThat(field(outcome, "CB-ACCESS-SIGN")).isEqualTo("84TLkrSiciVh586DdPtUg6+/zV79OQm/jxNRJBIONjU=");
        assertThat(((Outcome.Injected) outcome).fields()).hasSize(2);
        assertThat(exchange.signsBody(new Binding.Request("https", HostName.parse("api.test"), 443, "POST", "/"), List.of())).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "'hmac',,'signing':{}", "'hmac',,'signing':{'template':'{secret}'}", "'hmac',,'signing':{'template':'x','algorithm':'md5'}",
        "'hmac',,'signing':{'template':'x','timestamp_header':'Host'}", "'sigv4',,'signing':{'template':'x'}"
    })
    void whatCannotSignIsRefused(String members) {
        String[] parts = members.split(",,");
        assertThatThrownBy(() -> set("api.test", parts[0].replace("'", ""), "a:secret-canary", "," + parts[1]))
                .isInstanceOf(PolicyException.class).hasMessageContaining("signing").hasMessageNotContaining("secret-canary");
    }

    @Test
    void whatGoesAlongMustNotComeBack() throws Exception {
        CredentialSet set = set("bucket.s3.us-east-1.amazonaws.com", "sigv4", KEY + ":TOKEN/123", ",'secret':'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'");
        for (CredentialSet each : List.of(set, set("bucket.s3.us-east-1.amazonaws.com", "sigv4", KEY + ":TOKEN/123", ""))) {
            Outcome.Injected injected = (Outcome.Injected) inject(each, "bucket.s3.us-east-1.amazonaws.com", "GET", "/", "", TIME);
            assertThat(injected.secrets().stream().map(SecretText::reveal))
                    .as("an error about a signature quotes the signed fields, the session token among them")
                    .containsExactlyInAnyOrder("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "TOKEN/123");
        }
    }
}
