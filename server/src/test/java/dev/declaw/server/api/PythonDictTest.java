package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PythonDictTest {
    @Test
    void theTextsThatPythonMakesAreRead() {
        assertThat(PythonDict.parse("{}")).contains(Map.of());
        assertThat(PythonDict.parse("{'a': 'b'}")).contains(Map.of("a", "b"));
        assertThat(PythonDict.parse("{'a': \"it's\", 'c': 'x\\\\y\\n\\xe9\\u20ac'}"))
                .contains(Map.of("a", "it's", "c", "x\\y\n\u00e9\u20ac"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "}", "{'a'}", "{'a':}", "{'a': 1}", "{'a': 'b'} x", "{'a': 'b'", "{a: 'b'}", "{'a': '\\q'}", "{'a': '\\x1"})
    void everythingElseIsRefused(String text) {
        assertThat(PythonDict.parse(text)).isEmpty();
    }

    @Test
    void everyTruncationIsRefused() {
        String whole = "{'a': 'b', 'c': \"d\\u20ac\"}";
        for (int i = 0; i < whole.length(); i++) assertThat(PythonDict.parse(whole.substring(0, i))).isEmpty();
    }
}
