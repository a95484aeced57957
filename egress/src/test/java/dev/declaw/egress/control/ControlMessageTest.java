package dev.declaw.egress.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.egress.control.EgressProxy.SlotRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ControlMessageTest {
    static Stream<ControlMessage> messages() throws IOException {
        JsonNode policy = ControlMessage.JSON.readTree("{\"pii\":{\"enabled\":true}}");
        return Stream.of(
                new ControlMessage.Hello(1),
                new ControlMessage.Open(1, new SlotRequest("sbx-0123abcd", 2, policy, null)),
                new ControlMessage.Open(Long.MAX_VALUE, new SlotRequest("", 0, null, policy)),
                new ControlMessage.Open(2, new SlotRequest("sbx-1", 1, null, null, policy)),
                new ControlMessage.Update(9, new SlotRequest("sbx-1", 2, policy, null, policy)),
                new ControlMessage.Open(
                        4, new SlotRequest("sbx-1", 1, null, null, null, new EgressProxy.Tenant("owner-1", 100))),
                new ControlMessage.Close(3, "sbx-0123abcd"),
                new ControlMessage.Ping(4),
                new ControlMessage.Stats(5),
                new ControlMessage.Counted(5, "# TYPE x counter\nx_total 1.0\n"),
                new ControlMessage.Done(5, Optional.of("-----BEGIN CERTIFICATE-----\n")),
                new ControlMessage.Done(6, Optional.empty()),
                new ControlMessage.Failed(7, Optional.of("network.allow_out[0]"), "is none of: ü"),
                new ControlMessage.Failed(8, Optional.empty(), "the proxy cannot serve the slot"));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void aMessageIsReadAsItWasWritten(ControlMessage message) throws IOException {
        assertThat(ControlMessage.decode(message.encode())).isEqualTo(message);
    }

    @ParameterizedTest
    @MethodSource("messages")
    void aMessageCutOffAtEveryByteIsNone(ControlMessage message) {
        byte[] bytes = message.encode();
        for (int length = 0; length < bytes.length; length++) {
            byte[] part = Arrays.copyOf(bytes, length);
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> ControlMessage.decode(part));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "7",
                "[]",
                "{}",
                "{\"message\":null}",
                "{\"message\":\"shutdown\"}",
                "{\"message\":\"ping\"}",
                "{\"message\":\"ping\",\"id\":\"1\"}",
                "{\"message\":\"ping\",\"id\":1.5}",
                "{\"message\":\"ping\",\"id\":1} {}",
                "{\"message\":\"ping\",\"message\":\"close\",\"id\":1,\"sandbox_id\":\"x\"}",
                "{\"message\":\"close\",\"id\":1,\"sandbox_id\":null}",
                "{\"message\":\"open\",\"id\":1,\"sandbox_id\":\"x\",\"policy_version\":\"1\",\"security\":null,\"network\":null}",
                "{\"message\":\"open\",\"id\":1,\"sandbox_id\":\"x\",\"policy_version\":1,\"security\":null}",
                "{\"message\":\"hello\",\"protocol\":\"1\"}",
            })
    void whatIsNoMessageIsRefused(String text) {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> ControlMessage.decode(text.getBytes(StandardCharsets.UTF_8)));
    }
}
