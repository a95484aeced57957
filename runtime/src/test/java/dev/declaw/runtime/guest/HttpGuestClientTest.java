package dev.declaw.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.FakeAgent.Reply;
import dev.declaw.runtime.guest.GuestClient.GuestIdentity;
import dev.declaw.runtime.guest.GuestClient.ProcessSpec;
import dev.declaw.runtime.guest.GuestProcess.Event;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The client against agents that behave, and against guests that do not.
class HttpGuestClientTest {
    private static final ProcessSpec TRUE =
            new ProcessSpec("true", "", Optional.empty(), Map.of(), Optional.empty(), false);
    private static final String STREAM = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    private static String frame(int type, String payload) {
        int length = payload.length();
        return "" + (char) type + (char) (length >>> 24 & 255) + (char) (length >>> 16 & 255)
                + (char) (length >>> 8 & 255) + (char) (length & 255) + payload;
    }

    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }

    private static final String WHOLE = STREAM
            + chunk(frame(5, "{\"pid\":7}"))
            + chunk(frame(1, "out") + frame(4, ""))
            + chunk(frame(2, "err").substring(0, 3))
            + chunk(frame(2, "err").substring(3) + frame(3, "{\"exit_code\":3,\"timed_out\":true,\"truncated\":false}"))
            + "0\r\n\r\n";

    @Test
    void theIdentityIsSentWithFreshEntropyAndAMachineIdThatFollowsFromTheToken() throws IOException {
        String token = "t".repeat(32);
        try (FakeAgent agent = new FakeAgent(List.of(
                        Reply.of(FakeAgent.json(200, "{}")),
                        Reply.of(FakeAgent.json(200, "{}")),
                        Reply.of(FakeAgent.json(200, "{\"processes\":[]}"))));
                HttpGuestClient client = agent.client()) {
            GuestIdentity identity = new GuestIdentity(token, "box", Map.of("A", "b"), Optional.of("PEM"));
            client.init(identity);
            client.init(identity);
            client.processes();

            List<String> requests = agent.requests();
            assertThat(requests.getFirst())
                    .startsWith("POST /init HTTP/1.1\r\n")
                    .contains("\"hostname\":\"box\"", "\"ca_pem\":\"PEM\"", "\"env\":{\"A\":\"b\"}")
                    .contains("\"machine_id\":\"" + HttpGuestClient.machineId(token) + "\"");
            assertThat(requests.get(0)).isNotEqualTo(requests.get(1));
            assertThat(HttpGuestClient.machineId(token)).matches("[0-9a-f]{32}");
            assertThat(requests.get(2)).contains("Authorization: Bearer " + token);
        }
    }

    @ParameterizedTest(name = "in pieces of {0} bytes")
    @ValueSource(ints = {1, 2, 3, 7, 1000})
    void anEventStreamIsTheSameInWhateverPiecesItComes(int pieces) throws IOException {
        byte[] bytes = WHOLE.getBytes(StandardCharsets.ISO_8859_1);
        try (FakeAgent agent = new FakeAgent(
                        List.of(new Reply(bytes, pieces, false, 0), Reply.of(FakeAgent.json(200, "{\"killed\":true}"))));
                HttpGuestClient client = agent.client();
                GuestProcess process = client.start(TRUE)) {
            assertThat(process.pid()).isEqualTo(7);
            assertThat(process.next()).isInstanceOfSatisfying(Event.Stdout.class, event ->
                    assertThat(event.bytes()).asString().isEqualTo("out"));
            assertThat(process.next()).isInstanceOf(Event.KeepAlive.class);
            assertThat(process.next()).isInstanceOfSatisfying(Event.Stderr.class, event ->
                    assertThat(event.bytes()).asString().isEqualTo("err"));
            assertThat(process.next()).isEqualTo(new Event.Exited(3, true, false));
            assertThat(client.kill(7)).as("on the same connection").isTrue();
        }
    }

    @Test
    void anEventStreamCutAtAnyByteIsAFailureAndNeverAnExit() throws IOException {
        for (int length = 0; length < WHOLE.length() - "0\r\n\r\n".length(); length++) {
            try (FakeAgent agent = new FakeAgent(List.of(Reply.last(WHOLE.substring(0, length))));
                    HttpGuestClient client = agent.client()) {
                assertThatThrownBy(() -> {
                            try (GuestProcess process = client.start(TRUE)) {
                                while (!(process.next() instanceof Event.Exited)) {
                                    // Reads on to the cut.
                                }
                            }
                        })
                        .as("cut at %d", length)
                        .isInstanceOf(PlatformFailure.GuestUnreachable.class);
            }
        }
    }

    static List<String> hostileStreams() {
        List<String> bodies = new ArrayList<>();
        String started = frame(5, "{\"pid\":7}");
        bodies.add(frame(1, "no start"));
        bodies.add(frame(5, "{\"pid\":0}"));
        bodies.add(frame(5, "{\"pid\":99999999}"));
        bodies.add(frame(5, "{\"pid\":\"7\"}"));
        bodies.add(frame(5, "not json"));
        bodies.add(started + started);
        bodies.add(started + "\1\0\1\0\1" + "x".repeat(65537));
        bodies.add(started + "\1\u007f\u00ff\u00ff\u00ff");
        bodies.add(started + frame(3, "{\"exit_code\":256}"));
        bodies.add(started + frame(3, "{\"exit_code\":-1}"));
        bodies.add(started + frame(3, "{}"));
        bodies.add(started + frame(9, ""));
        bodies.add(started + frame(0, ""));
        bodies.add(started + frame(4, "x".repeat(1025)));
        bodies.add(started + frame(3, "{\"exit_code\":0}") + frame(1, "more"));
        return bodies;
    }

    @ParameterizedTest
    @MethodSource("hostileStreams")
    void aStreamThatBreaksTheRulesEnds(String body) throws IOException {
        try (FakeAgent agent = new FakeAgent(List.of(Reply.last(STREAM + chunk(body) + "0\r\n\r\n")));
                HttpGuestClient client = agent.client()) {
            assertThatThrownBy(() -> {
                        try (GuestProcess process = client.start(TRUE)) {
                            while (!(process.next() instanceof Event.Exited)) {
                                // Reads on to the offence.
                            }
                        }
                    })
                    .isInstanceOf(PlatformFailure.GuestUnreachable.class);
        }
    }

    static List<String> hostileAnswers() {
        String ok = "HTTP/1.1 200 OK\r\n";
        return List.of(
                "",
                "SSH-2.0-OpenSSH\r\n",
                "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                "HTTP/1.1 200\nContent-Length: 2\n\n{}",
                "HTTP/1.1 100 Continue\r\n\r\n",
                "HTTP/1.1 999 No\r\nContent-Length: 2\r\n\r\n{}",
                ok + "\r\n{}",
                ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
                ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                ok + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                ok + "Transfer-Encoding: chunked\r\n\r\n2;x=1\r\n{}\r\n0\r\n\r\n",
                ok + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}X0\r\n\r\n",
                ok + "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
                ok + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
                ok + "Transfer-Encoding: chunked\r\n\r\n" + "0".repeat(300) + "2\r\n{}\r\n0\r\n\r\n",
                ok + "Content-Length: -2\r\n\r\n{}",
                ok + "Content-Length: 99999999999999999999\r\n\r\n{}",
                ok + "Content-Length: +2\r\n\r\n{}",
                ok + "Content-Length: 3\r\n\r\n{}",
                ok + "Content-Length: 20000000\r\n\r\n" + " ".repeat(9_000_000),
                ok + " folded: x\r\nContent-Length: 2\r\n\r\n{}",
                ok + "A\u0000: x\r\nContent-Length: 2\r\n\r\n{}",
                ok + "A: " + "x".repeat(20_000) + "\r\nContent-Length: 2\r\n\r\n{}",
                ok + "A: x\r\n".repeat(2) + "Content-Length: 2\r\n\r\n{}",
                FakeAgent.json(200, "not json"),
                FakeAgent.json(200, "[".repeat(5000)),
                FakeAgent.json(200, "{\"processes\":{}}"),
                FakeAgent.json(200, "{\"processes\":[{\"pid\":-1,\"cmd\":\"x\"}]}"),
                FakeAgent.json(200, "{\"processes\":[" + "{\"pid\":1,\"cmd\":\"\"},".repeat(10_000) + "{}]}"),
                FakeAgent.json(500, "{\"code\":\"internal\",\"message\":\"\"}"),
                FakeAgent.json(302, "{}"));
    }

    @ParameterizedTest
    @MethodSource("hostileAnswers")
    void anAnswerThatBreaksTheRulesIsAFailureThatShowsNothingOfIt(String answer) throws IOException {
        try (FakeAgent agent = new FakeAgent(List.of(Reply.last(answer)));
                HttpGuestClient client = agent.client()) {
            assertThatThrownBy(client::processes).isInstanceOf(PlatformFailure.GuestUnreachable.class);
        }
    }

    static List<String> hostileEntries() {
        String good = "{\"name\":\"a\",\"path\":\"/a\",\"dir\":false,\"size\":1,\"mode\":420,\"owner\":\"u\",\"modified_millis\":5}";
        return List.of(
                "{\"entries\":7}",
                "{\"entries\":[{}]}",
                "{\"entries\":[" + good.replace("\"size\":1", "\"size\":-1") + "]}",
                "{\"entries\":[" + good.replace("\"size\":1", "\"size\":1.5") + "]}",
                "{\"entries\":[" + good.replace("\"a\"", "7") + "]}",
                "{\"entries\":[" + good.replace("\"a\"", "\"" + "a".repeat(4097) + "\"") + "]}",
                "{\"entries\":[" + (good + ",").repeat(10_000) + good + "]}");
    }

    @ParameterizedTest
    @MethodSource("hostileEntries")
    void aListingThatBreaksTheRulesIsRefused(String body) throws IOException {
        try (FakeAgent agent = new FakeAgent(List.of(Reply.last(FakeAgent.json(200, body))));
                HttpGuestClient client = agent.client()) {
            assertThatThrownBy(() -> client.list("/", "", 1)).isInstanceOf(PlatformFailure.GuestUnreachable.class);
        }
    }

    @ParameterizedTest(name = "{0} {1} is {2}")
    @CsvSource({
        "400, unknown_user, InvalidRequest",
        "403, permission_denied, PermissionDenied",
        "404, not_found, NotFound",
        "409, stdin_closed, Conflict",
        "413, disk_full, TooLarge",
        "401, unauthenticated, GuestUnreachable",
        "500, internal, GuestUnreachable",
    })
    void aRefusalBecomesTheFailureThatFits(int status, String code, String failure) throws IOException {
        String body = "{\"code\":\"" + code + "\",\"message\":\"evil\\u001b[2J\\nline" + "x".repeat(2000) + "\"}";
        try (FakeAgent agent = new FakeAgent(List.of(Reply.of(FakeAgent.json(status, body))));
                HttpGuestClient client = agent.client()) {
            assertThatThrownBy(() -> client.closeStdin(1))
                    .isInstanceOfSatisfying(PlatformFailure.class, thrown -> {
                        assertThat(thrown.getClass().getSimpleName()).isEqualTo(failure);
                        assertThat(thrown.getMessage()).hasSizeLessThan(400).doesNotContainPattern("\\p{Cntrl}");
                        if (!failure.equals("GuestUnreachable")) {
                            assertThat(thrown.code()).isEqualTo(code);
                        }
                    });
        }
    }

    @Test
    void anIdleConnectionThatTheAgentClosedIsReplaced() throws IOException {
        try (FakeAgent agent = new FakeAgent(List.of(
                        Reply.last(FakeAgent.json(200, "{\"killed\":true}")),
                        Reply.of(FakeAgent.json(200, "{\"killed\":false}"))));
                HttpGuestClient client = agent.client()) {
            assertThat(client.kill(1)).isTrue();
            assertThat(client.kill(1)).isFalse();
        }
    }

    @Test
    void anUploadThatIsRefusedEarlySaysWhy() throws IOException {
        InputStream endless = new InputStream() {
            private int left = 50_000_000;

            @Override
            public int read() {
                return left-- > 0 ? 'x' : -1;
            }
        };
        String full = FakeAgent.json(413, "{\"code\":\"disk_full\",\"message\":\"no space\"}");
        try (FakeAgent agent = new FakeAgent(List.of(Reply.last(full)));
                HttpGuestClient client = agent.client()) {
            assertThatThrownBy(() -> client.write("/full", "", endless))
                    .isInstanceOf(PlatformFailure.TooLarge.class)
                    .hasMessage("no space");
        }
    }

    @Test
    void anUploadIsSentInChunksAndItsSizeReported() throws IOException {
        try (FakeAgent agent = new FakeAgent(List.of(Reply.last(FakeAgent.json(200, "{\"size\":3}"))));
                HttpGuestClient client = agent.client()) {
            assertThat(client.write("/a b&c", "user", new ByteArrayInputStream("abc".getBytes()))).isEqualTo(3);
            assertThat(agent.requests().getFirst())
                    .startsWith("PUT /files?path=%2Fa+b%26c&user=user HTTP/1.1\r\n")
                    .endsWith("\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        }
    }

    @Test
    void anAgentThatIsSilentIsNotWaitedForLongerThanTheDeadline() throws IOException {
        try (FakeAgent agent = new FakeAgent(List.of(Reply.of("HTTP/1.1 200 OK\r\nContent-Le")));
                HttpGuestClient client = agent.client()) {
            long start = System.nanoTime();
            assertThat(client.healthy(Duration.ofMillis(200))).isFalse();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
        }
    }

    @Test
    void anAgentThatDribblesForEverIsCutOff() throws IOException {
        Reply dribble = new Reply(FakeAgent.json(200, " ".repeat(2000) + "{}").getBytes(), 1, false, 10);
        try (FakeAgent agent = new FakeAgent(List.of(dribble));
                HttpGuestClient client = agent.client()) {
            long start = System.nanoTime();
            assertThat(client.healthy(Duration.ofMillis(200))).isFalse();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
        }
    }

    @Test
    void aTryIsNeverGivenMoreThanASecondHoweverManyThereWere() {
        Duration patience = Duration.ofMillis(40);
        for (int tries = 0; tries < 1000; tries++) {
            assertThat(HttpGuestClient.longer(patience)).isGreaterThanOrEqualTo(patience);
            patience = HttpGuestClient.longer(patience);
        }
        assertThat(patience).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void waitingForAnAgentEndsWithItsMachine() throws IOException {
        FakeAgent agent = new FakeAgent(List.of());
        agent.close();
        try (HttpGuestClient client = agent.client()) {
            int[] asked = new int[1];
            assertThat(client.awaitHealthy(Duration.ofSeconds(60), () -> ++asked[0] < 5)).isFalse();
            assertThat(asked[0]).isEqualTo(5);
        }
    }
}
