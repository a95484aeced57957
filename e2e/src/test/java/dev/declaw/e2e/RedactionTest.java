package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.e2e.WholeSystem.TestSandbox;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/// Personal data from a real guest: what the origin gets, what the guest gets back, what the audit keeps.
@ExtendWith(WholeSystem.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedactionTest {
    private static final String SSN = "536-90-4399";
    private static final String CARD = "4111111111111111";
    private static final String MAIL = "maria.lopez@example.com";

    private final Rig rig;
    private TestSandbox sandbox;

    RedactionTest(Rig rig) {
        this.rig = rig;
    }

    @BeforeAll
    void open() {
        sandbox = rig.sandbox("{'network': {'allow_out': ['*.example.test']}, 'security': {'pii': {'enabled': true}}}");
    }

    @AfterAll
    void close() {
        sandbox.close();
    }

    @BeforeEach
    void forget() {
        rig.api.forget();
        rig.plain.forget();
    }

    private static String post(String type, String body, String... headers) {
        return "POST /in HTTP/1.1\r\nHost: api.example.test\r\nContent-Type: " + type + "\r\nContent-Length: " + body.length() + "\r\n"
                + String.join("", java.util.Arrays.stream(headers).map(h -> h + "\r\n").toList()) + "\r\n" + body;
    }

    private void assertNothingLeft() {
        assertThat(rig.api.everSaw(SSN)).as("SSN at the origin").isFalse();
        assertThat(rig.api.everSaw(CARD)).as("card at the origin").isFalse();
        assertThat(rig.api.everSaw(MAIL)).as("e-mail at the origin").isFalse();
    }

    @Test
    void jsonStringsAreRedactedOneByOneAndComeBackToTheGuest() throws Exception {
        String body = "{\"ssn\": \"" + SSN + "\", \"n\": [1.50, true], \"deep\": {\"mail\": \"\\u006d" + MAIL.substring(1) + "\"}}";
        JsonNode report = sandbox.probe("api.example.test", 443, "api.example.test", post("application/json", body));
        assertNothingLeft();
        assertThat(rig.api.received().getFirst().text())
                .contains("\"n\": [1.50, true]")
                .contains("REDACTED_SSN_")
                .contains("REDACTED_EMAIL_");
        assertThat(report.path("response").textValue()).contains(SSN).contains(MAIL).doesNotContain("REDACTED_");
        assertThat(report.path("issuer").textValue()).contains(sandbox.id());
    }

    @Test
    @Tag("B101") @Tag("B108")
    void formsTargetsAndHeadersAreRedactedToo() {
        String body = "card=" + CARD + "&mail=maria.lopez%40example.com&note=ok";
        String request = post("application/x-www-form-urlencoded", body, "X-Customer: " + MAIL, "X-Trace: keep-me")
                .replace("POST /in", "POST /in/maria.lopez%40example.com?ssn=" + SSN + "&page=2");
        sandbox.probe("api.example.test", 443, "api.example.test", request);
        assertNothingLeft();
        assertThat(rig.api.everSaw("lopez%40example")).isFalse();
        var received = rig.api.received().getFirst();
        assertThat(received.target()).contains("page=2").contains("REDACTED_SSN_");
        assertThat(received.header("X-Trace")).contains("keep-me");
        assertThat(received.header("X-Customer").orElseThrow()).startsWith("REDACTED_EMAIL_");
        assertThat(received.text()).contains("note=ok").contains("card=REDACTED_CREDIT_CARD_");
    }

    @Test
    void plainHttpIsRedactedLikeTls() {
        String request = post("text/plain", "call me: " + MAIL).replace("Host: api", "Host: plain");
        sandbox.probe("plain.example.test", 80, null, request);
        assertThat(rig.plain.everSaw(MAIL)).isFalse();
        assertThat(rig.plain.received().getFirst().text()).startsWith("call me: REDACTED_EMAIL_");
    }

    /// Catalogue rows 98 and I9: a number cut over chunks and over TCP segments is found all the same.
    @Test
    @Tag("B098")
    void aNumberSplitOverChunksAndSegmentsIsFound() {
        List<String> parts = new ArrayList<>();
        parts.add("POST /in HTTP/1.1\r\nHost: api.example.test\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (char c : ("my ssn is " + SSN + " and my card " + CARD + ".").toCharArray()) parts.add("1\r\n" + c + "\r\n");
        parts.add("0\r\n\r\n");
        sandbox.probe("api.example.test", 443, "api.example.test", 0.002, parts.toArray(String[]::new));
        assertNothingLeft();
        assertThat(rig.api.received().getFirst().text()).isEqualTo(rig.api.received().getFirst().text().replaceAll("[0-9]{6,}", ""));

        rig.api.forget();
        String whole = post("text/plain", "ssn: " + SSN);
        sandbox.probe(
                "api.example.test", 443, "api.example.test", 0.002, whole.chars().mapToObj(c -> String.valueOf((char) c)).toArray(String[]::new));
        assertNothingLeft();
        assertThat(rig.api.received()).hasSize(1);
    }

    @Test
    @Tag("B092")
    void compressedBodiesAreOpenedBeforeTheyAreJudged() {
        var ran = sandbox.run("python3 - <<'PY'\n"
                + "import gzip, urllib.request\n"
                + "for attempt in range(1):\n"
                + "    body = gzip.compress(gzip.compress(b'ssn " + SSN + "'))\n"
                + "    r = urllib.request.Request('https://api.example.test/z', data=body, headers={'Content-Encoding': 'gzip, gzip', 'Content-Type': 'text/plain'})\n"
                + "    print(urllib.request.urlopen(r, timeout=20).status)\nPY");
        assertThat(ran.stdout()).as(ran.stderr()).contains("200");
        assertNothingLeft();
        assertThat(rig.api.received().getFirst().header("Content-Encoding")).isEmpty();
        assertThat(rig.api.received().getFirst().text()).startsWith("ssn REDACTED_SSN_");
    }

    @Test
    @Tag("B093")
    void aBodyThatCannotBeDecodedDoesNotLeave() {
        JsonNode report = sandbox.probe(
                "api.example.test", 443, "api.example.test", post("text/plain", "canary-8842", "Content-Encoding: aes128gcm"));
        assertThat(report.path("response").textValue()).startsWith("HTTP/1.1 403").contains("undecodable_body");
        assertThat(rig.api.everSaw("canary-8842")).isFalse();
    }

    @Test
    @Tag("B129")
    void theAuditCountsFindingsAndNeverShowsThem() {
        sandbox.probe("api.example.test", 443, "api.example.test", post("application/json", "{\"a\":\"" + SSN + "\"}"));
        String trail = sandbox.api().audit(sandbox.id(), "").toString();
        assertThat(trail).contains("\"ssn\":1").doesNotContain(SSN).doesNotContain(MAIL).doesNotContain(CARD);
    }

    @Test
    void blockRefusesTheRequestAndLogOnlyLetsItPass() {
        try (TestSandbox blocking = rig.sandbox(
                "{'network': {'allow_out': ['api.example.test']}, 'security': {'pii': {'enabled': true, 'action': 'block'}}}")) {
            JsonNode report = blocking.probe("api.example.test", 443, "api.example.test", post("text/plain", "ssn " + SSN));
            assertThat(report.path("response").textValue()).startsWith("HTTP/1.1 403").contains("pii_blocked");
            assertThat(rig.api.received()).isEmpty();
            assertThat(blocking.denials()).contains("pii_blocked");
        }
        try (TestSandbox logging = rig.sandbox(
                "{'network': {'allow_out': ['api.example.test']}, 'security': {'pii': {'enabled': true, 'action': 'log_only'}}}")) {
            logging.probe("api.example.test", 443, "api.example.test", post("text/plain", "ssn " + SSN));
            assertThat(rig.api.everSaw(SSN)).isTrue();
            assertThat(logging.api().audit(logging.id(), "").toString()).contains("\"ssn\":1");
        }
    }

    @Test
    @Tag("B041")
    void whatNoPolicyReadsIsPassedThroughUnopened() {
        try (TestSandbox open = rig.sandbox("{'network': {'allow_out': ['api.example.test']}, "
                + "'security': {'pii': {'enabled': true, 'domains': ['other.example.test']}}}")) {
            var ran = open.run("python3 - <<'PY'\nimport ssl, socket\n"
                    + "c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE\n"
                    + "s = c.wrap_socket(socket.create_connection(('api.example.test', 443), 20), server_hostname='api.example.test')\n"
                    + "import hashlib; print(s.getpeercert(True).hex())\nPY");
            assertThat(ran.stdout()).as("the origin's own certificate, not ours").contains("41 20 77 6f 72 6c 64".replace(" ", ""));
        }
    }
}
