package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.policy.HostSelector;
import dev.declaw.model.policy.PiiPolicy;
import dev.declaw.model.scan.PersonalDataScanners;
import dev.declaw.model.scan.PiiType;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContentPropertyTest {
    private static final String HOST = "api.example.test";
    private static final Set<PiiType> ALL = EnumSet.allOf(PiiType.class);
    private static final String[] PERSONAL = {
        "123-45-6789", "4111 1111 1111 1111", "jane.doe@example.com", "+442079460018", "203.0.113.9",
        "2001:db8::8a2e:370:7334", "219-09-9999", "bob@example.org"
    };

    private final TokenVault vault = new TokenVault();
    private final ContentScreen screen = new ContentScreen(
            new PiiPolicy(true, ALL, ContentAction.REDACT, true, HostSelector.ALL), PersonalDataScanners.installed().forTypes(ALL), vault);

    private static String json(Random random, int depth, boolean personal) {
        String space = " ".repeat(random.nextInt(2));
        return switch (random.nextInt(depth > 3 ? 4 : 6)) {
            case 0 -> Integer.toString(random.nextInt(2_000) - 1_000);
            case 1 -> random.nextBoolean() ? "true" : "null";
            case 2, 3 -> "\"" + words(random) + (personal ? PERSONAL[random.nextInt(PERSONAL.length)] + " " : "") + words(random) + "\"";
            case 4 -> {
                StringBuilder out = new StringBuilder("[");
                for (int i = random.nextInt(4); i >= 0; i--) {
                    out.append(space).append(json(random, depth + 1, personal)).append(i > 0 ? "," : "");
                }
                yield out.append(space).append("]").toString();
            }
            default -> {
                StringBuilder out = new StringBuilder("{");
                for (int i = random.nextInt(4); i >= 0; i--) {
                    out.append(space).append("\"k").append((char) ('a' + random.nextInt(26))).append("\":");
                    out.append(json(random, depth + 1, personal)).append(i > 0 ? "," : "");
                }
                yield out.append("}").toString();
            }
        };
    }

    private static String words(Random random) {
        String[] words = {"hello ", "\\u00e9t\\u00e9 ", "\\n", "\\\"q\\\" ", "ünïcode ", "\\/ ", "\uD83D\uDE00 ", "x ", ""};
        return words[random.nextInt(words.length)] + words[random.nextInt(words.length)];
    }

    private String redact(String body, String type) {
        return switch (screen.screenBody(body.getBytes(StandardCharsets.UTF_8), type, HOST)) {
            case Screened.Clean<byte[]> _ -> body;
            case Screened.Redacted<byte[]> redacted -> new String(redacted.content(), StandardCharsets.UTF_8);
            case Screened.Logged<byte[]> logged -> throw new AssertionError("logged " + logged);
            case Screened.Blocked<byte[]> blocked -> throw new AssertionError("blocked " + blocked);
        };
    }

    private String rehydrate(String text, Carrier carrier, Random random) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Rehydrator rehydrator = new Rehydrator(vault, HOST, carrier);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int at = 0; at < bytes.length; ) {
            int length = Math.min(bytes.length - at, 1 + random.nextInt(9));
            out.writeBytes(rehydrator.feed(bytes, at, length));
            at += length;
        }
        out.writeBytes(rehydrator.finish());
        return out.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {11, 12, 13, 14, 15, 16})
    void redactedJsonComesBackAsItWas(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            String body = json(random, 0, true);
            String redacted = redact(body, "application/json");
            for (String value : PERSONAL) assertThat(redacted).doesNotContain(value);
            assertThat(rehydrate(redacted, Carrier.JSON, random)).isEqualTo(body);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {21, 22, 23})
    void jsonWithoutPersonalDataIsClean(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            byte[] body = json(random, 0, false).getBytes(StandardCharsets.UTF_8);
            assertThat(screen.screenBody(body, "application/json", HOST)).isInstanceOf(Screened.Clean.class);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {31, 32, 33})
    void redactedTextComesBackAsItWas(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            StringBuilder body = new StringBuilder();
            for (int i = random.nextInt(12); i >= 0; i--) {
                body.append(random.nextBoolean() ? "some words, " : PERSONAL[random.nextInt(PERSONAL.length)]).append(" ;\n");
            }
            String redacted = redact(body.toString(), "text/plain");
            for (String value : PERSONAL) assertThat(redacted).doesNotContain(value);
            assertThat(rehydrate(redacted, Carrier.TEXT, random)).isEqualTo(body.toString());
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {41, 42, 43, 44})
    @Tag("B097") @Tag("B105")
    void anyBytesUnderAnyTypeAreJudgedWithoutAnError(long seed) {
        Random random = new Random(seed);
        String[] types = {
            "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "text/plain",
            "text/plain; charset=utf-16", "text/plain; charset=latin1", "", ";;=\"", "multipart/mixed"
        };
        for (int round = 0; round < 400; round++) {
            byte[] body = new byte[random.nextInt(200)];
            String alphabet = "{}[]\":,\\u%+&=;-a1@. \r\n\u00ff\u0000";
            for (int i = 0; i < body.length; i++) body[i] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
            Screened<byte[]> screened = screen.screenBody(body, types[random.nextInt(types.length)], HOST);
            if (screened instanceof Screened.Blocked<byte[]> blocked) {
                assertThat(blocked.reason().code()).isNotEqualTo("scanner_failed");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "1", "@", "R", "REDACTED_", "REDACTED_SSN_1", "[", "{\"a\":", "\"\",", "[1,", "\\u0031", "\\", "%41", "%", "+", "&", "=", "a=&",
        "QUJDREVGR0hJSktMTU5P ", "YQ/", "a/", "--b\r\n", "\r\n\r\n", "{}", "\"1\" ", "é", "123-45-6789 ", "\u0000a"
    })
    @Tag("B033")
    void fourTimesTheBodyTakesAboutFourTimesTheTime(String unit) {
        for (String type : new String[] {"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"}) {
            byte[] small = unit.repeat(64 * 1024 / unit.length()).getBytes(StandardCharsets.UTF_8);
            byte[] large = unit.repeat(256 * 1024 / unit.length()).getBytes(StandardCharsets.UTF_8);
            long once = best(small, type);
            long fourTimes = best(large, type);
            assertThat(fourTimes).as(type).isLessThan(Math.max(10 * once, 1_000_000_000L));
        }
    }

    private long best(byte[] body, String type) {
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 2; i++) {
            long start = System.nanoTime();
            screen.screenBody(body, type, HOST);
            Rehydrator rehydrator = new Rehydrator(vault, HOST, Carrier.JSON);
            rehydrator.feed(body, 0, body.length);
            best = Math.min(best, System.nanoTime() - start);
        }
        return best;
    }
}
