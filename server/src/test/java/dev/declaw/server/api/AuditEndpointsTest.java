package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AuditEndpointsTest {
    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;
    private String id;
    private String audit;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        http = server.http;
        id = http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        audit = "/sandboxes/" + id + "/audit";
        for (int i = 0; i < 5; i++) http.post("/sandboxes/" + id + "/commands", "{\"cmd\":\"echo " + i + "\"}");
        http.get("/sandboxes/" + id + "/files/list?path=/");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static List<String> events(JsonNode page) {
        List<String> events = new ArrayList<>();
        page.path("entries").forEach(entry -> events.add(entry.path("event").textValue()));
        return events;
    }

    @Test
    void pagesFollowEachOtherInBothOrders() {
        JsonNode first = http.get(audit + "?limit=4").json();
        assertThat(events(first)).containsExactly("vm_created", "command_run", "command_run", "command_run");
        JsonNode second = http.get(audit + "?limit=4&next_token=" + first.path("next_token").textValue()).json();
        assertThat(events(second)).containsExactly("command_run", "command_run", "directory_listed");
        assertThat(second.path("next_token").isNull()).isTrue();
        JsonNode newest = http.get(audit + "?order=desc&limit=2").json();
        assertThat(newest.at("/entries/0/sequence").intValue()).isEqualTo(7);
        JsonNode older = http.get(audit + "?order=desc&limit=5&next_token=" + newest.path("next_token").textValue()).json();
        assertThat(older.at("/entries/0/sequence").intValue()).isEqualTo(5);
        assertThat(older.path("next_token").isNull()).isTrue();
    }

    @Test
    void filtersChooseByEachField() {
        assertThat(events(http.get(audit + "?category=command").json())).hasSize(5);
        assertThat(events(http.get(audit + "?event=vm_created").json())).hasSize(1);
        assertThat(events(http.get(audit + "?decision=deny").json())).isEmpty();
        assertThat(events(http.get(audit + "?host=example.test").json())).isEmpty();
        assertThat(events(http.get(audit + "?scanner=pii").json())).isEmpty();
        assertThat(events(http.get(audit + "?since=2026-01-02T03:04:05Z").json())).hasSize(7);
        assertThat(events(http.get(audit + "?since=2026-01-02T03:04:06+00:00").json())).isEmpty();
        assertThat(events(http.get(audit + "?until=2026-01-02T03:04:05Z").json())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"limit=0", "limit=1001", "order=up", "category=x", "decision=maybe", "since=now", "next_token=x", "follow=2"})
    void badQuestionsAreRefused(String query) {
        assertThat(http.get(audit + "?" + query).status()).isEqualTo(400);
    }

    @Test
    void followSendsWhatIsThereThenWhatComesAndEndsWithTheSandbox() throws Exception {
        try (Socket socket = http.send("GET", audit + "?follow=true", new byte[0], http.authorization());
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))) {
            for (int i = 0; i < 7; i++) next(lines, "event: audit");
            http.post("/sandboxes/" + id + "/commands", "{\"cmd\":\"echo later\"}");
            next(lines, "event: audit");
            assertThat(next(lines, "data: ")).contains("echo later").contains("\"sequence\":8");
            http.delete("/sandboxes/" + id);
            assertThat(next(lines, "data: ")).contains("vm_killed");
            next(lines, "event: end");
        }
    }

    private static String next(BufferedReader lines, String start) throws Exception {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.startsWith(start)) return line;
        }
        throw new AssertionError("the stream ended before " + start);
    }

    @Test
    void theChainIsIntactUntilSomebodyChangesDropsOrReordersAnEvent() throws Exception {
        JsonNode intact = http.get(audit + "/verify").json();
        assertThat(intact.path("intact").booleanValue()).isTrue();
        assertThat(intact.path("events").intValue()).isEqualTo(7);
        for (String tampering : List.of(
                "UPDATE audit SET json = REPLACE(json, 'echo 1', 'echo 9') WHERE sequence = 3",
                "DELETE FROM audit WHERE sequence = 5",
                "DELETE FROM audit WHERE sequence = 1")) {
            try (var connection = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("declaw.db"));
                    var statement = connection.createStatement()) {
                statement.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM audit");
                statement.execute(tampering);
                JsonNode broken = http.get(audit + "/verify").json();
                assertThat(broken.path("intact").booleanValue()).as(tampering).isFalse();
                assertThat(broken.path("broken_at").intValue()).isPositive();
                statement.execute("DELETE FROM audit");
                statement.execute("INSERT INTO audit SELECT * FROM kept");
                assertThat(http.get(audit + "/verify").json().path("intact").booleanValue()).isTrue();
            }
        }
    }
}
