package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.egress.control.EgressProxy;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AccountEndpointsTest {
    private static final String ME = "/accounts/owner-1";

    @TempDir
    Path home;

    private final MovedClock clock = new MovedClock();
    private TestServer server;
    private RawHttp http;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home, new FakeHost(), clock, TestServer.SETTINGS);
        http = server.http;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private RawHttp with(JsonNode key) {
        return new RawHttp(server.api.port(), key.path("api_key").textValue());
    }

    private JsonNode newKey(String body) {
        RawHttp.Answer answer = http.post(ME + "/api-keys", body);
        assertThat(answer.status()).as(answer.text()).isEqualTo(201);
        return answer.json();
    }

    private JsonNode shown(JsonNode key) {
        for (JsonNode shown : http.get(ME + "/api-keys").json().path("api_keys")) {
            if (shown.path("key_id").equals(key.path("key_id"))) return shown;
        }
        throw new AssertionError("the key is not listed");
    }

    @Test
    void aKeyIsShownOnceWorksAtOnceAndStopsWorkingWhenItIsRevoked() {
        JsonNode key = newKey("{\"name\":\"ci\"}");
        assertThat(key.path("api_key").textValue()).matches("dcl_[0-9a-f]{48}");
        assertThat(key.path("name").textValue()).isEqualTo("ci");
        RawHttp ci = with(key);
        JsonNode me = ci.get("/auth/me").json();
        assertThat(me.path("owner_id").textValue()).isEqualTo("owner-1");
        assertThat(me.path("scopes").toString()).contains("sandboxes").doesNotContain("admin");

        String list = http.get(ME + "/api-keys").text();
        assertThat(list).contains("\"name\":\"ci\"").doesNotContain(key.path("api_key").textValue());
        JsonNode shown = shown(key);
        assertThat(shown.path("masked_key").textValue())
                .startsWith("dcl_")
                .endsWith(key.path("api_key").textValue().substring(48));
        assertThat(shown.path("revoked").booleanValue()).isFalse();

        String id = key.path("key_id").textValue();
        assertThat(http.delete(ME + "/api-keys/" + id).json().path("revoked").booleanValue()).isTrue();
        assertThat(http.delete(ME + "/api-keys/" + id).json().path("revoked").booleanValue()).isFalse();
        assertThat(ci.get("/auth/me").status()).isEqualTo(401);
        assertThat(shown(key).path("revoked").booleanValue()).isTrue();
        assertThat(http.delete(ME + "/api-keys/key-0000").status()).isEqualTo(404);
    }

    @Test
    void aKeyCanExpire() {
        RawHttp brief = with(newKey("{\"name\":\"brief\",\"expires_in_seconds\":60}"));
        assertThat(brief.get("/auth/me").status()).isEqualTo(200);
        clock.move(Duration.ofSeconds(60));
        assertThat(brief.get("/auth/me").status()).isEqualTo(401);
    }

    @ParameterizedTest(name = "{0}: {1} {2} -> {3}")
    @CsvSource({
        "sandboxes, GET,  /sandboxes,                   200",
        "sandboxes, POST, /sandboxes,                   201",
        "sandboxes, GET,  /audit,                       403",
        "sandboxes, GET,  /accounts/owner-1/api-keys,   403",
        "sandboxes, POST, /accounts/owner-1/api-keys,   403",
        "sandboxes, GET,  /tenants,                     403",
        "read,      GET,  /sandboxes,                   200",
        "read,      POST, /sandboxes,                   403",
        "read,      GET,  /audit,                       200",
        "read,      GET,  /tenants,                     403",
        "audit,     GET,  /audit,                       200",
        "audit,     GET,  /sandboxes,                   403",
        "account,   POST, /accounts/owner-1/api-keys,   201",
        "tenant,    GET,  /tenants,                     403",
        "admin,     GET,  /tenants,                     200",
        "audit,     GET,  /auth/me,                     200",
    })
    void aKeyReachesAsFarAsItsScopes(String scope, String method, String path, int status) {
        RawHttp limited = with(newKey("{\"name\":\"x\",\"scopes\":[\"" + scope + "\"]}"));
        RawHttp.Answer answer = limited.call(method, path, method.equals("POST") ? "{}" : null);
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        if (status == 403) assertThat(answer.json().path("code").textValue()).isEqualTo("scope_missing");
    }

    @Test
    void aKeyThatOnlyReadsGetsNoTokenAndProlongsNothing() {
        JsonNode made = http.post("/sandboxes", "{\"timeout\":60}").json();
        String path = "/sandboxes/" + made.path("sandbox_id").textValue();
        RawHttp reader = with(newKey("{\"name\":\"x\",\"scopes\":[\"read\"]}"));
        String token = made.path("traffic_access_token").textValue().substring("traffic-".length());
        assertThat(token).isNotEmpty();
        assertThat(reader.get(path).text()).contains("\"state\":\"running\"").doesNotContain(token);
        assertThat(reader.get("/sandboxes").text()).contains(made.path("sandbox_id").textValue()).doesNotContain(token);
        assertThat(reader.get(path + "?timeout=3000").json().path("code").asText()).isEqualTo("scope_missing");
        assertThat(http.get(path).json().path("timeout").asInt()).isEqualTo(60);
        assertThat(http.get(path + "?timeout=3000").json().path("traffic_access_token").textValue()).contains(token);
    }

    @Test
    void aKeyPassesOnNoMoreThanItHas() {
        RawHttp limited = with(newKey("{\"name\":\"x\",\"scopes\":[\"account\"]}"));
        RawHttp.Answer more = limited.post(ME + "/api-keys", "{\"name\":\"y\",\"scopes\":[\"sandboxes\"]}");
        assertThat(more.status()).isEqualTo(403);
        assertThat(more.json().path("code").textValue()).isEqualTo("scope_not_held");
        JsonNode same = limited.post(ME + "/api-keys", "{\"name\":\"y\"}").json();
        assertThat(with(same).get("/auth/me").json().path("scopes").toString()).isEqualTo("[\"account\"]");
        assertThat(http.post(ME + "/api-keys", "{\"scopes\":[\"everything\"]}").status()).isEqualTo(400);
        assertThat(http.post(ME + "/api-keys", "{\"scopes\":[]}").status()).isEqualTo(400);
    }

    @Test
    void aKeyOutlivesItsMakerByNothing() {
        RawHttp brief = with(newKey("{\"name\":\"brief\",\"scopes\":[\"account\"],\"expires_in_seconds\":60}"));
        RawHttp.Answer longer = brief.post(ME + "/api-keys", "{\"name\":\"y\",\"expires_in_seconds\":61}");
        assertThat(longer.status()).isEqualTo(403);
        assertThat(longer.json().path("code").textValue()).isEqualTo("expiry_not_held");
        assertThat(brief.post(ME + "/api-keys", "{\"name\":\"y\",\"expires_in_seconds\":60}").status()).isEqualTo(201);
        RawHttp child = with(brief.post(ME + "/api-keys", "{\"name\":\"z\"}").json());
        assertThat(child.get("/auth/me").status()).isEqualTo(200);
        clock.move(Duration.ofSeconds(60));
        assertThat(child.get("/auth/me").status()).as("made without an end").isEqualTo(401);
    }

    @Test
    void anotherAccountIsRefusedWhetherItExistsOrNot() {
        String other = http.post("/tenants", "{\"name\":\"b\"}").json().path("owner_id").textValue();
        for (String id : new String[] {other, "owner-of-nothing"}) {
            assertThat(http.get("/accounts/" + id).status()).isEqualTo(403);
            assertThat(http.get("/accounts/" + id + "/api-keys").json().path("code").textValue()).isEqualTo("other_account");
        }
    }

    @Test
    void everyMemberThatAClientReadsIsThere() {
        JsonNode account = http.get(ME).json();
        assertThat(account.path("tier").textValue()).isEqualTo("enterprise");
        assertThat(account.path("created_at").textValue()).endsWith("+00:00");
        assertThat(account.path("balance_micros").isIntegralNumber()).isTrue();
        assertThat(http.get(ME + "/wallet").json().at("/wallet/sandbox_free_micros").isIntegralNumber()).isTrue();
        JsonNode deposits = http.get(ME + "/deposits?limit=20&offset=0").json();
        assertThat(deposits.path("deposits").isArray() && deposits.path("entries").isArray()).isTrue();
        assertThat(deposits.path("has_more").booleanValue()).isFalse();
        JsonNode usage = http.get(ME + "/usage?start=2026-01-01&end=2026-01-02").json();
        assertThat(usage.path("total_cost_usd").isTextual() && usage.path("compute").isObject()).isTrue();
        assertThat(usage.path("since").textValue()).isEqualTo("2026-01-01T00:00:00.000000+00:00");
        assertThat(http.get(ME + "/usage?start=yesterday").status()).isEqualTo(400);
        assertThat(http.get(ME + "/usage?start=2026-01-02&end=2026-01-01").status()).isEqualTo(400);
    }

    @Test
    void useIsCountedPerDayAlsoWhileASandboxRunsAndOnlyOnce() {
        assertThat(http.post("/sandboxes", "{\"timeout\":3600}").status()).isEqualTo(201); // at 03:04:05 on 2 January
        String id = http.post("/sandboxes", "{\"timeout\":3600}").json().path("sandbox_id").textValue();
        clock.move(Duration.ofSeconds(100));
        assertThat(http.delete("/sandboxes/" + id).status()).isEqualTo(200);
        clock.move(Duration.ofSeconds(100));
        JsonNode usage = http.get(ME + "/usage").json();
        assertThat(usage.path("sandbox_count").intValue()).isEqualTo(2);
        assertThat(usage.path("total_seconds").doubleValue()).isEqualTo(300);
        assertThat(usage.at("/compute/memory_mib_seconds").doubleValue()).isEqualTo(300 * 512);
        JsonNode overview = http.get(ME + "/overview").json();
        assertThat(overview.path("active_sandboxes").intValue()).isEqualTo(1);
        assertThat(overview.at("/today/total_seconds").doubleValue()).isEqualTo(300);
        assertThat(overview.at("/tier_limits/max_concurrent").intValue()).isEqualTo(8);

        clock.move(Duration.ofHours(21)); // past midnight; the timers have not run
        JsonNode days = http.get(ME + "/usage/daily").json().path("days");
        assertThat(days).hasSize(2);
        assertThat(days.get(0).path("date").textValue()).isEqualTo("2026-01-02");
        assertThat(days.get(0).path("sandbox_count").intValue()).isEqualTo(2);
        assertThat(days.get(1).path("sandbox_count").intValue()).isZero();
        double all = days.get(0).path("total_seconds").doubleValue() + days.get(1).path("total_seconds").doubleValue();
        assertThat(all).isCloseTo(300 + 21 * 3600, org.assertj.core.data.Offset.offset(0.01));
    }

    @Test
    void whatIsDoneToKeysStandsInTheAuditLogOfTheAccountWithoutTheKey() {
        JsonNode key = newKey("{\"name\":\"ci\"}");
        http.delete(ME + "/api-keys/" + key.path("key_id").textValue());
        JsonNode entries = http.get("/audit?category=admin").json().path("entries");
        assertThat(entries.findValuesAsText("event")).containsExactly("api_key_created", "api_key_revoked");
        assertThat(entries.get(0).path("sandbox_id").textValue()).isEqualTo("owner-1");
        assertThat(entries.toString()).doesNotContain(key.path("api_key").textValue());
    }

    @Test
    void tenantsHaveLimitsOfTheirOwnThatCanBeChanged() {
        JsonNode made = http.post("/tenants", "{\"name\":\"b\",\"limits\":{\"max_concurrent\":1}}").json();
        RawHttp b = with(made.path("first_key"));
        assertThat(b.get("/auth/me").json().path("owner_id")).isEqualTo(made.path("owner_id"));
        assertThat(b.post("/sandboxes", "{}").status()).isEqualTo(201);
        RawHttp.Answer second = b.post("/sandboxes", "{}");
        assertThat(second.status()).isEqualTo(429);
        assertThat(second.json().path("code").textValue()).isEqualTo("too_many_sandboxes");
        assertThat(second.header("Retry-After")).matches("[0-9]+");
        assertThat(second.header("X-RateLimit-Limit")).isEqualTo("1");
        assertThat(second.header("X-RateLimit-Remaining")).isEqualTo("0");
        assertThat(http.post("/sandboxes", "{}").status()).isEqualTo(201);

        String limits = "/tenants/" + made.path("owner_id").textValue() + "/limits";
        assertThat(http.call("PUT", limits, "{\"limits\":{\"max_concurrent\":3,\"max_memory_mb\":1024}}").status())
                .isEqualTo(200);
        assertThat(b.post("/sandboxes", "{}").status()).isEqualTo(201);
        RawHttp.Answer third = b.post("/sandboxes", "{}");
        assertThat(third.status()).isEqualTo(429);
        assertThat(third.json().path("code").textValue()).isEqualTo("too_much_memory");
        http.call("PUT", limits, "{\"limits\":{\"max_memory_mb\":100}}");
        RawHttp.Answer never = b.post("/sandboxes", "{}");
        assertThat(never.status()).isEqualTo(403);
        assertThat(never.json().path("code").textValue()).isEqualTo("template_too_large");
        assertThat(http.call("PUT", "/tenants/nobody/limits", "{}").status()).isEqualTo(404);
    }

    @Test
    void whatIsSavedCountsAgainstALimitOfItsOwn() {
        String limits = "/tenants/owner-1/limits";
        String first = "/sandboxes/" + http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        // A sandbox of 512 MiB that has written 30: what it may come to counts until it is saved, then what it came to.
        http.call("PUT", limits, "{\"limits\":{\"max_snapshot_mb\":541}}");
        RawHttp.Answer never = http.post(first + "/snapshot", "{}");
        assertThat(never.status()).isEqualTo(403);
        assertThat(never.json().path("code").textValue()).isEqualTo("snapshot_too_large");
        http.call("PUT", limits, "{\"limits\":{\"max_snapshot_mb\":600}}");
        for (int i = 0; i < 2; i++) assertThat(http.post(first + "/snapshot", "{}").status()).isEqualTo(201);
        RawHttp.Answer full = http.post(first + "/pause", "{}");
        assertThat(full.status()).isEqualTo(429);
        assertThat(full.json().path("code").textValue()).isEqualTo("too_much_saved");
        assertThat(full.header("Retry-After")).isNotNull();
        assertThat(http.get(first + "/status").json().path("is_running").booleanValue()).as("it goes on").isTrue();
        String snapshot = http.get(first + "/snapshots").json().at("/snapshots/0/snapshot_id").textValue();
        assertThat(http.delete(first + "/snapshots/" + snapshot).status()).isEqualTo(200);
        assertThat(http.post(first + "/pause", "{}").status()).isEqualTo(200);
    }

    @Test
    void theLimitOnEgressConnectionsReachesTheProxyAtOnceAndOnlyForItsTenant() {
        String id = http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        assertThat(server.egress.slots.get(id).tenant()).isEqualTo(new EgressProxy.Tenant("owner-1", 0));
        http.call("PUT", "/tenants/owner-1/limits", "{\"limits\":{\"max_egress_connections\":9}}");
        assertThat(server.egress.slots.get(id).tenant()).isEqualTo(new EgressProxy.Tenant("owner-1", 9));
        JsonNode overview = http.get(ME + "/overview").json();
        assertThat(overview.at("/tier_limits/max_egress_connections").intValue()).isEqualTo(9);
    }

    @Test
    void createsAboveTheRateAreTurnedAwayUntilTimeHasPassed() {
        JsonNode made = http.post("/tenants", "{\"name\":\"b\",\"limits\":{\"max_creates_per_second\":2}}").json();
        RawHttp b = with(made.path("first_key"));
        assertThat(b.post("/sandboxes", "{}").status()).isEqualTo(201);
        assertThat(b.post("/sandboxes", "{}").status()).isEqualTo(201);
        RawHttp.Answer third = b.post("/sandboxes", "{}");
        assertThat(third.status()).isEqualTo(429);
        assertThat(third.json().path("code").textValue()).isEqualTo("create_rate");
        assertThat(third.header("Retry-After")).isEqualTo("1");
        clock.move(Duration.ofMillis(600));
        assertThat(b.post("/sandboxes", "{}").status()).isEqualTo(201);
        assertThat(b.post("/sandboxes", "{}").status()).isEqualTo(429);
    }

    @Test
    void limitsAndKeysSurviveARestart() throws Exception {
        JsonNode key = newKey("{\"name\":\"ci\"}");
        JsonNode gone = newKey("{\"name\":\"gone\"}");
        http.delete(ME + "/api-keys/" + gone.path("key_id").textValue());
        String owner = http.post("/tenants", "{\"name\":\"b\",\"limits\":{\"max_concurrent\":1}}")
                .json()
                .path("owner_id")
                .textValue();
        server.close();
        server = new TestServer(home, new FakeHost(), clock, TestServer.SETTINGS);
        http = server.http;
        assertThat(with(key).get("/auth/me").status()).isEqualTo(200);
        assertThat(with(gone).get("/auth/me").status()).isEqualTo(401);
        assertThat(server.tenants.limits(owner)).isEqualTo(new Tenants.Limits(1, 0, 0, 0, 0));
    }
}
