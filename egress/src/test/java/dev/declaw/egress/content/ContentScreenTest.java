package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.policy.HostSelector;
import dev.declaw.model.policy.PiiPolicy;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PersonalDataScanners;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentScreenTest {
    private static final String HOST = "api.example.test";
    private static final Set<PiiType> ALL = EnumSet.allOf(PiiType.class);

    private final TokenVault vault = new TokenVault();
    private final ContentScreen screen = screen(ContentAction.REDACT);

    private ContentScreen screen(ContentAction action) {
        PiiPolicy policy = new PiiPolicy(true, ALL, action, true, HostSelector.ALL);
        return new ContentScreen(policy, PersonalDataScanners.installed().forTypes(ALL), vault);
    }

    private String body(String body, String type) {
        return body(body.getBytes(StandardCharsets.UTF_8), type, StandardCharsets.UTF_8);
    }

    private String body(byte[] body, String type, Charset charset) {
        return switch (screen.screenBody(body, type, HOST)) {
            case Screened.Clean<byte[]> _ -> "clean";
            case Screened.Redacted<byte[]> redacted -> new String(redacted.content(), charset);
            case Screened.Logged<byte[]> _ -> "logged";
            case Screened.Blocked<byte[]> blocked -> "blocked " + blocked.reason().code() + " " + blocked.counts();
        };
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "{\"ssn\":\"123-45-6789\",\"n\":1.50}|{\"ssn\":\"REDACTED_SSN_1\",\"n\":1.50}",
        "{ \"a\" : [ \"x\\u0031\" , \"mail jane@example.com!\" ] }|{ \"a\" : [ \"x\\u0031\" , \"mail REDACTED_EMAIL_1!\" ] }",
        "{\"a\":\"\\u0031\\u0032\\u0033-45-6789\"}|{\"a\":\"REDACTED_SSN_1\"}",
        "{\"a\":\"jane\\u0040example.com\\n\"}|{\"a\":\"REDACTED_EMAIL_1\\n\"}",
        "{\"ssn\":123456789}|{\"ssn\":\"REDACTED_SSN_1\"}",
        "{\"card\":4111111111111111,\"id\":4111}|{\"card\":\"REDACTED_CREDIT_CARD_1\",\"id\":4111}",
        "{\"jane@example.com\":1}|{\"REDACTED_EMAIL_1\":1}",
        "{\"a\":\"123-45-6789\",\"a\":\"123-45-6789\"}|{\"a\":\"REDACTED_SSN_1\",\"a\":\"REDACTED_SSN_1\"}",
        "{\"phone\":\"5551234567\",\"zip\":\"5551234567\"}|{\"phone\":\"REDACTED_PHONE_1\",\"zip\":\"5551234567\"}",
        "[\"4111 1111 1111 1111\",\"10.1.2.3\"]|[\"REDACTED_CREDIT_CARD_1\",\"REDACTED_IP_ADDRESS_1\"]",
        "{\"args\":\"{\\\"ssn\\\": \\\"123456789\\\"}\"}|{\"args\":\"{\\\"ssn\\\": \\\"REDACTED_SSN_1\\\"}\"}",
        "{\"u\":\"https://x.test/?e=jane%40example.com\"}|{\"u\":\"https://x.test/?e=REDACTED_EMAIL_1\"}",
        "{\"a\":\"é 123-45-6789 \uD83D\uDE00\"}|{\"a\":\"é REDACTED_SSN_1 \uD83D\uDE00\"}",
        "{\"a\":\"b\"} {\"ssn\":\"123-45-6789\"}|{\"a\":\"b\"} {\"ssn\":\"REDACTED_SSN_1\"}",
        "{\"broken\": \"123-45-6789\",}|{\"broken\": \"REDACTED_SSN_1\",}",
        "{\"a\": jane\\u0040example.com}|{\"a\": REDACTED_EMAIL_1}",
        "\"123-45-6789\"|\"REDACTED_SSN_1\"",
    })
    @Tag("B097")
    void redactsJsonStringByStringAndLeavesTheRest(String json, String expected) {
        assertThat(body(json, "application/json")).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "name=Jane&ssn=123-45-6789|name=REDACTED_PERSON_NAME_1&ssn=REDACTED_SSN_1",
        "ssn=123456789&x=1|ssn=REDACTED_SSN_1&x=1",
        "email=jane%40example.com|email=REDACTED_EMAIL_1",
        "email=jane%2540example.com|email=REDACTED_EMAIL_1",
        "card=4111+1111+1111+1111|card=REDACTED_CREDIT_CARD_1",
        "p=%2B442079460018|p=REDACTED_PHONE_1",
        "jane%40example.com=1|REDACTED_EMAIL_1=1",
        "a=1;ssn=123-45-6789|a=1;ssn=REDACTED_SSN_1",
        "%73%73%6E=123456789|%73%73%6E=REDACTED_SSN_1",
    })
    @Tag("B101")
    void redactsFormsInEveryEncoding(String form, String expected) {
        assertThat(body(form, "application/x-www-form-urlencoded")).isEqualTo(expected);
    }

    @Test
    @Tag("B105")
    void jsonSentUnderTheFormTypeIsStillReadAsJson() {
        assertThat(body("{\"ssn\":123456789}", "application/x-www-form-urlencoded"))
                .isEqualTo("{\"ssn\":\"REDACTED_SSN_1\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-8", "UTF-16LE", "UTF-16BE", "ISO-8859-1"})
    @Tag("B096")
    void redactsTextInItsOwnCharset(String name) {
        Charset charset = Charset.forName(name);
        byte[] bytes = "Grüße 123-45-6789 ende".getBytes(charset);
        assertThat(body(bytes, "text/plain; charset=" + name, charset)).isEqualTo("Grüße REDACTED_SSN_1 ende");
    }

    @Test
    @Tag("B096")
    void utf16IsRecognisedByItsMarkAndByItsNuls() {
        byte[] marked = ("\ufeff" + "ssn 123-45-6789").getBytes(StandardCharsets.UTF_16LE);
        assertThat(body(marked, "text/plain", StandardCharsets.UTF_16LE)).isEqualTo("\ufeffssn REDACTED_SSN_1");
        byte[] bare = "ssn 123-45-6789".getBytes(StandardCharsets.UTF_16BE);
        assertThat(body(bare, "", StandardCharsets.UTF_16BE)).isEqualTo("ssn REDACTED_SSN_1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"utf-7", "utf-32", "ibm037", "shift_jis", "nonsense"})
    @Tag("B096")
    void anUnknownCharsetIsRefused(String charset) {
        assertThat(body("hello", "text/plain; charset=" + charset)).startsWith("blocked undecodable_body");
    }

    @Test
    @Tag("B096")
    void aLieAboutUtf16HidesNothing() {
        assertThat(body("my ssn is 123-45-6789!", "text/plain; charset=utf-16")).startsWith("blocked pii_blocked");
    }

    @Test
    @Tag("B104") @Tag("B105")
    void binaryBodiesPassUnlessTheyShowPersonalData() {
        byte[] clean = HexFormat.of().parseHex("89504e470d0a1a0a0000000d49484452ff00fe");
        assertThat(body(clean, "image/png", StandardCharsets.ISO_8859_1)).isEqualTo("clean");
        byte[] text = "\u00ff\u00fe\u0001 ssn 123-45-6789 \u0000".getBytes(StandardCharsets.ISO_8859_1);
        text[0] = (byte) 0x80;
        assertThat(body(text, "application/octet-stream", StandardCharsets.ISO_8859_1))
                .isEqualTo("blocked pii_blocked {ssn=1}");
    }

    @Test
    @Tag("B093") @Tag("B104")
    void anUnlabelledArchiveIsReadToo() throws IOException {
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
            out.write("notes: 123-45-6789, and more".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(body(zipped.toByteArray(), "", StandardCharsets.ISO_8859_1)).isEqualTo("blocked pii_blocked {ssn=1}");
    }

    @Test
    @Tag("B100")
    void multipartTextPartsAreRedactedAndBinaryPartsKept() {
        String head = "--b\r\nContent-Disposition: form-data; name=\"ssn\"\r\n\r\n123456789\r\n--b\r\n"
                + "Content-Disposition: form-data; name=\"f\"; filename=\"jane@example.com.png\"\r\n\r\n";
        String multipart = head + "\u0089PNG\u0000\u00ff\r\n--b\r\n\r\né\r\n--b--\r\n";
        byte[] bytes = multipart.getBytes(StandardCharsets.ISO_8859_1);
        assertThat(body(bytes, "multipart/form-data; boundary=b", StandardCharsets.ISO_8859_1))
                .isEqualTo(multipart.replace("123456789", "REDACTED_SSN_1").replace("jane@example.com", "REDACTED_EMAIL_1"));
    }

    @Test
    @Tag("B102")
    void encodedRunsAreDecodedOnceAndReplacedWhole() {
        String base64 = Base64.getEncoder().encodeToString("my ssn is 123-45-6789".getBytes(StandardCharsets.UTF_8));
        assertThat(body("data=" + base64 + ".", "text/plain")).isEqualTo("data=REDACTED_SSN_1.");
        String url = Base64.getUrlEncoder().withoutPadding().encodeToString("~~~ jane@example.com ???".getBytes(StandardCharsets.UTF_8));
        assertThat(body("{\"d\":\"" + url + "\"}", "application/json")).isEqualTo("{\"d\":\"REDACTED_EMAIL_1\"}");
        String hex = HexFormat.of().formatHex("card 4111111111111111".getBytes(StandardCharsets.UTF_8));
        assertThat(body(hex, "text/plain")).isEqualTo("REDACTED_CREDIT_CARD_1");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"parts\":[\"123-45\",\"-6789\"]}",
        "[{\"t\":\"4111\"},{\"t\":\"1111\"},{\"t\":\"1111\"},{\"t\":\"1111\"}]",
        "{\"p1\":\"4111\",\"p2\":\"1111\",\"p3\":\"1111\",\"p4\":\"1111\"}",
        "[\"jane@exam\",\"ple.com\"]",
        "[\"4\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"]",
    })
    @Tag("B099")
    void dataCutIntoSeveralStringsBlocks(String json) {
        assertThat(body(json, "application/json")).startsWith("blocked pii_blocked");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"id\":\"4532\",\"zip\":\"10001\",\"n\":\"5551234\"}",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"Say hello to version 1.2.3\"}],\"max_tokens\":1024}",
        "{\"created\":1716366753,\"id\":\"550e8400-e29b-41d4-a716-446655440000\"}",
        "[1,2,3,4111,1111,1111,1111]",
        "[\"hello\",\"@world\",\"x.org\"]",
        "{\"embedding\":[0.123456789,-0.4111111111111111]}",
        "{}", "[]", "null", "\"\"",
    })
    void ordinaryJsonIsClean(String json) {
        assertThat(body(json, "application/json")).isEqualTo("clean");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "/users/jane@example.com?x=1|/users/REDACTED_EMAIL_1?x=1",
        "/users/jane%40example.com|/users/REDACTED_EMAIL_1",
        "/u?email=jane%2540example.com&b=%20|/u?email=REDACTED_EMAIL_1&b=%20",
        "/ssn/123456789/x|/ssn/REDACTED_SSN_1/x",
        "/pay?card_number=4222222222222|/pay?card_number=REDACTED_CREDIT_CARD_1",
        "/q?phone=+15551234567|/q?phone=REDACTED_PHONE_1",
        "/q?123-45-6789|/q?REDACTED_SSN_1",
    })
    @Tag("B101")
    void redactsTargets(String target, String expected) {
        assertThat(screen.screenTarget(target, HOST))
                .isInstanceOfSatisfying(Screened.Redacted.class, r -> assertThat(r.content()).isEqualTo(expected));
        assertThat(screen.screenTarget("/v1/items?page=7204&sort=-id", HOST)).isInstanceOf(Screened.Clean.class);
    }

    @Test
    @Tag("B108")
    void headersKeepTheirCredentialsAndNothingElse() {
        String key = "sk-" + "proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z";
        assertThat(screen.screenHeader("Authorization", "Bearer " + key, HOST)).isInstanceOf(Screened.Clean.class);
        assertThat(screen.screenHeader("x-api-key", key, HOST)).isInstanceOf(Screened.Clean.class);
        String basic = Base64.getEncoder().encodeToString("jane@example.com:ATokenOfHers1".getBytes(StandardCharsets.UTF_8));
        assertThat(screen.screenHeader("Authorization", "Basic " + basic, HOST)).isInstanceOf(Screened.Clean.class);
        assertThat(screen.screenHeader("X-Note", key, HOST)).isInstanceOf(Screened.Redacted.class);
        assertThat(screen.screenHeader("Authorization", "Bearer 123-45-6789", HOST)).isInstanceOf(Screened.Redacted.class);
        assertThat(screen.screenHeader("Cookie", "mail=jane%40example.com", HOST)).isInstanceOf(Screened.Redacted.class);
        assertThat(screen.screenHeader("X-Phone", "5551234567", HOST)).isInstanceOf(Screened.Redacted.class);
        assertThat(screen.screenHeader("User-Agent", "Mozilla/5.0 Chrome/120.0.0.0", HOST)).isInstanceOf(Screened.Clean.class);
        assertThat(screen.screenHeader("Host", "10.1.2.3", HOST)).isInstanceOf(Screened.Clean.class);
        assertThat(screen.screenHeader("x-123-45-6789", "a", HOST)).isInstanceOf(Screened.Blocked.class);
        assertThat(screen.screenHeader("Content-Type", "text/x; a=123-45-6789", HOST)).isInstanceOf(Screened.Blocked.class);
        assertThat(screen.screenHeader("Content-Type", "application/json", HOST)).isInstanceOf(Screened.Clean.class);
    }

    @Test
    void theActionDecidesWhatComesOfAFinding() {
        byte[] bytes = "{\"a\":\"123-45-6789\",\"b\":\"123-45-6789\"}".getBytes(StandardCharsets.UTF_8);
        assertThat(screen(ContentAction.BLOCK).screenBody(bytes, "application/json", HOST))
                .isEqualTo(new Screened.Blocked<byte[]>(Map.of("ssn", 2), Reason.PII_BLOCKED));
        assertThat(screen(ContentAction.LOG_ONLY).screenBody(bytes, "application/json", HOST))
                .isEqualTo(new Screened.Logged<byte[]>(Map.of("ssn", 2)));
        assertThat(vault.idle(HOST)).isTrue();
        assertThat(screen.screenBody(bytes, "application/json", HOST).counts()).isEqualTo(Map.of("ssn", 2));
        assertThat(vault.idle(HOST)).isFalse();
    }

    @Test
    @Tag("B126")
    void aScannerThatFailsAndAFullVaultRefuse() {
        PiiPolicy policy = new PiiPolicy(true, ALL, ContentAction.LOG_ONLY, true, HostSelector.ALL);
        ContentScreen broken = new ContentScreen(policy, new dev.declaw.model.scan.Scanner() {
            @Override
            public String name() {
                return "broken";
            }

            @Override
            public java.util.List<dev.declaw.model.scan.Finding> scan(dev.declaw.model.scan.ScanText text) {
                throw new IllegalStateException("123-45-6789");
            }
        }, vault);
        assertThat(broken.screenTarget("/abcdefg", HOST))
                .isEqualTo(new Screened.Blocked<String>(Map.of(), Reason.SCANNER_FAILED));
        vault.close();
        assertThat(screen.screenTarget("/123-45-6789", HOST))
                .isEqualTo(new Screened.Blocked<String>(Map.of(), Reason.LIMIT_REACHED));
    }

    @Test
    @Tag("B109")
    void aTokenThatTheGuestWritesItselfIsNeverMinted() {
        assertThat(body("REDACTED_SSN_1 is not 123-45-6789", "text/plain")).isEqualTo("REDACTED_SSN_1 is not REDACTED_SSN_2");
    }

    @Test
    void aScreeningThatIsInterruptedEndsBeforeTheNextText() {
        java.util.concurrent.atomic.AtomicInteger scans = new java.util.concurrent.atomic.AtomicInteger();
        Scanner model = new Scanner() {
            @Override
            public String name() {
                return "pii";
            }

            @Override
            public List<Finding> scan(ScanText text) {
                if (scans.incrementAndGet() == 3) Thread.currentThread().interrupt();
                return List.of();
            }
        };
        ContentScreen slow = new ContentScreen(new PiiPolicy(true, ALL, ContentAction.REDACT, true, HostSelector.ALL), model, vault);
        byte[] many = ("[" + "\"one\",".repeat(1_000) + "1]").getBytes(StandardCharsets.UTF_8);
        Screened<byte[]> screened = slow.screenBody(many, "application/json", HOST);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(screened).isEqualTo(new Screened.Blocked<byte[]>(Map.of(), Reason.SCANNER_FAILED));
        assertThat(scans).hasValue(3);
    }
}
