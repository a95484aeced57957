package dev.declaw.guardrails.injection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.guardrails.injection.LlmBody.Piece;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LlmBodyTest {
    private static String spoken(String body) {
        return LlmBody.read(body).orElseThrow().stream().map((Piece p) -> p.origin() + ":" + p.text()).collect(Collectors.joining("; "));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"messages\":[{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"b\\nc\"},{\"role\":\"assistant\",\"content\":\"d\"},{\"role\":\"tool\",\"content\":\"e\"}]} | SYSTEM:a; USER:b\\nc; ASSISTANT:d; TOOL:e",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"tool_result\",\"content\":[{\"type\":\"text\",\"text\":\"b\"}]}]}]} | USER:a; TOOL:tool_result; TOOL:text; TOOL:b",
        "{\"model\":\"m\",\"input\":\"hello\"} | USER:hello",
        "{\"model\":\"m\",\"input\":[{\"role\":\"developer\",\"content\":\"a\"},{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"b\"}]},{\"type\":\"function_call_output\",\"output\":\"c\"}]} | SYSTEM:a; USER:b; TOOL:c",
        "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]},{\"role\":\"model\",\"parts\":[{\"text\":\"b\"}]},{\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":{\"r\":\"c\"}}}]}]} | USER:a; ASSISTANT:b; TOOL:f; TOOL:c",
        "{\"messages\":[],\"tools\":[{\"description\":\"d\"}]} | TOOL:d",
    })
    void readsWhoSaysWhat(String body, String wanted) {
        assertThat(spoken(body)).isEqualTo(wanted.replace("\\n", "\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "hello \"messages\"", "{\"messages\": \"none\"}", "{\"messages\": [", "[{\"messages\":[]}]", "{\"input\": \"no model\"}"})
    void anythingElseIsNoSuchBody(String text) {
        assertThat(LlmBody.read(text)).isEmpty();
    }

    @Test
    void aBodyCutAnywhereIsNoBodyAndNoError() {
        String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
        for (int i = 0; i < body.length(); i++) assertThat(LlmBody.read(body.substring(0, i))).isEmpty();
    }

    @Test
    void deepNestingIsNotFollowed() {
        String deep = "{\"messages\":[{\"role\":\"user\",\"content\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}]}";
        assertThat(LlmBody.read(deep)).isEmpty();
    }
}
