package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditChain;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AuditLogEndpointsTest {
    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;
    private int ids;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        http = server.http;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String create() {
        return http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
    }

    private void event(String sandbox, String host, String detail) {
        server.audit.record(AuditEvent.builder(
                        "aud_%024d".formatted(++ids), server.clock.instant(), sandbox, AuditCategory.NETWORK, "egress_allowed")
                .text("host", host)
                .text("detail", detail)
                .build());
    }

    @Test
    void theEventsOfAllSandboxesComeInOneOrderAndInPages() {
        String a = create();
        String b = create();
        event(a, "one.test", null);
        event(b, "two.test", null);
        event(a, "three.test", null);
        List<String> hosts = new ArrayList<>();
        String token = "";
        do {
            JsonNode page = http.get("/audit?category=network&limit=2&next_token=" + token).json();
            page.path("entries").forEach(entry -> hosts.add(entry.path("host").textValue()));
            token = page.path("next_token").asText("");
        } while (!token.isEmpty() && !token.equals("null"));
        assertThat(hosts).containsExactly("one.test", "two.test", "three.test");
        assertThat(http.get("/audit?category=network&order=desc&limit=1").json().at("/entries/0/host").textValue())
                .isEqualTo("three.test");
        assertThat(http.get("/audit?sandbox_id=" + b + "&category=network").json().path("entries")).hasSize(1);
        assertThat(http.get("/audit?host=one.test").json().at("/entries/0/sandbox_id").textValue()).isEqualTo(a);
        assertThat(http.get("/audit?category=nonsense").status()).isEqualTo(400);
    }

    @Test
    void anotherTenantSeesItsOwnEventsOnly() {
        String a = create();
        event(a, "secret.test", null);
        JsonNode made = http.post("/tenants", "{\"name\":\"b\"}").json();
        RawHttp b = new RawHttp(server.api.port(), made.at("/first_key/api_key").textValue());
        assertThat(b.get("/audit").json().path("entries")).isEmpty();
        assertThat(b.get("/audit?sandbox_id=" + a).json().path("entries")).isEmpty();
        assertThat(b.get("/audit/export").text()).isEmpty();
        assertThat(b.get("/audit/verify").json().path("chains")).isEmpty();
        assertThat(b.get("/audit/verify?sandbox_id=" + a).status()).isEqualTo(404);
        b.post("/sandboxes", "{}");
        assertThat(b.get("/audit").json().path("entries").findValuesAsText("event")).containsExactly("vm_created");
    }

    @Test
    void anExportedChainCanBeCheckedWithoutTheServer() throws Exception {
        String a = create();
        event(a, "ü\u2028.test", "\"quoted\", and more");
        event(create(), "other.test", null);
        RawHttp.Answer export = http.get("/audit/export?format=jsonl");
        assertThat(export.header("Content-Type")).isEqualTo("application/jsonl");
        assertThat(export.complete()).isTrue();
        Map<String, String> heads = new HashMap<>();
        int lines = 0;
        for (String line : export.text().split("\n")) {
            JsonNode frame = JsonMapper.builder().build().readTree(line);
            String text = line.substring(line.indexOf(",\"event\":") + 9, line.length() - 1);
            String chain = frame.path("sandbox_id").textValue();
            String head = AuditChain.next(
                    heads.getOrDefault(chain, AuditChain.GENESIS), frame.path("sequence").longValue(), text);
            assertThat(frame.path("hash").textValue()).isEqualTo(head);
            heads.put(chain, head);
            lines++;
        }
        assertThat(lines).isEqualTo(4);
        assertThat(heads).hasSize(2);
        JsonNode verified = http.get("/audit/verify").json();
        assertThat(verified.path("intact").booleanValue()).isTrue();
        verified.path("chains")
                .forEach(chain -> assertThat(chain.path("head").textValue())
                        .isEqualTo(heads.get(chain.path("sandbox_id").textValue())));
    }

    @Test
    void csvIsQuotedAndHoldsNoFormula() {
        event(create(), "=cmd|calc", "a,\"b\"");
        RawHttp.Answer export = http.get("/audit/export?format=csv&category=network");
        String[] lines = export.text().split("\r\n");
        assertThat(lines[0]).startsWith("timestamp,sandbox_id,category,event,decision");
        assertThat(lines[1]).contains(",'=cmd|calc,").contains(",\"a,\"\"b\"\"\",");
        assertThat(http.get("/audit/export?format=xml").status()).isEqualTo(400);
    }

    @Test
    void anExportIsCompleteBeyondOnePage() {
        String a = create();
        for (int i = 0; i < 1203; i++) event(a, "h" + i, null);
        String text = http.get("/audit/export?category=network").text();
        assertThat(text.lines().count()).isEqualTo(1203);
        assertThat(text).contains("\"h1202\"");
    }

    @Test
    void aChangedEventIsFound() {
        String a = create();
        event(a, "one.test", null);
        server.database.write(handle -> handle.createUpdate(
                        "UPDATE audit SET json = REPLACE(json, 'one.test', 'two.test') WHERE sandbox_id = :id")
                .bind("id", a)
                .execute());
        JsonNode verified = http.get("/audit/verify?sandbox_id=" + a).json();
        assertThat(verified.path("intact").booleanValue()).isFalse();
        assertThat(verified.at("/chains/0/broken_at").intValue()).isEqualTo(2);
    }

    @Test
    void aFollowerGetsWhatIsThereAndWhatComes() throws Exception {
        String a = create();
        event(a, "one.test", null);
        try (Socket socket = http.send("GET", "/audit?follow=true&category=network", new byte[0], http.authorization())) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            assertThat(hostOfNextEvent(in)).isEqualTo("one.test");
            event(create(), "two.test", null);
            assertThat(hostOfNextEvent(in)).isEqualTo("two.test");
        }
    }

    private static String hostOfNextEvent(BufferedReader in) throws Exception {
        String line = in.readLine();
        while (line != null && !line.startsWith("data: ")) line = in.readLine();
        return JsonMapper.builder().build().readTree(line.substring(6)).path("host").textValue();
    }
}
