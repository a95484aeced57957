package dev.declaw.model.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class AuditEventTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static AuditEvent.Builder event() {
        return AuditEvent.builder(
                "aud_000000000000000000000001",
                Instant.parse("2026-01-02T03:04:05.123456Z"),
                "sbx-00000001",
                AuditCategory.NETWORK,
                "egress_blocked");
    }

    @Test
    void survivesItsOwnJson() throws Exception {
        AuditEvent event = event().decision(Decision.deny(Reason.NOT_IN_ALLOW_LIST, null))
                .text(AuditEvent.Attribute.HOST, "evil.test")
                .number(AuditEvent.Attribute.PORT, 443)
                .counts(AuditEvent.Attribute.FINDINGS, Map.of("ssn", 2, "email", 1))
                .build();
        AuditEvent read = AuditEvent.fromJson(JSON.readTree(event.toJson().toString()));
        assertThat(read.toJson().toString()).isEqualTo(event.toJson().toString());
        assertThat(event.toJson().get("findings").get("ssn").intValue()).isEqualTo(2);
    }

    /// Catalogue row 128: what a guest chooses cannot break a line, a terminal or a table.
    @Test
    @Tag("B128")
    void turnsControlCharactersIntoReplacementsAndCutsLongText() {
        AuditEvent event = event().text("host", "a\r\nb\u001b[31m\u2028\u0000" + "x".repeat(2000)).build();
        String host = event.toJson().get("host").textValue();
        assertThat(host).startsWith("a\ufffd\ufffdb\ufffd[31m\ufffd\ufffdxxx").endsWith("…(2011 chars)");
        assertThat(host.length()).isLessThan(560);
    }

    @Test
    void refusesWhatIsNoEvent() throws Exception {
        for (String text : new String[] {"{}", "[]", "{\"id\":1}", "7", "{\"id\":\"a\",\"timestamp\":\"x\"}"}) {
            var node = JSON.readTree(text);
            assertThatThrownBy(() -> AuditEvent.fromJson(node)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    @Tag("B131")
    void theChainDependsOnEveryEventAndItsPlace() {
        String first = AuditChain.next(AuditChain.GENESIS, 1, "{\"a\":1}");
        assertThat(first).hasSize(64).isNotEqualTo(AuditChain.next(AuditChain.GENESIS, 2, "{\"a\":1}"));
        assertThat(AuditChain.next(first, 2, "{}")).isNotEqualTo(AuditChain.next(AuditChain.GENESIS, 2, "{}"));
    }
}
