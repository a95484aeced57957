package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import dev.declaw.server.lifecycle.Sandboxes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class VaultEndpointsTest {
    private static final String VALUE = "sk-very-secret-value-0123456789";

    @TempDir
    Path home;

    private final MovedClock clock = new MovedClock();
    private final FakeHost host = new FakeHost();
    private TestServer server;
    private RawHttp http;
    private String team;

    @BeforeEach
    void start() throws Exception {
        open(TestServer.SETTINGS);
        team = http.post("/teams", "{\"name\":\"default\"}").json().path("team_id").textValue();
    }

    private void open(Sandboxes.Settings settings) throws IOException {
        server = new TestServer(home, host, clock, settings);
        http = server.http;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String secrets() {
        return "/teams/" + team + "/vault/secrets";
    }

    private JsonNode secret(String rest) {
        RawHttp.Answer answer = http.post(secrets(), "{\"environment\":\"prod\",\"value\":\"" + VALUE + "\"," + rest + "}");
        assertThat(answer.status()).as(answer.text()).isEqualTo(201);
        assertThat(answer.text()).doesNotContain(VALUE);
        return answer.json();
    }

    private RawHttp.Answer create(String reference, String rest) {
        return http.post("/sandboxes", "{\"vault_refs\":{\"API_KEY\":\"" + reference + "\"}" + rest + "}");
    }

    private JsonNode credentials(RawHttp.Answer created) {
        assertThat(created.status()).as(created.text()).isEqualTo(201);
        return server.egress.slots.get(created.json().path("sandbox_id").textValue()).credentials();
    }

    @Test
    void clientsThatBothStartAgreeOnOneTeamAndOneEnvironment() {
        assertThat(http.post("/teams", "{\"name\":\"default\"}").json().path("team_id").textValue()).isEqualTo(team);
        assertThat(http.get("/teams").json().path("teams")).hasSize(1);
        String path = "/teams/" + team + "/environments";
        assertThat(http.get(path).json().path("environments")).isEmpty();
        assertThat(http.post(path, "{\"name\":\"prod\"}").status()).isEqualTo(201);
        assertThat(http.post(path, "{\"name\":\"prod\"}").status()).isEqualTo(201);
        assertThat(http.get(path).json().path("environments")).hasSize(1);
        assertThat(http.get("/teams/team-0/environments").status()).isEqualTo(404);
    }

    @Test
    void aListOfWordsTakesNothingElse() {
        RawHttp.Answer answer = http.post(
                secrets(), "{\"name\":\"x\",\"value\":\"v\",\"scopes\":[{\"domain_regex\":\"x\",\"schemes\":[\"https\",2147483648]}]}");
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("message").textValue()).contains("schemes");
    }

    @Test
    void whatIsThereIsFoundAlsoWhenNothingMoreMayBeMade() {
        for (int i = 1; i < 100; i++) assertThat(http.post("/teams", "{\"name\":\"t" + i + "\"}").status()).isEqualTo(201);
        assertThat(http.post("/teams", "{\"name\":\"one-more\"}").json().path("code").textValue()).isEqualTo("vault_full");
        assertThat(http.post("/teams", "{\"name\":\"default\"}").json().path("team_id").textValue()).isEqualTo(team);
        String path = "/teams/" + team + "/environments";
        for (int i = 0; i < 100; i++) assertThat(http.post(path, "{\"name\":\"e" + i + "\"}").status()).isEqualTo(201);
        assertThat(http.post(path, "{\"name\":\"one-more\"}").json().path("code").textValue()).isEqualTo("vault_full");
        assertThat(http.post(path, "{\"name\":\"e7\"}").status()).isEqualTo(201);
    }

    @Test
    void aSecretIsShownWithEverythingButItsValue() {
        JsonNode made = secret("\"name\":\"mine\",\"rotation_interval_days\":30,"
                + "\"scopes\":[{\"domain_regex\":\"api\\\\.example\\\\.test\",\"injection_type\":\"header\",\"header_name\":\"X-Key\"}]");
        assertThat(made.path("secret_id").textValue()).startsWith("sec-");
        assertThat(made.path("scopes").get(0).path("header_name").textValue()).isEqualTo("X-Key");
        assertThat(made.path("rotated_at").isNull()).isTrue();
        assertThat(made.path("rotation_due").booleanValue()).isFalse();
        assertThat(http.get(secrets()).json().path("secrets").get(0)).isEqualTo(made);
        assertThat(http.get(secrets()).text()).doesNotContain(VALUE);
        clock.move(Duration.ofDays(30));
        assertThat(http.get(secrets()).json().at("/secrets/0/rotation_due").booleanValue()).isTrue();
        String path = secrets() + "/" + made.path("secret_id").textValue();
        assertThat(http.post(path + "/rotate", "{\"value\":\"new\"}").json().path("rotated").booleanValue()).isTrue();
        assertThat(http.get(secrets()).json().at("/secrets/0/rotation_due").booleanValue()).isFalse();
        assertThat(http.get(secrets()).json().at("/secrets/0/rotated_at").textValue()).endsWith("+00:00");
        assertThat(http.post(path + "/scopes", "{\"scopes\":[{\"domain_regex\":\"b\"}]}").status()).isEqualTo(200);
        assertThat(http.get(secrets()).json().at("/secrets/0/scopes/0/injection_type").textValue()).isEqualTo("bearer");
        assertThat(http.delete(path).json().path("deleted").booleanValue()).isTrue();
        assertThat(http.delete(path).status()).isEqualTo(404);
        assertThat(http.get("/audit?category=admin").json().path("entries").findValuesAsText("event"))
                .containsExactly("secret_created", "secret_rotated", "secret_scopes_set", "secret_deleted");
    }

    @Test
    @Tag("B129")
    void noValueIsOnDiskNorInAnyAnswer() throws Exception {
        secret("\"provider\":\"openai\"");
        RawHttp.Answer created = create("vault://" + team + "/prod/openai", "");
        String id = created.json().path("sandbox_id").textValue();
        assertThat(credentials(created).toString()).contains(VALUE);
        assertThat(created.text() + http.get("/sandboxes/" + id).text() + http.get("/sandboxes").text() + http.get("/audit").text())
                .doesNotContain(VALUE);
        assertThat(server.egress.slots.get(id).toString()).doesNotContain(VALUE);
        server.close();
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)).as(file.toString()).doesNotContain(VALUE);
            }
        }
        open(TestServer.SETTINGS);
    }

    @Test
    void theGuestGetsThePlaceholderAndTheProxyTheValueWithItsPlace() {
        secret("\"provider\":\"anthropic\",\"name\":\"with/slash\"");
        RawHttp.Answer created = create("vault://" + team + "/prod/with/slash", ",\"envs\":{\"OTHER\":\"x\"}");
        String id = created.json().path("sandbox_id").textValue();
        assertThat(host.vm(id).guest.identity.environment())
                .containsEntry("API_KEY", "declaw:vault-managed")
                .containsEntry("OTHER", "x");
        assertThat(created.json().path("envs").toString()).isEqualTo("{\"OTHER\":\"x\"}");
        JsonNode list = credentials(created);
        assertThat(list).hasSize(1);
        assertThat(list.get(0).toString())
                .isEqualTo("{\"id\":\"" + list.get(0).path("id").textValue() + "\",\"type\":\"header\",\"hosts\":[\"api.anthropic.com\"],"
                        + "\"schemes\":[\"https\"],\"ports\":[443],\"methods\":[],\"path_prefix\":\"/\",\"value\":\"" + VALUE
                        + "\",\"header\":\"x-api-key\",\"extra_headers\":{\"anthropic-version\":\"2023-06-01\"}}");
    }

    @Test
    void eachTypeBecomesWhatTheProxyTakes() {
        secret("\"name\":\"s\",\"scopes\":["
                + "{\"domain_regex\":\"a\\\\.test\"},"
                + "{\"domain_regex\":\"(a|b)\\\\.test\",\"value_prefix\":\"Token \"},"
                + "{\"domain_regex\":\".*\\\\.c\\\\.test\",\"injection_type\":\"basic\",\"basic_username\":\"me\",\"schemes\":[\"http\"],\"methods\":[\"GET\"],\"path_prefix\":\"/v1\"},"
                + "{\"domain_regex\":\"d\\\\.test\",\"injection_type\":\"query\",\"query_params\":{\"key\":\"\",\"v\":\"1\"},\"ports\":[8443]}]");
        JsonNode list = credentials(create("vault://" + team + "/prod/s", ""));
        assertThat(list.findValuesAsText("type")).containsExactly("bearer", "bearer", "basic", "query");
        for (JsonNode credential : list) assertThat(credential.path("value").textValue()).isEqualTo(VALUE);
        assertThat(list.get(1).path("value_prefix").textValue()).isEqualTo("Token ");
        assertThat(list.get(1).path("hosts").get(0).textValue()).isEqualTo("~(?i:(a|b)\\.test)");
        assertThat(list.get(2).path("name").textValue()).isEqualTo("me");
        assertThat(list.get(2).path("ports").toString()).isEqualTo("[80]");
        assertThat(list.get(3).path("name").textValue()).isEqualTo("key");
        assertThat(list.get(3).path("query_params").toString()).isEqualTo("{\"v\":\"1\"}");
        assertThat(list.get(3).path("ports").toString()).isEqualTo("[8443]");
    }

    @Test
    void aRotationNewScopesAndADeletionReachRunningSandboxes() {
        String id = secret("\"provider\":\"openai\"").path("secret_id").textValue();
        RawHttp.Answer created = create("vault://" + team + "/prod/openai", "");
        http.post("/sandboxes", "{}");
        assertThat(http.post(secrets() + "/" + id + "/rotate", "{\"value\":\"new\"}").json().path("sandboxes").intValue()).isEqualTo(1);
        assertThat(credentials(created).get(0).path("value").textValue()).isEqualTo("new");
        http.post(secrets() + "/" + id + "/scopes", "{\"scopes\":[{\"domain_regex\":\"other\\\\.test\"}]}");
        assertThat(credentials(created).get(0).path("hosts").get(0).textValue()).isEqualTo("other.test");
        http.delete(secrets() + "/" + id);
        assertThat(credentials(created)).isNull();
    }

    @Test
    void credentialsComeBackWhenTheProxyOrTheServerIsRestarted() throws Exception {
        server.close();
        open(new Sandboxes.Settings(8, 4, 3600, 0, true));
        secret("\"provider\":\"openai\"");
        RawHttp.Answer created = create("vault://" + team + "/prod/openai", "");
        JsonNode before = credentials(created);
        server.egress.restart();
        server.sandboxes.egressRestarted();
        assertThat(credentials(created)).isEqualTo(before);
        server.close();
        open(TestServer.SETTINGS);
        assertThat(credentials(created)).isEqualTo(before);
        assertThat(host.vm(created.json().path("sandbox_id").textValue()).guest.identity.environment())
                .containsEntry("API_KEY", "declaw:vault-managed");
    }

    @ParameterizedTest(name = "{0} -> {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"provider\":\"nobody\"                                                                 | 400",
        "\"name\":\"x\"                                                                          | 400",
        "\"scopes\":[{\"domain_regex\":\"a\"}]                                                   | 400",
        "\"name\":\"x\",\"scopes\":[]                                                            | 400",
        "\"name\":\"x\",\"scopes\":[{\"domain_regex\":\"(\"}]                                    | 400",
        "\"name\":\"x\",\"scopes\":[{}]                                                          | 400",
        "\"name\":\"x\",\"scopes\":[{\"domain_regex\":\"a\",\"injection_type\":\"magic\"}]       | 400",
        "\"name\":\"x\",\"scopes\":[{\"domain_regex\":\"a\",\"injection_type\":\"redis\"}]       | 422",
        "\"name\":\"x\",\"scopes\":[{\"domain_regex\":\"a\",\"injection_type\":\"hmac\"}]        | 400",
        "\"name\":\"x\",\"scopes\":[{\"domain_regex\":\"a\",\"signing\":{\"region\":\"x\"}}]      | 400",
        "\"name\":\"x\",\"scopes\":[{\"domain_regex\":\"a\",\"header_name\":\"Host\"}]           | 400",
        "\"name\":\"x\",\"scopes\":[{\"domain_regex\":\"a\",\"header_name\":\"a b\"}]            | 400",
        "\"name\":\"x\",\"scopes\":[{\"domain_regex\":\"a\",\"value_prefix\":\"a\\r\\nb\"}]      | 400",
        "\"name\":\"x\",\"scopes\":[{\"domain_regex\":\"a\",\"injection_type\":\"query\"}]       | 400",
        "\"name\":\"x\",\"scopes\":[{\"domain_regex\":\"a\",\"ports\":[0]}]                      | 400",
        "\"name\":\"x\",\"environment\":\"a/b\",\"scopes\":[{\"domain_regex\":\"a\"}]            | 400",
    })
    void aSecretThatCouldNotDoWhatItSaysIsRefused(String rest, int status) {
        RawHttp.Answer answer = http.post(secrets(), "{\"value\":\"v\"," + rest + "}");
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    }

    @Test
    @Tag("B123b")
    void aValueThatCannotStandInAHeaderIsRefusedAndANameIsUsedOnce() {
        assertThat(http.post(secrets(), "{\"value\":\"a\\nb\",\"provider\":\"openai\"}").status()).isEqualTo(400);
        secret("\"provider\":\"openai\"");
        RawHttp.Answer again = http.post(secrets(), "{\"environment\":\"prod\",\"value\":\"v\",\"provider\":\"openai\"}");
        assertThat(again.status()).isEqualTo(409);
        assertThat(again.json().path("code").textValue()).isEqualTo("secret_exists");
        assertThat(http.post(secrets(), "{\"environment\":\"dev\",\"value\":\"v\",\"provider\":\"openai\"}").status()).isEqualTo(201);
    }

    @Test
    void aReferenceThatLeadsNowhereOrClashesIsRefusedBeforeAnythingIsMade() {
        secret("\"provider\":\"openai\"");
        assertThat(create("openai", "").status()).isEqualTo(400);
        assertThat(create("vault://" + team + "/prod/none", "").status()).isEqualTo(404);
        assertThat(create("vault://" + team + "/dev/openai", "").status()).isEqualTo(404);
        assertThat(create("vault://" + team + "/prod/openai", ",\"secure\":false").status()).isEqualTo(400);
        assertThat(create("vault://" + team + "/prod/openai", ",\"envs\":{\"API_KEY\":\"x\"}").status()).isEqualTo(400);
        JsonNode other = http.post("/tenants", "{\"name\":\"b\"}").json();
        RawHttp b = new RawHttp(server.api.port(), other.at("/first_key/api_key").textValue());
        assertThat(b.post("/sandboxes", "{\"vault_refs\":{\"A\":\"vault://" + team + "/prod/openai\"}}").status()).isEqualTo(404);
        assertThat(host.vms).isEmpty();
    }

    @Test
    void presetsAreCompleteAndEachOfThemWorks() {
        JsonNode presets = http.get("/vault/presets").json().path("presets");
        assertThat(presets.findValuesAsText("key")).contains("openai", "anthropic").doesNotHaveDuplicates();
        for (JsonNode preset : presets) {
            secret("\"provider\":\"" + preset.path("key").textValue() + "\"");
            assertThat(preset.path("docs_url").textValue()).startsWith("https://");
        }
    }

    @Test
    @Tag("B123c")
    void aServerThatHasLostItsMasterKeyDoesNotStart() throws Exception {
        secret("\"provider\":\"openai\"");
        server.close();
        byte[] key = Files.readAllBytes(home.resolve("vault-key"));
        Files.delete(home.resolve("vault-key"));
        assertThatThrownBy(() -> open(TestServer.SETTINGS)).isInstanceOf(IOException.class).hasMessageContaining("put it back");
        Path other = Files.createFile(home.resolve("vault-key"));
        Files.setPosixFilePermissions(other, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
        Files.writeString(other, "ab".repeat(32));
        assertThatThrownBy(() -> open(TestServer.SETTINGS)).hasMessageContaining("cannot be opened");
        Files.write(other, key);
        open(TestServer.SETTINGS);
        assertThat(http.get(secrets()).json().path("secrets")).hasSize(1);
    }
}
