package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import dev.declaw.server.lifecycle.Sandboxes;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `env_security.sensitive_vars`: known to the sandbox, and shown to nobody.
final class SensitiveVariablesTest {
    private static final String VALUE = "hunter2-hunter2";

    @TempDir
    Path home;

    private final FakeHost host = new FakeHost();

    private TestServer server() throws Exception {
        return new TestServer(home, host, new MovedClock(), new Sandboxes.Settings(8, 4, 3600, 0, true));
    }

    private static String policy(boolean asText) {
        String object = "{\"env_security\":{\"auto_mask_in_audit\":false,\"sensitive_vars\":[{\"name\":\"PLAIN\",\"value\":\"" + VALUE + "\"}]}}";
        return asText ? "{\"policy_json\":\"" + object.replace("\"", "\\\"") + "\"}" : object;
    }

    @ParameterizedTest(name = "as text: {0}")
    @ValueSource(booleans = {false, true})
    void theSandboxHasThemAndNothingThatIsShownOrRecordedDoes(boolean asText) throws Exception {
        String id;
        try (TestServer server = server()) {
            RawHttp.Answer made = server.http.post("/sandboxes", "{\"envs\":{\"SEEN\":\"yes\"},\"security\":" + policy(asText) + "}");
            assertThat(made.status()).as(made.text()).isEqualTo(201);
            id = made.json().path("sandbox_id").textValue();
            assertThat(made.text()).contains("PLAIN", "***", "SEEN").doesNotContain(VALUE);
            assertThat(made.json().path("envs").has("PLAIN")).isFalse();
            assertThat(host.vm(id).guest.identity.environment()).containsEntry("PLAIN", VALUE);
            JsonNode ran = server.http.post("/sandboxes/" + id + "/commands", "{\"cmd\":\"echo $PLAIN; echo " + VALUE + "\"}").json();
            assertThat(ran.path("stdout").textValue()).as("what a command prints is its own affair").contains(VALUE);
            assertThat(server.http.get("/sandboxes/" + id).text()).doesNotContain(VALUE);
            assertThat(server.http.get("/sandboxes").text()).doesNotContain(VALUE);
            assertThat(server.http.get("/sandboxes/" + id + "/audit").text()).contains("command_run", "***").doesNotContain(VALUE);
            assertThat(String.valueOf(server.egress.slots.get(id).security())).doesNotContain(VALUE);
        }
        try (TestServer server = server()) { // another server takes it over
            server.http.post("/sandboxes/" + id + "/commands", "{\"cmd\":\"echo " + VALUE + "\"}");
            assertThat(host.vm(id).guest.identity.environment()).containsEntry("PLAIN", VALUE);
            assertThat(server.http.get("/sandboxes/" + id + "/audit").text()).doesNotContain(VALUE);
        }
    }

    @Test
    void anotherPolicyNeitherForgetsNorChangesThem() throws Exception {
        try (TestServer server = server()) {
            String path = "/sandboxes/" + server.http.post("/sandboxes", "{\"security\":" + policy(false) + "}").json().path("sandbox_id").textValue();
            assertThat(server.http.call("PUT", path + "/policy", "{\"security\":" + policy(true) + "}").status()).isEqualTo(200);
            assertThat(server.http.get(path).text()).doesNotContain(VALUE);
            assertThat(server.http.call("PUT", path + "/policy", "{\"security\":" + policy(false).replace(VALUE, "other") + "}").status()).isEqualTo(400);
            assertThat(server.http.call("PUT", path + "/policy", "{\"security\":null}").status()).isEqualTo(200);
            server.http.post(path + "/commands", "{\"cmd\":\"echo " + VALUE + "\"}");
            assertThat(server.http.get(path + "/audit").text()).as("masked for as long as the sandbox has it").doesNotContain(VALUE);
        }
    }

    @Test
    void oneVariableHasOneValue() throws Exception {
        try (TestServer server = server()) {
            RawHttp.Answer answer = server.http.post("/sandboxes", "{\"envs\":{\"PLAIN\":\"x\"},\"security\":" + policy(false) + "}");
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.json().path("message").textValue()).contains("PLAIN").doesNotContain(VALUE);
        }
    }
}
