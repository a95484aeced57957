package dev.declaw.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.sdk.json.JsonException;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.json.JsonReader;
import dev.declaw.sdk.json.JsonWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "null", "true", "-0.5", "12345678901234567", "1.0E-10", "\"\"", "\"a\\\"\\\\\\n\\u0001\u00fc\ud83d\ude00\"", "[]",
                "[1,[2,{}]]", "{\"a\":{\"b\":[null,false]},\"c\":\"d\"}"
            })
    void whatIsReadIsWrittenAsItWas(String text) {
        assertThat(JsonWriter.write(JsonReader.read(text))).isEqualTo(text);
        assertThat(JsonReader.read(" \r\n\t" + text + " ")).isEqualTo(JsonReader.read(text));
        assertThat(JsonReader.read(JsonWriter.indented(JsonReader.read(text)))).isEqualTo(JsonReader.read(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", " ", "nul", "01", "+1", "1.", ".5", "1e", "NaN", "'a'", "\"a", "\"\n\"", "\"\\x\"", "\"\\u12\"", "[1,]", "[1 2]",
                "{\"a\"}", "{a:1}", "{\"a\":1,}", "1 2", "[", "{\"a\":1]"
            })
    void whatIsNoJsonIsRefused(String text) {
        assertThatThrownBy(() -> JsonReader.read(text)).isInstanceOf(JsonException.class);
    }

    @Test
    void depthIsBoundedAndLoneSurrogatesDoNotBreakTheText() {
        assertThatThrownBy(() -> JsonReader.read("[".repeat(100_000))).isInstanceOf(JsonException.class);
        assertThat(JsonWriter.write("a\ud800b")).isEqualTo("\"a\\ud800b\"");
        assertThat(new JsonObject().put("n", 1).put("x", null).toString()).isEqualTo("{\"n\":1}");
    }
}
