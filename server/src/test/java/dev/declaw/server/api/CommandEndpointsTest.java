package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.audit.AuditQuery;
import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import dev.declaw.server.lifecycle.Sandboxes;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CommandEndpointsTest {
    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;
    private String commands;
    private FakeGuest guest;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        http = server.http;
        String id = http.post("/sandboxes", "{\"envs\":{\"GREETING\":\"hi\",\"API_TOKEN\":\"s3cr3t-value\"}}")
                .json()
                .path("sandbox_id")
                .textValue();
        commands = "/sandboxes/" + id + "/commands";
        guest = server.host.vm(id).guest;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private JsonNode run(String command) {
        RawHttp.Answer answer = http.post(commands, "{\"cmd\":\"" + command + "\"}");
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        return answer.json();
    }

    @Test
    void aForegroundCommandAnswersWithItsOutputAndExitCode() {
        JsonNode result = run("echo $GREETING there;err oops;exit 42");
        assertThat(result.path("stdout").textValue()).isEqualTo("hi there\n");
        assertThat(result.path("stderr").textValue()).isEqualTo("oops\n");
        assertThat(result.path("exit_code").intValue()).isEqualTo(42);
        JsonNode own = http.post(commands, "{\"cmd\":\"echo $GREETING\",\"envs\":{\"GREETING\":\"hey\"},\"timeout\":0.5}").json();
        assertThat(own.path("stdout").textValue()).isEqualTo("hey\n");
    }

    @Test
    void aCommandThatTimedOutIsAnAnswerWithExitCode124() {
        JsonNode result = run("echo part;timeout");
        assertThat(result.path("exit_code").intValue()).isEqualTo(124);
        assertThat(result.path("stdout").textValue()).isEqualTo("part\n");
        assertThat(result.path("stderr").textValue()).contains("timeout");
    }

    @Test
    void outputThatIsNotUtf8IsMadeValidAndOutputOverTheLimitIsCutAndSaid() {
        String bytes = Base64.getEncoder().encodeToString(new byte[] {'a', (byte) 0xff, 'b'});
        assertThat(run("raw " + bytes).path("stdout").textValue()).isEqualTo("a\ufffdb");
        JsonNode large = run("fill 8000000;fill 8000000;err end");
        assertThat(large.path("stdout").textValue()).hasSize(Output.STREAM_BYTES_MAX);
        assertThat(large.path("stderr").textValue()).startsWith("end\n").contains("stdout was cut, 5514240 bytes");
    }

    @Test
    void aBackgroundCommandCanBeListedFedAwaitedAndKilled() {
        int pid = http.post(commands, "{\"cmd\":\"cat\",\"background\":true}").json().path("pid").intValue();
        assertThat(pid).isPositive();
        assertThat(http.get(commands).text()).isEqualTo("[{\"pid\":" + pid + ",\"cmd\":\"cat\",\"is_pty\":false,\"envs\":{}}]");
        assertThat(http.post(commands + "/" + pid + "/stdin", "{\"data\":\"größe\\n\"}").text()).isEqualTo("{}");
        assertThat(http.delete(commands + "/" + pid).text()).isEqualTo("{\"killed\":true}");
        assertThat(http.delete(commands + "/" + pid).text()).isEqualTo("{\"killed\":false}");
        assertThat(http.delete(commands + "/99999").text()).isEqualTo("{\"killed\":false}");
        assertThat(http.get(commands).text()).isEqualTo("[]");
        JsonNode result = http.get(commands + "/" + pid + "/wait").json();
        assertThat(result.path("stdout").textValue()).isEqualTo("größe\n");
        assertThat(result.path("exit_code").intValue()).isEqualTo(137);
        assertThat(http.get(commands + "/" + pid + "/wait").json()).isEqualTo(result);
        assertThat(http.get(commands + "/99999/wait").status()).isEqualTo(404);
        assertThat(http.get(commands + "/nope/wait").status()).isEqualTo(404);
        assertThat(http.post(commands + "/" + pid + "/stdin", "{\"data\":\"x\"}").status()).isEqualTo(409);
    }

    @ParameterizedTest(name = "{0} -> {1} naming {2}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{}                                   | 400 | cmd",
        "{\"cmd\":5}                          | 400 | cmd",
        "{\"cmd\":\"a\\u0000b\"}              | 400 | cmd",
        "{\"cmd\":\"x\",\"timeout\":-1}       | 400 | timeout",
        "{\"cmd\":\"x\",\"timeout\":\"60\"}   | 400 | timeout",
        "{\"cmd\":\"x\",\"timeout\":1e99}     | 400 | timeout",
        "{\"cmd\":\"x\",\"user\":\"a b\"}     | 400 | user",
        "{\"cmd\":\"x\",\"cwd\":\"a\\u0000\"} | 400 | cwd",
        "{\"cmd\":\"x\",\"background\":1}     | 400 | background",
        "{\"cmd\":\"x\",\"envs\":{\"A\":1}}   | 400 | envs.A"
    })
    void aBadCommandIsRefused(String body, int status, String named) {
        RawHttp.Answer answer = http.post(commands, body);
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.json().path("message").textValue()).contains(named);
    }

    @Test
    void aCommandLongerThanAnArgumentMayBeIsRefused() {
        RawHttp.Answer answer = http.post(commands, "{\"cmd\":\"" + "é".repeat(65536) + "\"}");
        assertThat(answer.status()).isEqualTo(413);
    }

    @Test
    void theStreamIsByteExactForTheClientThatConcatenates() throws Exception {
        String split = Base64.getEncoder().encodeToString(new byte[] {(byte) 0xc3});
        String rest = Base64.getEncoder().encodeToString(new byte[] {(byte) 0xa9, '\n'});
        byte[] body = ("{\"cmd\":\"echo one;err two;raw " + split + ";raw " + rest + ";exit 3\",\"stream\":true}")
                .getBytes(StandardCharsets.UTF_8);
        RawHttp.Answer answer = http.bytes("POST", commands + "/stream", body, http.authorization());
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Content-Type")).isEqualTo("text/event-stream");
        assertThat(answer.header("Cache-Control")).isEqualTo("no-cache");
        assertThat(answer.header("Content-Length")).isNull();
        assertThat(answer.complete()).isTrue();
        assertThat(answer.text())
                .isEqualTo(": open\n\n"
                        + "event: output\ndata: {\"type\":\"stdout\",\"stream\":\"stdout\",\"data\":\"one\\n\"}\n\n"
                        + "event: output\ndata: {\"type\":\"stderr\",\"stream\":\"stderr\",\"data\":\"two\\n\"}\n\n"
                        + "event: output\ndata: {\"type\":\"stdout\",\"stream\":\"stdout\",\"data\":\"\\u00E9\\n\"}\n\n"
                        + "event: exit\ndata: {\"exit_code\":3}\n\n");
    }

    @Test
    void theStreamLeavesTheNewlinesToTheClientThatJoinsWithThem() {
        byte[] body = "{\"cmd\":\"echo one;raw YQ==;raw YgpjCgpk;exit 0\"}".getBytes(StandardCharsets.UTF_8);
        RawHttp.Answer answer = http.bytes("POST", commands + "/stream", body, "X-API-Key: " + http.key());
        assertThat(answer.text().lines().filter(line -> line.startsWith("data: ")).toList())
                .containsExactly(
                        "data: {\"type\":\"stdout\",\"stream\":\"stdout\",\"data\":\"one\"}",
                        "data: {\"type\":\"stdout\",\"stream\":\"stdout\",\"data\":\"ab\"}",
                        "data: {\"type\":\"stdout\",\"stream\":\"stdout\",\"data\":\"c\"}",
                        "data: {\"type\":\"stdout\",\"stream\":\"stdout\",\"data\":\"\"}",
                        "data: {\"type\":\"stdout\",\"stream\":\"stdout\",\"data\":\"d\"}",
                        "data: {\"exit_code\":0}");
    }

    @Test
    void aLongLineIsSentInPartsBelowOneMebibyte() {
        byte[] body = "{\"cmd\":\"fill 300000;exit 0\"}".getBytes(StandardCharsets.UTF_8);
        RawHttp.Answer answer = http.bytes("POST", commands + "/stream", body, http.authorization());
        assertThat(answer.text().lines().mapToInt(String::length).max().orElse(0)).isLessThan(1 << 20);
        assertThat(answer.text().chars().filter(c -> c == 'x').count()).isEqualTo(300_000 + 2); // "exit" and "exit_code"
    }

    @Test
    void errorsOfTheStreamReachTheClientThatNeverLooksAtTheStatus() {
        byte[] body = "{\"cmd\":\"echo x\"}".getBytes(StandardCharsets.UTF_8);
        String stream = "/sandboxes/sbx-00000000/commands/stream";
        RawHttp.Answer told = http.bytes("POST", stream, body, "X-API-Key: " + http.key());
        assertThat(told.status()).isEqualTo(200);
        assertThat(told.text())
                .isEqualTo(": open\n\nevent: error\ndata: {\"error\":\"there is no sandbox sbx-00000000\"}\n\n"
                        + "event: exit\ndata: {\"exit_code\":1}\n\n");
        assertThat(http.bytes("POST", stream, body, "X-API-Key: dcl_wrong").text()).contains("API key is not known");
        assertThat(http.bytes("POST", stream, body, http.authorization()).status()).isEqualTo(404);
    }

    @Test
    void theStreamSendsItsHeadersAndKeepAlivesBeforeAnyOutput() throws Exception {
        byte[] body = "{\"cmd\":\"sleep 9\"}".getBytes(StandardCharsets.UTF_8);
        try (Socket socket = http.send("POST", commands + "/stream", body, http.authorization())) {
            assertThat(readUntil(socket.getInputStream(), ": keep-alive")).contains(": open");
        }
        awaitNoProcess(); // the caller went away, so the command was killed
    }

    private static String readUntil(InputStream in, String mark) throws Exception {
        StringBuilder seen = new StringBuilder();
        while (seen.indexOf(mark) < 0) {
            int value = in.read();
            if (value < 0) break;
            seen.append((char) value);
        }
        assertThat(seen.toString()).contains(mark);
        return seen.toString();
    }

    private void awaitNoProcess() throws Exception {
        for (int i = 0; i < 500 && !guest.processes().isEmpty(); i++) {
            server.clock.move(Duration.ofSeconds(11));
            TimeUnit.MILLISECONDS.sleep(20);
        }
        assertThat(guest.processes()).isEmpty();
    }

    @Test
    void aLongForegroundCommandDribblesBlanksAndThenAnswers() throws Exception {
        String body = "{\"cmd\":\"echo a;sleep 99\"}";
        String request = "POST " + commands + " HTTP/1.1\r\nHost: x\r\n" + http.authorization() + "\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
        try (Socket socket = http.sendRaw(request.getBytes(StandardCharsets.US_ASCII))) {
            for (int i = 0; i < 500 && guest.processes().isEmpty(); i++) TimeUnit.MILLISECONDS.sleep(10);
            int pid = guest.processes().getFirst().pid();
            for (int i = 0; i < 9 && socket.getInputStream().available() == 0; i++) {
                server.clock.move(Duration.ofSeconds(31)); // the call may not have begun to count yet
                TimeUnit.MILLISECONDS.sleep(200);
            }
            String head = readUntil(socket.getInputStream(), "\r\n\r\n1\r\n ");
            assertThat(head).startsWith("HTTP/1.1 200");
            guest.kill(pid);
            String rest = readUntil(socket.getInputStream(), "\r\n0\r\n\r\n");
            assertThat(rest).contains("{\"stdout\":\"a\\n\",\"stderr\":\"\",\"exit_code\":137");
        }
    }

    @Test
    void aForegroundCommandWhoseCallerWentAwayIsKilled() throws Exception {
        byte[] body = "{\"cmd\":\"sleep 99\"}".getBytes(StandardCharsets.UTF_8);
        try (Socket socket = http.send("POST", commands, body, http.authorization())) {
            for (int i = 0; i < 500 && guest.processes().isEmpty(); i++) TimeUnit.MILLISECONDS.sleep(10);
            socket.setSoLinger(true, 0);
        }
        awaitNoProcess();
    }

    @Test
    void aDeadGuestIsA502AndWhenItsVmEndedA410() throws Exception {
        guest.dead = true;
        RawHttp.Answer dead = http.get(commands);
        assertThat(dead.status()).isEqualTo(502);
        assertThat(dead.json().path("code").textValue()).isEqualTo("guest_unreachable");
        server.host.vms.values().iterator().next().die();
        for (int i = 0; i < 500 && http.get(commands).status() != 410; i++) TimeUnit.MILLISECONDS.sleep(20);
        assertThat(http.get(commands).status()).isEqualTo(410);
    }

    @Test
    void theAuditLogHasTheCommandWithoutSecretValuesAndItsHash() {
        run("echo s3cr3t-value and more");
        run("echo my ssn is 536-90-4399");
        http.post(commands, "{\"cmd\":\"echo pw-of-call;exit 0\",\"envs\":{\"DB_PASSWORD\":\"pw-of-call\"}}");
        http.post(commands, "{\"cmd\":\"echo " + "y".repeat(400) + "\"}");
        String id = commands.split("/")[2];
        String all = server.audit.page(id, AuditQuery.all(0)).toString();
        assertThat(all).contains("echo *** and more").contains("echo ***;exit 0").contains("command_sha256");
        assertThat(all).doesNotContain("s3cr3t-value").doesNotContain("pw-of-call").doesNotContain("y".repeat(201));
        assertThat(all).contains("echo my ssn is [ssn]").doesNotContain("536-90-4399");
    }

    @Test
    void withoutAnAuditLogNothingIsCreatedAndNoCommandRuns() throws Exception {
        Path elsewhere = java.nio.file.Files.createDirectory(home.resolve("other"));
        FakeHost host = new FakeHost();
        TestServer other = new TestServer(elsewhere, host, server.clock, new Sandboxes.Settings(8, 4, 0, 0, true));
        String id = other.http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        other.database.write(handle -> handle.execute("ALTER TABLE audit RENAME TO audit_gone"));
        RawHttp.Answer command =
                other.http.post("/sandboxes/" + id + "/commands", "{\"cmd\":\"cat\",\"background\":true}");
        assertThat(command.status()).isEqualTo(503);
        assertThat(command.json().path("code").textValue()).isEqualTo("audit_unavailable");
        assertThat(host.vm(id).guest.processes()).isEmpty();
        assertThat(other.http.post("/sandboxes", "{}").json().path("code").textValue()).isEqualTo("audit_unavailable");
        assertThat(host.vms).hasSize(1);
        other.crash();
    }
}
