package dev.declaw.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.FakeAgent.Reply;
import dev.declaw.runtime.guest.GuestClient.ProcessSpec;
import dev.declaw.runtime.guest.GuestClient.ProcessTag;
import dev.declaw.runtime.guest.GuestClient.TerminalSize;
import dev.declaw.runtime.guest.GuestProcess.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Terminals, resumed streams, watches and tunnels, from agents that behave and from guests that do not.
class StreamsTest {
    private static final String STREAM = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String EXIT = frame(3, "{\"exit_code\":0,\"timed_out\":false,\"truncated\":false}");

    private static String frame(int type, String payload) {
        byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
        int length = bytes.length;
        return "" + (char) type + (char) (length >>> 24 & 255) + (char) (length >>> 16 & 255)
                + (char) (length >>> 8 & 255) + (char) (length & 255) + new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static Reply stream(String frames) {
        return Reply.of(STREAM + Integer.toHexString(frames.length()) + "\r\n" + frames + "\r\n0\r\n\r\n");
    }

    @Test
    void aTerminalIsAskedForWithItsSizeAndTag() throws IOException {
        ProcessSpec spec = new ProcessSpec(
                ProcessRef.Kind.PTY, "", "user", Optional.empty(), Map.of(), Optional.empty(), false,
                Optional.of(new TerminalSize(132, 50)), Optional.of(new ProcessTag("pty-1", "print")));
        try (FakeAgent agent = new FakeAgent(List.of(Reply.of(FakeAgent.json(200, "{\"pid\":9}")), Reply.of(FakeAgent.json(200, "{}"))));
                HttpGuestClient client = agent.client()) {
            assertThat(client.launch(spec)).isEqualTo(9);
            client.resize(9, new TerminalSize(1, 2));
            assertThat(agent.requests().getFirst())
                    .contains("\"kind\":\"pty\"", "\"terminal\":{\"cols\":132,\"rows\":50}", "\"tag\":\"pty-1\"", "\"fingerprint\":\"print\"");
            assertThat(agent.requests().getLast()).startsWith("POST /processes/9/resize").endsWith("{\"cols\":1,\"rows\":2}");
        }
    }

    @Test
    void aResumedStreamKnowsItsPosition() throws IOException {
        String frames = frame(6, "{\"offset\":100}") + frame(1, "abc") + frame(2, "de") + frame(6, "{\"offset\":500}") + frame(1, "f") + EXIT;
        try (FakeAgent agent = new FakeAgent(List.of(stream(frames)));
                HttpGuestClient client = agent.client();
                GuestProcess process = client.follow(ProcessRef.stdio("stdio-1"), 100)) {
            assertThat(process.next()).isInstanceOf(Event.Stdout.class);
            assertThat(process.position()).isEqualTo(103);
            assertThat(process.next()).isInstanceOf(Event.Stderr.class);
            assertThat(process.position()).isEqualTo(105);
            assertThat(process.next()).isInstanceOf(Event.Stdout.class);
            assertThat(process.position()).isEqualTo(501);
            assertThat(process.next()).isInstanceOf(Event.Exited.class);
            assertThat(agent.requests().getFirst()).startsWith("GET /processes/stdio-1/events?kind=stdio&after=100 ");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"offset\":-1}", "{\"offset\":9007199254740993}", "{\"offset\":\"7\"}", "{\"offset\":1.5}", "{}"})
    void anOffsetThatIsNoneEndsTheStream(String offset) throws IOException {
        try (FakeAgent agent = new FakeAgent(List.of(stream(frame(6, offset) + frame(1, "x") + EXIT)));
                HttpGuestClient client = agent.client();
                GuestProcess process = client.follow(7)) {
            assertThatThrownBy(process::next).isInstanceOf(PlatformFailure.GuestUnreachable.class);
        }
    }

    @Test
    void outputNeverGoesBack() throws IOException {
        try (FakeAgent agent = new FakeAgent(List.of(stream(frame(1, "abc") + frame(6, "{\"offset\":2}") + frame(1, "x") + EXIT)));
                HttpGuestClient client = agent.client();
                GuestProcess process = client.follow(7)) {
            process.next();
            assertThatThrownBy(process::next).isInstanceOf(PlatformFailure.GuestUnreachable.class);
        }
    }

    @Test
    void changesOfADirectoryComeUntilItIsGone() throws IOException {
        String frames = frame(7, "{\"type\":\"rename\",\"path\":\"/d/ü\",\"old_path\":\"/d/a\",\"dir\":true}") + frame(4, "")
                + frame(7, "{\"type\":\"remove\",\"path\":\"/d\",\"dir\":true}") + frame(8, "{}");
        try (FakeAgent agent = new FakeAgent(List.of(stream(frames)));
                HttpGuestClient client = agent.client();
                GuestWatch watch = client.watch("/d e", "user", true)) {
            assertThat(watch.next()).contains(new FileChange(FileChange.Type.RENAME, "/d/ü", Optional.of("/d/a"), true));
            assertThat(watch.next()).isEmpty();
            assertThat(watch.ended()).isFalse();
            assertThat(watch.next()).contains(new FileChange(FileChange.Type.REMOVE, "/d", Optional.empty(), true));
            assertThat(watch.next()).isEmpty();
            assertThat(watch.ended()).isTrue();
            assertThat(watch.next()).isEmpty();
            assertThat(agent.requests().getFirst()).startsWith("GET /files/watch?path=%2Fd+e&user=user&recursive=true ");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"explode\",\"path\":\"/x\"}", "{\"type\":\"create\"}", "{\"type\":\"create\",\"path\":7}", "nonsense"})
    void aChangeThatIsNoneEndsTheWatch(String change) throws IOException {
        try (FakeAgent agent = new FakeAgent(List.of(stream(frame(7, change) + frame(8, "{}"))));
                HttpGuestClient client = agent.client();
                GuestWatch watch = client.watch("/d", "user", false)) {
            assertThatThrownBy(watch::next).isInstanceOf(PlatformFailure.GuestUnreachable.class);
        }
    }

    @Test
    void aTunnelIsTheConnectionBehindTheAnswer() throws Exception {
        String answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: declaw-tcp\r\n\r\nearly bytes";
        try (FakeAgent agent = new FakeAgent(List.of(Reply.last(answer)));
                HttpGuestClient client = agent.client();
                GuestTunnel tunnel = client.connect(8080)) {
            tunnel.readDeadline(Duration.ofSeconds(20));
            assertThat(tunnel.in().readAllBytes()).asString().isEqualTo("early bytes");
            assertThat(agent.requests().getFirst()).startsWith("GET /ports/8080 HTTP/1.1").contains("Upgrade: declaw-tcp");
        }
    }

    @ParameterizedTest(name = "{0} {1} -> {2}")
    @CsvSource({
        "404, port_closed, NotFound",
        "403, port_refused, PermissionDenied",
        "200, x, GuestUnreachable",
        "500, internal, GuestUnreachable"
    })
    void aTunnelThatIsRefusedSaysWhy(int status, String code, String failure) throws IOException {
        try (FakeAgent agent = new FakeAgent(List.of(Reply.of(FakeAgent.json(status, "{\"code\":\"" + code + "\",\"message\":\"m\"}"))));
                HttpGuestClient client = agent.client()) {
            assertThatThrownBy(() -> client.connect(80))
                    .isInstanceOfSatisfying(PlatformFailure.class, thrown -> assertThat(thrown.getClass().getSimpleName()).isEqualTo(failure));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "x", "-1", "stdio-", "stdio-1/../x", "UP-1", "99999999999"})
    void namesOfProcessesAreChecked(String name) {
        assertThatThrownBy(() -> new ProcessRef(name, Optional.empty())).isInstanceOf(IllegalArgumentException.class);
    }
}
