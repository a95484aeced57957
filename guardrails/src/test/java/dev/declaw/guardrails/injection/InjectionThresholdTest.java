package dev.declaw.guardrails.injection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InjectionThresholdTest {
    @ParameterizedTest
    @CsvSource({
        ",,,UNKNOWN,0.95", "0.7,,,USER,0.7", "0.7,low,,USER,0.7", ",low,,USER,0.95", ",medium,,USER,0.8", ",high,,USER,0.5", "0.95,,strict,USER,0.5", "0.95,,balanced,USER,0.8",
        "0.3,,permissive,USER,0.3", ",,permissive,USER,0.95", ",,agentic-tool,TOOL,0.5", ",,agentic-tool,USER,0.8", ",,agentic-tool,UNKNOWN,0.5", ",,data-egress-sensitive,TOOL,0.65",
    })
    void thresholdWinsOverSensitivityAndThePostureOnlyTightens(Double threshold, String sensitivity, String posture, Origin origin, double wanted) {
        assertThat(InjectionThreshold.of(threshold, sensitivity, posture, origin)).isEqualTo(wanted);
    }

    @Test
    void unknownWordsAreRefused() {
        assertThatThrownBy(() -> InjectionThreshold.of(null, "extreme", null, Origin.USER)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> InjectionThreshold.of(null, null, "lenient", Origin.USER)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> InjectionThreshold.of(1.5, null, null, Origin.USER)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> InjectionThreshold.of(Double.NaN, null, null, Origin.USER)).isInstanceOf(IllegalArgumentException.class);
    }
}
