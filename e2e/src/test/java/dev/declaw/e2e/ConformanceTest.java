package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Every public method of the official clients' sandbox surface, against real microVMs. Which methods exist is read from the
/// clients themselves: one that no script calls fails its script.
@ExtendWith(WholeSystem.class)
class ConformanceTest {
    private final Rig rig;

    ConformanceTest(Rig rig) {
        this.rig = rig;
    }

    @Test
    void thePythonClient() throws Exception {
        python("conformance_sync.py");
    }

    private void python(String script) throws Exception {
        run(Command.of(OfficialClients.python().toString(), OfficialClients.SCRIPTS.resolve(script).toString()));
    }

    private void run(Command command) throws Exception {
        Exec.Output output = Exec.run(command.withEnvironment("DECLAW_DOMAIN", rig.platform.domain())
                .withEnvironment("DECLAW_API_KEY", rig.platform.apiKey())
                .withDeadline(Duration.ofMinutes(4)));
        assertThat(output.text()).contains("checks passed");
    }
}
