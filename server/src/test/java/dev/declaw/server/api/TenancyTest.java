package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.server.fake.Archives;
import dev.declaw.server.fake.Contract;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Walks everything that is served with the key of another tenant.
final class TenancyTest {
    /// Answers of 2xx about a resource that is not the caller's: they say, and do, what they do for one that never was.
    private static final Set<String> IDEMPOTENT = Set.of("DELETE /volumes/{vid}");

    /// A body that every endpoint can read.
    private static final String BODY = "{\"cmd\":\"echo\",\"timeout\":60,\"path\":\"/a\",\"data\":\"eA==\",\"old_path\":\"/a\",\"new_path\":\"/b\","
            + "\"files\":[],\"name\":\"n\",\"value\":\"v\",\"environment\":\"prod\",\"token\":\"t\",\"sandbox_ids\":[],"
            + "\"size\":{\"cols\":80,\"rows\":24},\"snapshot_id\":\"snap-1\",\"network\":{},"
            + "\"scopes\":[{\"domain_regex\":\"x\"}]}";

    @TempDir
    Path home;

    private final Map<String, String> mine = new LinkedHashMap<>();
    private TestServer server;
    private RawHttp owner;
    private RawHttp stranger;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        owner = server.http;
        mine.put("oid", "owner-1");
        byte[] archive = new Archives().file("a", "secret content").gzip();
        mine.put("vid", owner.bytes("POST", "/volumes?name=secret-name", archive, owner.authorization()).json().path("volume_id").textValue());
        mine.put("id", owner.post("/sandboxes", "{\"volumes\":[{\"volume_id\":\"" + mine.get("vid") + "\",\"mount_path\":\"/data\"}]}")
                .json()
                .path("sandbox_id")
                .textValue());
        mine.put("pid", owner.post("/sandboxes/" + mine.get("id") + "/commands", "{\"cmd\":\"sleep\",\"background\":true}")
                .json()
                .path("pid")
                .asText());
        mine.put("port", "8000");
        mine.put("kid", owner.get("/auth/me").json().path("key_id").textValue());
        mine.put("tid", owner.post("/teams", "{\"name\":\"secret-name\"}").json().path("team_id").textValue());
        mine.put("sid", owner.post("/teams/" + mine.get("tid") + "/vault/secrets", "{\"value\":\"v\",\"provider\":\"openai\"}")
                .json()
                .path("secret_id")
                .textValue());
        mine.put("name", "baseline-hardening");
        JsonNode made = owner.post("/tenants", "{\"name\":\"b\"}").json();
        stranger = new RawHttp(server.api.port(), made.at("/first_key/api_key").textValue());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static String fill(String path, UnaryOperator<String> values) {
        return Pattern.compile("\\{([a-z]+)(?:\\.\\.\\.)?\\}").matcher(path).replaceAll(found -> values.apply(found.group(1)));
    }

    /// Of an answer, what does not differ from one call to the next.
    private static JsonNode lasting(RawHttp.Answer answer) {
        JsonNode body = answer.json();
        if (body instanceof ObjectNode object) object.remove("reference");
        return body;
    }

    /// Every operation of `protocol/openapi.yaml`, which [OpenApiTest] holds to be everything that is served.
    private static List<String> described() {
        List<String> operations = new java.util.ArrayList<>();
        Contract.document().path("paths").properties().forEach(path -> path.getValue().fieldNames()
                .forEachRemaining(method -> operations.add(method.toUpperCase(java.util.Locale.ROOT) + " " + path.getKey())));
        return operations;
    }

    @Test
    void everyResourceOfAnotherTenantIsAsIfItWereNotThere() {
        int walked = 0;
        for (String route : described()) {
            String[] parts = route.split(" ");
            if (!parts[1].contains("{") || parts[1].startsWith("/governance")) continue;
            String method = parts[0].equals("ANY") ? "GET" : parts[0];
            String query = IDEMPOTENT.contains(route) ? "" : "?path=/a&name=n";
            String body = method.equals("GET") || IDEMPOTENT.contains(route) ? null : BODY;
            String path = fill(parts[1], name -> mine.getOrDefault(name, "made-up"));
            String nowhere = fill(parts[1], name -> name.equals("pid") || name.equals("port") ? mine.get(name) : "made-up-1");
            RawHttp.Answer foreign = stranger.call(method, path + query, body);
            RawHttp.Answer none = stranger.call(method, nowhere + query, body);
            List<Integer> refusals = parts[1].startsWith("/accounts") || parts[1].startsWith("/tenants") ? List.of(403) : List.of(404);
            if (IDEMPOTENT.contains(route)) refusals = List.of(200);
            if (foreign.json().path("code").asText().equals("not_available")) refusals = List.of(422); // for everybody
            assertThat(foreign.status()).as(route + ": " + foreign.text()).isIn(refusals);
            assertThat(none.status()).as(route).isEqualTo(foreign.status());
            assertThat(lasting(foreign).toString().replace(path, "").replace(mine.get("id"), "ID"))
                    .as(route)
                    .isEqualTo(lasting(none).toString().replace(nowhere, "").replace("made-up-1", "ID"));
            walked++;
        }
        long aboutResources = described().stream().filter(route -> route.contains("{") && !route.contains(" /governance")).count();
        assertThat(walked).isEqualTo((int) aboutResources).isGreaterThan(80);
        assertThat(owner.get("/volumes/" + mine.get("vid") + "/files/raw?path=/a").text()).isEqualTo("secret content");
        assertThat(owner.get("/sandboxes/" + mine.get("id") + "/status").json().path("is_running").booleanValue()).isTrue();
        assertThat(owner.get("/auth/me").status()).isEqualTo(200);
    }

    @Test
    void noListShowsWhatBelongsToAnotherTenant() {
        for (String route : described()) {
            String[] parts = route.split(" ");
            if (!parts[0].equals("GET") || parts[1].contains("{") || parts[1].equals("/health")) continue;
            String shown = stranger.get(parts[1]).text();
            mine.forEach((name, value) -> {
                if (value.length() > 4 && !name.equals("name") && !name.equals("port")) assertThat(shown).as(route).doesNotContain("\"" + value + "\"");
            });
            assertThat(shown).as(route).doesNotContain("secret-name");
        }
    }

    @Test
    void nothingOfAnotherTenantGetsIntoASandbox() {
        RawHttp.Answer answer = stranger.post(
                "/sandboxes", "{\"volumes\":[{\"volume_id\":\"" + mine.get("vid") + "\",\"mount_path\":\"/data\"}]}");
        assertThat(answer.status()).isEqualTo(404);
        RawHttp.Answer killed = stranger.post("/sandboxes/kill-many", "{\"sandbox_ids\":[\"" + mine.get("id") + "\"]}");
        assertThat(killed.json().at("/results/" + mine.get("id") + "/error").textValue()).isEqualTo("not found");
    }

    @Test
    void everythingButTheOpenRoutesTakesAKey() {
        for (String route : described()) {
            String[] parts = route.split(" ");
            String method = parts[0].equals("ANY") ? "GET" : parts[0];
            if (parts[1].startsWith("/health") || parts[1].startsWith("/governance")) continue;
            String path = fill(parts[1], name -> mine.getOrDefault(name, "x"));
            RawHttp.Answer answer = server.http.bare(method, path, null, "Authorization: Bearer dcl_" + "0".repeat(48));
            assertThat(answer.status()).as(route + ": " + answer.text()).isEqualTo(401);
            if (!method.equals("HEAD")) assertThat(new String(answer.body(), StandardCharsets.UTF_8)).contains("unauthenticated");
        }
    }
}
