package dev.declaw.server.api;

import static dev.declaw.server.api.PtyEndpointsTest.readUntil;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.runtime.guest.FileChange;
import dev.declaw.server.audit.AuditQuery;
import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stdio processes, watches, and starts that carry a key.
final class StdioEndpointsTest {
    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;
    private String sandbox;
    private FakeGuest guest;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        http = server.http;
        String id = http.post("/sandboxes", "{\"envs\":{\"API_TOKEN\":\"s3cr3t-value\"}}").json().path("sandbox_id").textValue();
        sandbox = "/sandboxes/" + id;
        guest = server.host.vm(id).guest;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String process(String command) {
        RawHttp.Answer answer = http.post(sandbox + "/stdio", "{\"cmd\":\"" + command + "\",\"user\":\"user\"}");
        assertThat(answer.status()).as(answer.text()).isEqualTo(201);
        return sandbox + "/stdio/" + answer.json().path("cmd_id").textValue();
    }

    private static String event(String name, String text, int entry) {
        String data = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
        return "event: " + name + "\ndata: {\"data\":\"" + data + "\",\"entry_id\":" + entry + "}\n\n";
    }

    @Test
    void outputIsReplayedFromTheStartOrFromBehindAnEntry() {
        String process = process("echo one;err two;echo s3cr3t-value;exit 3");
        String exit = "event: exit\ndata: {\"exit_code\":3}\n\n";
        String rest = event("stderr", "two\n", 8) + event("stdout", "s3cr3t-value\n", 21) + exit;
        assertThat(http.get(process + "/stream").text()).isEqualTo(": open\n\n" + event("stdout", "one\n", 4) + rest);
        assertThat(http.get(process + "/stream?last_entry_id=4").text()).isEqualTo(": open\n\n" + rest);
        assertThat(http.get(process + "/stream?last_entry_id=21").text()).isEqualTo(": open\n\n" + exit);
        assertThat(http.get(process + "/stream?last_entry_id=x").status()).isEqualTo(400);
        String audit = server.audit.page(sandbox.split("/")[2], AuditQuery.all(0)).toString();
        assertThat(audit).contains("stdio_started").doesNotContain("s3cr3t-value");
    }

    @Test
    void inputIsBase64AndCanBeClosed() {
        String process = process("cat");
        assertThat(http.post(process + "/stdin", "{\"data\":\"AAEC/w==\"}").text()).isEqualTo("{}");
        assertThat(http.post(process + "/stdin", "{\"data\":\"not base64\"}").json().path("message").textValue()).contains("base64");
        assertThat(http.post(process + "/stdin/close", null).text()).isEqualTo("{}");
        assertThat(http.post(process + "/stdin/close", null).status()).isEqualTo(200);
        assertThat(http.get(process + "/stream").text()).contains("\"data\":\"AAEC/w==\",\"entry_id\":4").contains("\"exit_code\":0");
        assertThat(http.post(process + "/stdin", "{\"data\":\"AA==\"}").status()).isEqualTo(409);
        String killed = process("cat");
        assertThat(http.delete(killed).text()).isEqualTo("{\"killed\":true}");
        assertThat(http.delete(killed).text()).isEqualTo("{\"killed\":false}");
        assertThat(http.delete(sandbox + "/stdio/stdio-00").text()).isEqualTo("{\"killed\":false}");
        assertThat(http.get(sandbox + "/stdio/stdio-00/stream").status()).isEqualTo(404);
        assertThat(http.get(sandbox + "/stdio/7/stream").status()).isEqualTo(404);
        assertThat(http.get(sandbox + "/stdio/a..b/stream").status()).isEqualTo(404);
    }

