package dev.declaw.guardrails.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.declaw.guardrails.injection.InjectionScanner;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CalibrationTest {
    @Test
    void scoresLieOnStraightLinesBetweenKnotsAndFlatOutside() {
        Calibration c = new Calibration(List.of("# note", "number gate -3.5", "curve x -2 0.1", "curve x 0 0.5", "curve x 4 1.0"));
        assertThat(c.number("gate")).isEqualTo(-3.5);
        assertThat(c.score("x", -9)).isEqualTo(0.1);
        assertThat(c.score("x", -1)).isCloseTo(0.3, within(1e-9));
        assertThat(c.score("x", 0)).isEqualTo(0.5);
        assertThat(c.score("x", 2)).isEqualTo(0.75);
        assertThat(c.score("x", 99)).isEqualTo(1.0);
        assertThatThrownBy(() -> c.score("x", Double.NaN)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> c.score("y", 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theShippedCurveNeverFalls() {
        Calibration shipped = Calibration.read(InjectionScanner.class, "injection-calibration.txt");
        double before = 0;
        for (double logit = -30; logit < 30; logit += 0.01) {
            double score = shipped.score("tier0", logit);
            assertThat(score).isBetween(before, 1.0);
            before = score;
        }
        assertThat(before).isEqualTo(1.0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"curve x 0 0.5|curve x -1 0.6", "curve x 0 0.5|curve x 1 0.4", "curve x 0 1.5", "number a", "shape x 1 2", "curve x a b"})
    void aCurveThatFallsOrALineThatIsNoneIsABrokenBuild(String lines) {
        assertThatThrownBy(() -> new Calibration(List.of(lines.split("\\|")))).isInstanceOfAny(IllegalStateException.class, NumberFormatException.class);
    }
}
