package dev.declaw.model.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.model.scan.CustomType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CustomTypeReaderTest {
    private static PiiPolicy read(String customTypes) throws Exception {
        String policy = "{'pii': {'enabled': true, 'types': [], 'custom_types': " + customTypes + "}}";
        return PolicyReader.read(new ObjectMapper().readTree(policy.replace('\'', '"')), null).policy().pii();
    }

    @Test
    void aPatternAndADictionaryAreRead() throws Exception {
        PiiPolicy pii = read("[{'name': 'employee_id', 'pattern': 'E[0-9]{7}', 'check': 'luhn', 'context': ['badge'], 'context_chars': 20, 'confidence': 0.6},"
                + " {'name': 'project', 'dictionary': ['Blue Heron']}]");
        assertThat(pii.types()).isEmpty();
        CustomType id = pii.custom().getFirst();
        assertThat(id.name()).isEqualTo("employee_id");
        assertThat(id.check()).isEqualTo(CustomType.Check.LUHN);
        assertThat(id.contextWords()).containsExactly("badge");
        assertThat(id.contextChars()).isEqualTo(20);
        assertThat(id.confidence()).isEqualTo(0.6);
        assertThat(pii.custom().getLast().dictionary()).containsExactly("Blue Heron");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "[{'name': 'a_b'}] | custom_types[0] | either a pattern or a dictionary",
                "[{'name': 'a_b', 'pattern': 'x', 'dictionary': ['yy']}] | custom_types[0] | either a pattern or a dictionary",
                "[{'name': 'a_b', 'pattern': '(?=x)'}] | custom_types[0] | not RE2",
                "[{'name': 'a_b', 'pattern': 'x*'}] | custom_types[0] | empty text",
                "[{'name': 'ssn', 'pattern': 'x'}] | custom_types[0] | built-in",
                "[{'name': 'A B', 'pattern': 'x'}] | custom_types[0] | lower-case",
                "[{'name': 'a_b', 'pattern': 'x', 'check': 'sum'}] | custom_types[0].check | luhn",
                "[{'name': 'a_b', 'dictionary': ['xx'], 'check': 'luhn'}] | custom_types[0].check | patterns",
                "[{'name': 'a_b', 'pattern': 'x', 'regex': 1}] | custom_types[0].regex | pattern",
                "[{'name': 'a_b', 'pattern': 'x', 'context_chars': 'many'}] | custom_types[0].context_chars | whole number",
                "[{'name': 'a_b', 'pattern': 'x'}, {'name': 'a_b', 'pattern': 'y'}] | custom_types[1].name | twice",
                "{} | custom_types | array"
            })
    void whatCannotBeUsedIsRefusedWithItsField(String json, String field, String says) {
        assertThatThrownBy(() -> read(json))
                .isInstanceOf(PolicyException.class)
                .hasMessageContaining("security.pii." + field)
                .hasMessageContaining(says);
    }
}