    @Test
    void inputThatMayHaveArrivedIsNotAnsweredWithWhatClientsRepeat() {
        String process = process("cat");
        guest.dead = true;
        RawHttp.Answer answer = http.post(process + "/stdin", "{\"data\":\"AA==\"}");
        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.json().path("code").textValue()).isEqualTo("input_uncertain");
    }

    @Test
    void aStartThatIsRepeatedWithItsKeyRunsOnce() {
        String[] paths = {"/commands", "/commands", "/commands/stream", "/stdio", "/pty"};
        String[] bodies = {"{\"cmd\":\"echo a;exit 4\"}", "{\"cmd\":\"cat\",\"background\":true}", "{\"cmd\":\"echo a;exit 4\"}", "{\"cmd\":\"cat\"}", "{}"};
        for (int i = 0; i < paths.length; i++) {
            String key = "Idempotency-Key: key " + i;
            int before = guest.starts.get();
            RawHttp.Answer first = http.call("POST", sandbox + paths[i], bodies[i], key);
            assertThat(first.status()).as(first.text()).isIn(200, 201);
            assertThat(http.call("POST", sandbox + paths[i], bodies[i], key).text()).isEqualTo(first.text());
            assertThat(guest.starts.get()).isEqualTo(before + 1);
            RawHttp.Answer other = http.call("POST", sandbox + "/commands", "{\"cmd\":\"echo other\"}", key);
            assertThat(other.status()).isEqualTo(422);
            assertThat(other.json().path("code").textValue()).isEqualTo("idempotency_key_reused");
        }
        assertThat(http.call("POST", sandbox + "/stdio", "{\"cmd\":\"cat\"}", "Idempotency-Key: " + "k".repeat(300)).status()).isEqualTo(400);
    }

    @Test
    void aWatchIsAnsweredAtOnceAndItsChangesAreStreamed() throws Exception {
        guest.directories.add("/d e");
        JsonNode answer = http.post(sandbox + "/files/watch", "{\"path\":\"/d e\",\"username\":\"user\",\"recursive\":true}").json();
        String events = answer.path("events").textValue();
        assertThat(events).isEqualTo(sandbox + "/files/watch?path=%2Fd+e&username=user&recursive=true");
        awaitNoWatch();
        guest.changes.add(new FileChange(FileChange.Type.CREATE, "/d e/ü", Optional.empty(), false));
        guest.changes.add(new FileChange(FileChange.Type.RENAME, "/d e/b", Optional.of("/d e/a"), true));
        try (Socket socket = http.send("GET", events, new byte[0], http.authorization())) {
            readUntil(socket.getInputStream(), "event: change\ndata: {\"type\":\"create\",\"path\":\"/d e/\\u00FC\",\"is_dir\":false}\n\n");
            readUntil(socket.getInputStream(), "{\"type\":\"rename\",\"path\":\"/d e/b\",\"old_path\":\"/d e/a\",\"is_dir\":true}\n\n");
            readUntil(socket.getInputStream(), ": keep-alive\n\n");
            guest.directories.remove("/d e");
            readUntil(socket.getInputStream(), "event: end\ndata: {\"reason\":\"removed\"}\n\n");
        }
        assertThat(http.get(events).status()).isEqualTo(404);
        assertThat(http.call("POST", sandbox + "/files/watch", "{\"path\":\"/none\"}", "Accept: text/event-stream").status()).isEqualTo(404);
        assertThat(http.post(sandbox + "/files/watch", "{}").status()).isEqualTo(400);
    }

    @Test
    void aWatcherThatLeftIsNoticed() throws Exception {
        guest.directories.add("/d");
        byte[] body = "{\"path\":\"/d\"}".getBytes(StandardCharsets.UTF_8);
        try (Socket socket = http.send("POST", sandbox + "/files/watch", body, http.authorization(), "Accept: text/event-stream")) {
            readUntil(socket.getInputStream(), ": keep-alive\n\n");
        }
        awaitNoWatch();
    }

    private void awaitNoWatch() throws InterruptedException {
        for (int i = 0; i < 1000 && guest.openWatches.get() > 0; i++) TimeUnit.MILLISECONDS.sleep(20);
        assertThat(guest.openWatches.get()).isZero();
    }
}
