package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EventRehydratorTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String HOST = "api.test";
    private static final String VALUE = "Jane \"J\" Doe\n<ä>";

    private final TokenVault vault = new TokenVault();
    private final String token = vault.tokenFor("person_name", VALUE, HOST);

    /// One API's way to stream a piece of text.
    private enum Api {
        CHAT((text, i) -> "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":" + text + "}}]}\n\n"),
        MESSAGES((text, i) -> "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":" + text + "}}\n\n"),
        RESPONSES((text, i) -> "event: response.output_text.delta\r\ndata: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"sequence_number\":" + i + ",\"delta\":" + text + "}\r\n\r\n"),
        GEMINI((text, i) -> "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":" + text + "}],\"role\":\"model\"}}]}\n\n");

        private final BiFunction<String, Integer, String> event;

        Api(BiFunction<String, Integer, String> event) {
            this.event = event;
        }
    }

    private static String quoted(String text) throws Exception {
        return JSON.writeValueAsString(text);
    }

    private String stream(Api api, List<String> deltas, String between) throws Exception {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < deltas.size(); i++) out.append(api.event.apply(quoted(deltas.get(i)), i)).append(between);
        return out.toString();
    }

    private String rehydrated(String stream, int size) {
        EventRehydrator filter = new EventRehydrator(vault, HOST, false);
        byte[] bytes = stream.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int at = 0; at < bytes.length; at += size) {
            out.writeBytes(filter.feed(bytes, at, Math.min(size, bytes.length - at)));
        }
        out.writeBytes(filter.finish());
        return out.toString(StandardCharsets.UTF_8);
    }

    /// What a client puts together from the deltas.
    private static String said(String stream) throws Exception {
        StringBuilder text = new StringBuilder();
        for (String line : stream.split("\r?\n")) {
            if (!line.startsWith("data: {")) continue;
            JsonNode node = JSON.readTree(line.substring(6));
            for (String field : List.of("content", "text", "delta")) {
                List<JsonNode> found = node.findValues(field).stream().filter(JsonNode::isTextual).toList();
                found.forEach(value -> text.append(value.textValue()));
                if (!found.isEmpty()) break;
            }
        }
        return text.toString();
    }

    @Tag("B111")
    @Test
    @Tag("B111")
    void aTokenIsTurnedBackWhereverItIsCutBetweenEvents() throws Exception {
        for (Api api : Api.values()) {
            for (int cut = 1; cut < token.length(); cut++) {
                List<String> deltas = List.of("Hi ", token.substring(0, cut), token.substring(cut), ", bye");
                for (String between : List.of("", ": ping\n\n", "event: ping\ndata: {\"type\":\"ping\"}\n\n")) {
                    String stream = stream(api, deltas, between) + "data: [DONE]\n\n";
                    String out = rehydrated(stream, 7);
                    assertThat(said(out)).as(api + " at " + cut).isEqualTo("Hi " + VALUE + ", bye");
                    assertThat(out.split("\n\n|\r\n\r\n")).hasSameSizeAs(stream.split("\n\n|\r\n\r\n"));
                    assertThat(out).endsWith("data: [DONE]\n\n");
                }
            }
        }
    }

    @Test
    void aTokenInSinglesOfCharactersAndAtTheEndIsTurnedBack() throws Exception {
        List<String> deltas = new ArrayList<>();
        for (char c : token.toCharArray()) deltas.add(String.valueOf(c));
        for (int size : new int[] {1, 3, 1000}) {
            String out = rehydrated(stream(Api.CHAT, deltas, "") + Api.CHAT.event.apply("\"\"", 0) + "data: [DONE]\n\n", size);
            assertThat(said(out)).isEqualTo(VALUE);
        }
    }

    static LongStream seeds() {
        return LongStream.range(0, 60);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void theResultIsTheSameHoweverTextAndBytesAreCut(long seed) throws Exception {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            String piece = switch (random.nextInt(6)) {
                case 0, 1 -> token;
                case 2 -> "REDACTED_";
                case 3 -> "REDACTED_SSN_9"; // not of this sandbox
                case 4 -> "R";
                default -> " w\u00f6rd\ud83d\ude00 \"q\" ";
            };
            text.append(piece).append(' ');
            expected.append(piece.equals(token) ? VALUE : piece).append(' ');
        }
        List<String> deltas = new ArrayList<>();
        for (int at = 0; at < text.length(); ) {
            int end = Math.min(text.length(), at + 1 + random.nextInt(9));
            if (end < text.length() && Character.isLowSurrogate(text.charAt(end))) end++;
            deltas.add(text.substring(at, end));
            at = end;
        }
        Api api = Api.values()[random.nextInt(Api.values().length)];
        String out = rehydrated(stream(api, deltas, random.nextBoolean() ? ": x\n\n" : ""), 1 + random.nextInt(40));
        assertThat(said(out)).isEqualTo(expected.toString());
    }

    @Tag("B112")
    @Test
    void whatIsJsonWithinJsonIsEscapedTwice() throws Exception {
        String inner = "{\"to\":\"" + token + "\"}";
        StringBuilder stream = new StringBuilder();
        for (int at = 0; at < inner.length(); at += 5) {
            String piece = inner.substring(at, Math.min(inner.length(), at + 5));
            stream.append("data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":" + quoted(piece) + "}}]}}]}\n\n");
        }
        StringBuilder arguments = new StringBuilder();
        for (String line : rehydrated(stream.toString(), 11).split("\n\n")) {
            arguments.append(JSON.readTree(line.substring(6)).findValue("arguments").textValue());
        }
        assertThat(JSON.readTree(arguments.toString()).get("to").textValue()).isEqualTo(VALUE);
        Rehydrator plain = new Rehydrator(vault, HOST, Carrier.JSON);
        byte[] whole = ("{\"arguments\":" + quoted(inner) + ",\"other\":\"" + token + "\"}").getBytes(StandardCharsets.UTF_8);
        JsonNode read = JSON.readTree(ResponseRun.concat(plain.feed(whole, 0, whole.length), plain.finish()));
        assertThat(JSON.readTree(read.get("arguments").textValue()).get("to").textValue()).isEqualTo(VALUE);
        assertThat(read.get("other").textValue()).isEqualTo(VALUE);
    }

    @Test
    void streamsOfTwoChoicesDoNotMix() throws Exception {
        String stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + token.substring(0, 5) + "\"}}]}\n\n"
                + "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"" + token.substring(5) + "\"}}]}\n\n"
                + "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + token.substring(5) + "\"}}]}\n\n";
        String out = rehydrated(stream, 50);
        assertThat(out).contains(quoted(token.substring(5))).contains("Jane");
        assertThat(out.indexOf("Jane")).isLessThan(out.indexOf("\"index\":1"));
    }

    @Test
    void aStreamWithoutTokensIsNotTouchedAndNotHeldBack() throws Exception {
        EventRehydrator filter = new EventRehydrator(vault, HOST, false);
        for (String event : List.of("data: {\"choices\":[{\"delta\":{\"content\":\"a\\u00e9 \"}}], \"x\": 1e5}\n\n", ": c\n\n", "data: plain\n\n", "data: a\ndata: b\n\n", "id: 7\r\ndata: {}\r\n\r\n")) {
            byte[] bytes = event.getBytes(StandardCharsets.UTF_8);
            assertThat(new String(filter.feed(bytes, 0, bytes.length), StandardCharsets.UTF_8)).isEqualTo(event);
        }
        byte[] open = "data: {\"choices\":[{\"delta\":{\"content\":\"all R\"}}]}\n\n".getBytes(StandardCharsets.UTF_8);
        assertThat(filter.feed(open, 0, open.length)).isEmpty();
        assertThat(filter.finish()).isEqualTo(open);
    }

    @Test
    void whatNeverBecomesATokenIsLetGoAfterABound() throws Exception {
        EventRehydrator filter = new EventRehydrator(vault, HOST, false);
        String open = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"REDACTED_\"}}]}\n\n";
        String other = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}\n\n";
        String stream = open + other.repeat(100);
        byte[] bytes = stream.getBytes(StandardCharsets.UTF_8);
        assertThat(filter.feed(bytes, 0, bytes.length)).isEqualTo(bytes);
    }

    @Tag("B113")
    @Test
    @Tag("B113")
    void otherHostsGetNothing() throws Exception {
        EventRehydrator filter = new EventRehydrator(vault, "other.test", false);
        byte[] bytes = stream(Api.CHAT, List.of(token.substring(0, 9), token.substring(9) + " "), "").getBytes(StandardCharsets.UTF_8);
        assertThat(ResponseRun.concat(filter.feed(bytes, 0, bytes.length), filter.finish())).isEqualTo(bytes);
    }

    @Test
    void linesOfJsonAreEventsToo() throws Exception {
        EventRehydrator filter = new EventRehydrator(vault, HOST, true);
        byte[] bytes = ("{\"message\":{\"content\":\"a " + token.substring(0, 12) + "\"}}\n{\"message\":{\"content\":\"" + token.substring(12) + "\"}}\n\n[\"" + token + "\"]\n")
                .getBytes(StandardCharsets.UTF_8);
        String out = new String(ResponseRun.concat(filter.feed(bytes, 0, bytes.length), filter.finish()), StandardCharsets.UTF_8);
        assertThat(out.split("\n", -1)).hasSize(5);
        assertThat(JSON.readTree(out.split("\n")[0]).findValue("content").textValue()).isEqualTo("a " + VALUE);
        assertThat(JSON.readTree(out.split("\n")[1]).findValue("content").textValue()).isEmpty();
        assertThat(JSON.readTree(out.split("\n")[3]).get(0).textValue()).isEqualTo(VALUE);
    }
}
