package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.audit.AuditQuery;
import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PtyEndpointsTest {
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
        String id = http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        sandbox = "/sandboxes/" + id;
        guest = server.host.vm(id).guest;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private int terminal() {
        RawHttp.Answer answer = http.post(sandbox + "/pty", "{\"size\":{\"cols\":100,\"rows\":30},\"user\":\"user\",\"timeout\":0}");
        assertThat(answer.status()).as(answer.text()).isEqualTo(201);
        return answer.json().path("pid").intValue();
    }

    private static String data(String text) {
        return "event: data\ndata: {\"data\":\"" + Base64.getEncoder().encodeToString(text.getBytes()) + "\"}\n\n";
    }

    @Test
    void aTerminalIsTypedAtResizedWatchedFromTheFirstByteAndListed() {
        int pid = terminal();
        String pty = sandbox + "/pty/" + pid;
        assertThat(http.get(sandbox + "/commands").text())
                .isEqualTo("[{\"pid\":" + pid + ",\"cmd\":\"/bin/bash -l\",\"is_pty\":true,\"envs\":{}}]");
        assertThat(http.post(pty + "/stdin", "{\"data\":\"ls\\u0003\"}").text()).isEqualTo("{}");
        assertThat(http.call("PATCH", pty, "{\"size\":{\"cols\":132,\"rows\":50}}").text()).isEqualTo("{}");
        http.post(pty + "/stdin", "{\"data\":\"exit\"}");
        for (int i = 0; i < 2; i++) { // while it is remembered, also after its end
            RawHttp.Answer stream = http.get(pty + "/stream");
            assertThat(stream.header("Content-Type")).isEqualTo("text/event-stream");
            assertThat(stream.header("Cache-Control")).isEqualTo("no-cache");
            assertThat(stream.complete()).isTrue();
            assertThat(stream.text())
                    .isEqualTo(": open\n\n" + data("100x30$ ") + data("ls\u0003") + data("132x50$ ") + data("exit")
                            + "event: exit\ndata: {\"exit_code\":0}\n\n");
        }
        assertThat(http.delete(pty).text()).isEqualTo("{\"killed\":false}");
        String audit = server.audit.page(sandbox.split("/")[2], AuditQuery.all(0)).toString();
        assertThat(audit).contains("pty_started", "pty_stdin", "pty_killed").doesNotContain("ls\u0003");
    }

    @Test
    void allSubscribersSeeTheKillAndLeavingEndsNothing() throws Exception {
        String pty = sandbox + "/pty/" + terminal();
        try (Socket first = http.send("GET", pty + "/stream", new byte[0], http.authorization());
                Socket second = http.send("GET", pty + "/stream", new byte[0], http.authorization())) {
            readUntil(first.getInputStream(), data("100x30$ "));
            try (Socket leaves = http.send("GET", pty + "/stream", new byte[0], http.authorization())) {
                readUntil(leaves.getInputStream(), data("100x30$ "));
            }
            assertThat(http.delete(pty).text()).isEqualTo("{\"killed\":true}");
            readUntil(first.getInputStream(), "event: exit\ndata: {\"exit_code\":137}\n\n");
            readUntil(second.getInputStream(), "event: exit\ndata: {\"exit_code\":137}\n\n");
        }
    }

    @Test
    void silenceIsFilledAndAGuestThatDiesEndsTheStreamInWords() throws Exception {
        String pty = sandbox + "/pty/" + terminal();
        try (Socket socket = http.send("GET", pty + "/stream", new byte[0], http.authorization())) {
            readUntil(socket.getInputStream(), ": keep-alive\n\n");
            guest.dead = true;
            readUntil(socket.getInputStream(), "event: exit\ndata: {\"exit_code\":-1}\n\n");
        }
    }

    static String readUntil(InputStream in, String mark) throws Exception {
        StringBuilder seen = new StringBuilder();
        while (seen.indexOf(mark) < 0) {
            int value = in.read();
            if (value < 0) break;
            seen.append((char) value);
        }
        assertThat(seen.toString()).contains(mark);
        return seen.toString();
    }

    @ParameterizedTest(name = "{0} -> {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{}                                                  | 201",
        "{\"size\":{\"cols\":80.0,\"rows\":24}}              | 201",
        "{\"timeout\":3600,\"cwd\":\"/tmp\",\"envs\":{\"A\":\"b\"}} | 201",
        "{\"size\":5}                                        | 400",
        "{\"size\":{\"cols\":0,\"rows\":24}}                 | 400",
        "{\"size\":{\"cols\":80,\"rows\":5000}}              | 400",
        "{\"size\":{\"cols\":\"80\"}}                        | 400",
        "{\"timeout\":-1}                                    | 400",
        "{\"user\":\"a b\"}                                  | 400",
        "{\"envs\":{\"A=\":\"b\"}}                           | 400"
    })
    void terminalsAreAskedForStrictly(String body, int status) {
        assertThat(http.post(sandbox + "/pty", body).status()).isEqualTo(status);
    }

    @Test
    void whatIsNoTerminalIsUnknown() {
        int command = http.post(sandbox + "/commands", "{\"cmd\":\"cat\",\"background\":true}").json().path("pid").intValue();
        for (String pid : new String[] {Integer.toString(command), "99999", "x"}) {
            String pty = sandbox + "/pty/" + pid;
            assertThat(http.get(pty + "/stream").status()).isEqualTo(404);
            assertThat(http.post(pty + "/stdin", "{\"data\":\"x\"}").status()).isEqualTo(404);
            assertThat(http.call("PATCH", pty, "{\"size\":{\"cols\":1,\"rows\":1}}").status()).isEqualTo(404);
        }
        assertThat(http.delete(sandbox + "/pty/" + command).text()).isEqualTo("{\"killed\":false}");
        assertThat(http.call("PATCH", sandbox + "/pty/" + terminal(), "{}").status()).isEqualTo(400);
    }
}
