package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.model.scan.ContentScanners;
import dev.declaw.model.scan.PersonalDataScanners;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Bodies that are too large to be held: what leaves is the same however they come, and nothing is missed at the seams.
class BodyStreamTest {
    private static final String HOST = "api.example.test";
    private static final String SSN = "219-09-9999";
    private static final String PII = "{'pii':{'enabled':true,'types':['ssn','email','credit_card','iban']}}";

    private final TokenVault vault = new TokenVault();

    private record Out(String text, Optional<Reason> refused, Map<String, Integer> counts) {}

    private ContentRun run(String policy) throws Exception {
        SecurityPolicy read = PolicyReader.read(new ObjectMapper().readTree(policy.replace('\'', '"')), null).policy();
        ContentPipeline pipeline = new ContentPipeline(
                read, CredentialSet.NONE, ContentScanners.installed(), PersonalDataScanners.installed(), vault, CustomGates.NONE);
        return pipeline.begin(HostName.parse(HOST), HOST);
    }

    private Optional<BodyStream> stream(String policy, String type, byte[] body) throws Exception {
        return run(policy).bodyStream(type, Arrays.copyOf(body, Math.min(body.length, BodyStream.HELD_BYTES_MAX)));
    }

    private Out feed(String policy, String type, byte[] body, IntUnaryOperator pieceAt) throws Exception {
        ContentRun run = run(policy);
        BodyStream stream = run.bodyStream(type, Arrays.copyOf(body, Math.min(body.length, BodyStream.HELD_BYTES_MAX))).orElseThrow();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int at = 0; at < body.length && stream.refused().isEmpty(); ) {
            int to = Math.min(body.length, at + pieceAt.applyAsInt(at));
            out.writeBytes(stream.feed(Arrays.copyOfRange(body, at, to), to == body.length));
            at = to;
        }
        return new Out(out.toString(StandardCharsets.UTF_8), stream.refused(), run.counts());
    }

    private static String prose(Random random, int chars) {
        String[] words = {"the ", "bicycle ", "ünïcode ", "\uD83D\uDE00 ", "a, ", "12 ", "line\n", "http://x.test/a/b ", "x=1&y=2 "};
        StringBuilder text = new StringBuilder();
        while (text.length() < chars) text.append(words[random.nextInt(words.length)]);
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    @Tag("B089") @Tag("B098")
    void theSameLeavesWhateverTheCuts(long seed) throws Exception {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        int planted = 0;
        while (text.length() < 700_000) {
            text.append(prose(random, random.nextInt(20_000))).append(SSN).append(' ');
            planted++;
        }
        byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
        Out whole = feed(PII, "text/plain", body, _ -> body.length);
        assertThat(whole.text).doesNotContain(SSN);
        assertThat(whole.counts).containsEntry("ssn", planted);
        assertThat(whole.text.replace("REDACTED_SSN_1", SSN)).isEqualTo(text.toString());
        assertThat(feed(PII, "text/plain", body, _ -> 1 + random.nextInt(90_000))).isEqualTo(whole);
        assertThat(feed(PII, "text/plain", body, _ -> 1 + random.nextInt(50))).isEqualTo(whole);
        assertThat(feed(PII, "text/plain", body, _ -> 1)).isEqualTo(whole);
    }

    @Test
    @Tag("B098")
    @DisplayName("B098 a value at every distance from the end of a window")
    void nothingIsMissedAtASeam() throws Exception {
        String filler = "word ".repeat((Window.LOOK_CHARS + 2 * Window.OVERLAP_CHARS) / 5);
        for (int seam : new int[] {Window.LOOK_CHARS, Window.LOOK_CHARS + Window.OVERLAP_CHARS}) {
            for (int shift = -24; shift <= 24; shift++) {
                String text = filler.substring(0, seam + shift) + " " + SSN + " " + filler;
                byte[] body = text.getBytes(StandardCharsets.UTF_8);
                Out out = feed(PII, "text/plain", body, _ -> 10_000);
                assertThat(out.text).as("shift %d", shift).doesNotContain("9999").contains("REDACTED_SSN_1");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json", "application/x-ndjson"})
    @Tag("B097")
    void jsonStaysJson(String type) throws Exception {
        boolean lines = type.contains("nd");
        StringBuilder text = new StringBuilder(lines ? "" : "[");
        for (int i = 0; i < 12_000; i++) {
            String item = "{\"id\":" + i + ",\"note\":\"caf\\u00e9 \\\"q\\\" \\\\ " + (i % 50 == 0 ? "card 4111111111111111" : "none") + "\","
                    + "\"card\":" + (i % 70 == 0 ? "5555555555554444" : "17") + ",\"ssn\":\"" + (i % 90 == 0 ? "219\\u002d09-9999" : "") + "\"}";
            text.append(item).append(lines ? "\n" : i < 11_999 ? "," : "]");
        }
        byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
        Out out = feed(PII, type, body, _ -> 30_000);
        assertThat(out.text).doesNotContain("4111111111111111").doesNotContain("5555555555554444").doesNotContain("09-9999");
        ObjectMapper json = new ObjectMapper();
        String array = lines ? "[" + String.join(",", out.text.split("\n")) + "]" : out.text;
        JsonNode read = json.readTree(array);
        assertThat(read).hasSize(12_000);
        assertThat(read.get(70).get("card").textValue()).startsWith("REDACTED_CREDIT_CARD_");
        assertThat(read.get(71).get("card").intValue()).isEqualTo(17);
        assertThat(read.get(90).get("ssn").textValue()).startsWith("REDACTED_SSN_");
        assertThat(read.get(1).get("note").textValue()).isEqualTo("café \"q\" \\ none");
    }

    @Test
    @Tag("B102")
    void aLongEncodedRunIsReadAsAWhole() throws Exception {
        String hidden = "line\n".repeat(40_000) + "number " + SSN + " end";
        String run = Base64.getEncoder().encodeToString(hidden.getBytes(StandardCharsets.UTF_8));
        String text = prose(new Random(5), 600_000) + run + " and on " + prose(new Random(6), 100_000);
        Out out = feed(PII, "text/plain", text.getBytes(StandardCharsets.UTF_8), _ -> 40_000);
        assertThat(out.text).doesNotContain(run).contains(" and on ");
        assertThat(out.counts).containsEntry("ssn", 1);
    }

    @Test
    @Tag("B103")
    void hiddenCharactersGoTooAndBeforePersonalDataIsLookedFor() throws Exception {
        String policy = "{'invisible_text':{'enabled':true},'pii':{'enabled':true,'types':['ssn']}}";
        String hidden = "219\u200b-09\u200b-99\u200b99";
        String text = prose(new Random(7), 600_000) + hidden + " " + prose(new Random(8), 100_000);
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        Out whole = feed(policy, "text/plain", body, _ -> body.length);
        assertThat(whole.text).doesNotContain("\u200b").doesNotContain("9999").contains("REDACTED_SSN_1");
        assertThat(feed(policy, "text/plain", body, _ -> 777)).isEqualTo(whole);
    }

    @Test
    void aTableKeepsItsHead() throws Exception {
        String policy = "{'pii':{'enabled':true,'types':['date_of_birth']}}";
        StringBuilder text = new StringBuilder("id,date of birth,city\n");
        for (int i = 0; i < 30_000; i++) text.append(i).append(",19").append(50 + i % 40).append("-03-1").append(i % 9).append(",Oslo\n");
        Out out = feed(policy, "text/csv", text.toString().getBytes(StandardCharsets.UTF_8), _ -> 50_000);
        assertThat(out.counts.getOrDefault("date_of_birth", 0)).isEqualTo(30_000);
    }

    @ParameterizedTest
    @Tag("B097") @Tag("B102")
    @CsvSource(delimiter = '|', value = {
        "application/x-www-form-urlencoded | &card=4111+1111+1111+1111& | 1111+1111+1111",
        "application/json | ,\"{\\\"a\\\":\\\"jo\\\\u0040mail.example.com\\\"}\", | mail.example",
        "application/json | ,\"jo\\u002540mail.example.com\", | mail.example",
    })
    @DisplayName("B097 what is found in a body that is held is found in one that streams: forms, JSON within JSON, escapes of escapes")
    void nestedEncodingsAreReadAsInAHeldBody(String type, String piece, String hidden) throws Exception {
        boolean json = type.endsWith("json");
        String filler = (json ? "\"some words\"," : "a=some+words&").repeat(50_000);
        String text = (json ? "[" : "") + filler + piece.substring(json ? 1 : 0) + filler + (json ? "1]" : "z=1");
        ContentRun held = run(PII);
        assertThat(new String(held.body(text.getBytes(StandardCharsets.UTF_8), type), StandardCharsets.UTF_8).contains(hidden)).as("held").isFalse();
        Out out = feed(PII, type, text.getBytes(StandardCharsets.UTF_8), _ -> 40_000);
        assertThat(out.text.contains(hidden)).as("streamed").isFalse();
        assertThat(out.text.contains("REDACTED_")).isTrue();
    }

    @Test
    @Tag("B103")
    void hiddenCharactersOfAFormGoToo() throws Exception {
        String policy = "{'invisible_text':{'enabled':true}}";
        String form = "a=some+words&".repeat(50_000) + "b=x%E2%80%8By&c=1";
        byte[] body = form.getBytes(StandardCharsets.UTF_8);
        assertThat(new String(run(policy).body(body, "application/x-www-form-urlencoded"), StandardCharsets.UTF_8).contains("%E2%80%8B")).isFalse();
        assertThat(stream(policy, "application/x-www-form-urlencoded", body)).as("only its pairs tell, so it is held").isEmpty();
    }

    @Test
    void logOnlyCountsAndChangesNothing() throws Exception {
        String policy = "{'pii':{'enabled':true,'types':['ssn'],'action':'log_only'}}";
        String text = (prose(new Random(9), 200_000) + SSN + " ").repeat(4);
        Out out = feed(policy, "text/plain", text.getBytes(StandardCharsets.UTF_8), _ -> 12_345);
        assertThat(out.text).isEqualTo(text);
        assertThat(out.counts).containsEntry("ssn", 4);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'pii':{'enabled':true,'types':['ssn'],'action':'block'}} | text/plain",
        "{'pii':{'enabled':true,'types':['ssn']},'mode':'report'} | text/plain",
        "{'pii':{'enabled':true,'types':['ssn']},'code_security':{'enabled':true}} | text/plain",
        "{'transformations':[{'match':'a','replace':'b'}]} | text/plain",
        "{'pii':{'enabled':true,'types':['ssn']}} | multipart/form-data; boundary=x",
        "{'pii':{'enabled':true,'types':['ssn']}} | text/plain; charset=utf-16le",
        "{'pii':{'enabled':true,'types':['ssn']}} | application/grpc"
    })
    void whatMustBeSeenAsAWholeIsHeld(String policy, String type) throws Exception {
        assertThat(stream(policy, type, "some text ".getBytes(StandardCharsets.UTF_8))).isEmpty();
    }

    @Test
    @Tag("B096")
    void bytesThatAreNoTextEndIt() throws Exception {
        byte[] body = prose(new Random(4), 700_000).getBytes(StandardCharsets.UTF_8);
        body[650_000] = (byte) 0xff;
        Out out = feed(PII, "text/plain", body, _ -> 30_000);
        assertThat(out.refused).contains(Reason.UNDECODABLE_BODY);
        assertThat(stream(PII, "text/plain", new byte[] {0, 1, 2})).isEmpty();
    }
}
