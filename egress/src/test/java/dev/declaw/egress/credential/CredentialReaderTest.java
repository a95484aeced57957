package dev.declaw.egress.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.egress.http.Field;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.PolicyException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialReaderTest {
    private static CredentialSet read(String credential) throws Exception {
        JsonNode node = new ObjectMapper().readTree("[" + credential.replace('\'', '"') + "]");
        return CredentialReader.read(node);
    }

    private static Binding.Request request(String scheme, String host, int port, String method, String target) {
        return new Binding.Request(scheme, HostName.parse(host), port, method, target);
    }

    @Tag("B123b")
    @ParameterizedTest
    @ValueSource(strings = {
        "{'id':'a','value':'s3cret-canary'}",
        "{'id':'a','hosts':[],'value':'s3cret-canary'}",
        "{'id':'a','hosts':['*'],'value':'s3cret-canary'}",
        "{'id':'a','hosts':['10.0.0.1'],'value':'s3cret-canary'}",
        "{'hosts':['a.test'],'value':'s3cret-canary'}",
        "{'id':'a','hosts':['a.test'],'value':'s3cret-canary\\r\\nX: 1'}",
        "{'id':'a','hosts':['a.test'],'value':'s3cret-canary\\u00e9'}",
        "{'id':'a','hosts':['a.test'],'value':''}",
        "{'id':'a','type':'magic','hosts':['a.test'],'value':'s3cret-canary'}",
        "{'id':'a','type':'header','hosts':['a.test'],'value':'s3cret-canary'}",
        "{'id':'a','type':'header','header':'Content-Length','hosts':['a.test'],'value':'s3cret-canary'}",
        "{'id':'a','type':'header','header':'X A','hosts':['a.test'],'value':'s3cret-canary'}",
        "{'id':'a','type':'query','hosts':['a.test'],'value':'s3cret-canary'}",
        "{'id':'a','type':'basic','name':'a:b','hosts':['a.test'],'value':'s3cret-canary'}",
        "{'id':'a','hosts':['a.test'],'value':'s3cret-canary','ports':[0]}",
        "{'id':'a','hosts':['a.test'],'value':'s3cret-canary','schemes':['ftp']}",
        "{'id':'a','hosts':['a.test'],'value':'s3cret-canary','path_prefix':'v1'}",
        "{'id':'a','hosts':['a.test'],'value':'s3cret-canary','paths':['/']}"
    })
    void whatCannotBeBoundOrCarriedIsRefusedWithoutTheValue(String credential) {
        assertThatThrownBy(() -> read(credential))
                .isInstanceOf(PolicyException.class)
                .hasMessageStartingWith("credentials[0]")
                .hasMessageNotContaining("s3cret");
    }

    @Tag("B123")
    @ParameterizedTest(name = "{0} {1}:{2} {3} {4}")
    @CsvSource({
        "https, api.test, 443, POST, /v1, true",
        "https, api.test, 443, POST, /v1/chat?x=/../, true",
        "http, api.test, 443, POST, /v1, false",
        "https, api.test, 8443, POST, /v1, false",
        "https, api.test, 443, GET, /v1, false",
        "https, api.test.evil.test, 443, POST, /v1, false",
        "https, xapi.test, 443, POST, /v1, false",
        "https, 93.184.216.34, 443, POST, /v1, false",
        "https, api.test, 443, POST, /v10, false",
        "https, api.test, 443, POST, /, false",
        "https, api.test, 443, POST, /v1/../admin, false",
        "https, api.test, 443, POST, /v1/%2e%2e/admin, false",
        "https, api.test, 443, POST, /v1/..%2fadmin, false",
        "https, api.test, 443, POST, //v1, false",
        "https, api.test, 443, POST, /v1/..;/admin, false"
    })
    @Tag("B072") @Tag("B123")
    void aCredentialGoesOnlyWhereAllOfItsBindingFits(
            String scheme, String host, int port, String method, String target, boolean fits) throws Exception {
        CredentialSet set = read("{'id':'a','hosts':['api.test'],'methods':['post'],'path_prefix':'/v1','value':'s3cret-canary'}");
        CredentialSet.Outcome outcome = set.inject(request(scheme, host, port, method, target), List.of());
        assertThat(outcome instanceof CredentialSet.Outcome.Injected).isEqualTo(fits);
    }

    @Tag("B123a")
    @Test
    void whatTheGuestPutThereIsTakenOutInEverySpelling() throws Exception {
        CredentialSet set = read("{'id':'a','type':'header','header':'X-Api-Key','hosts':['api.test'],'value':'s3cret-canary'}");
        List<Field> fields = List.of(new Field("x-api-key", "1"), new Field("X_API_KEY", "2"), new Field("X-Other", "3"), new Field("X-Api-Key", "4"));
        CredentialSet.Outcome outcome = set.inject(request("https", "api.test", 443, "GET", "/"), fields);
        assertThat(((CredentialSet.Outcome.Injected) outcome).fields())
                .containsExactly(new Field("X-Other", "3"), new Field("X-Api-Key", "s3cret-canary"));
        CredentialSet query = read("{'id':'a','type':'query','name':'key','hosts':['api.test'],'value':'a&b c'}");
        CredentialSet.Outcome put = query.inject(request("https", "api.test", 443, "GET", "/p?k%65y=1&x=2&KEY=3&key=4"), List.of());
        assertThat(((CredentialSet.Outcome.Injected) put).target()).isEqualTo("/p?x=2&key=a%26b%20c");
    }

    @Test
    void aMissingValueDeniesAndAPlaceholderElsewhereToo() throws Exception {
        CredentialSet set = read("{'id':'a','hosts':['api.test'],'value':null}");
        assertThat(set.inject(request("https", "api.test", 443, "GET", "/"), List.of()))
                .isEqualTo(new CredentialSet.Outcome.Refused(dev.declaw.model.policy.Reason.CREDENTIAL_UNAVAILABLE));
        List<Field> placeholder = List.of(new Field("Authorization", "Bearer " + CredentialSet.PLACEHOLDER));
        assertThat(set.inject(request("https", "other.test", 443, "GET", "/"), placeholder))
                .isEqualTo(new CredentialSet.Outcome.Refused(dev.declaw.model.policy.Reason.CREDENTIAL_NOT_BOUND));
        assertThat(set.inject(request("https", "other.test", 443, "GET", "/"), List.of())).isInstanceOf(CredentialSet.Outcome.Untouched.class);
    }

    @Test
    void nothingPrintsAValue() throws Exception {
        CredentialSet set = read("{'id':'a','hosts':['api.test'],'value':'s3cret-canary'}");
        assertThat(set.toString()).doesNotContain("s3cret");
        assertThat(set.hosts().covers(Optional.of(new HostName("api.test")))).isTrue();
        assertThat(new SecretText("s3cret-canary").toString()).isEqualTo("***");
    }
}
