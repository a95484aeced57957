package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CatalogEndpointsTest {
    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        http = server.http;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void templatesThatAreReadyAreListedAndFoundByIdAndByName() {
        JsonNode templates = http.get("/templates").json().path("templates");
        assertThat(templates.findValuesAsText("template_id")).containsExactly("tpl-base");
        assertThat(http.get("/templates/tpl-base").json()).isEqualTo(templates.get(0));
        assertThat(http.get("/templates/base").json()).isEqualTo(templates.get(0));
        assertThat(http.get("/templates/..%2fbase").status()).isEqualTo(404);
        server.host.templateBuilt = false;
        assertThat(http.get("/templates").json().path("templates")).isEmpty();
        assertThat(http.get("/templates/base").json().path("code").textValue()).isEqualTo("template_not_found");
    }

    @Test
    void aBuiltInTemplateStays() {
        assertThat(http.delete("/templates/base").json().path("code").textValue()).isEqualTo("template_built_in");
        assertThat(http.delete("/templates/mine").status()).isEqualTo(404);
    }

    @Test
    void packsAreThereForEverybodyAndSayWhatIsEnforced() {
        JsonNode packs = http.bare("GET", "/governance/packs", null).json().path("packs");
        assertThat(packs).hasSize(10);
        for (JsonNode pack : packs) {
            String name = pack.path("name").textValue();
            assertThat(http.bare("GET", "/governance/packs/" + name, null).json()).isEqualTo(pack);
            assertThat(pack.path("policy_ref").textValue()).isEqualTo(name + "@" + pack.path("version").textValue());
            assertThat(pack.path("seeded").booleanValue()).isEqualTo(!pack.path("enforces").isEmpty());
        }
        assertThat(http.get("/governance/packs/prompt-injection").json().path("seeded").booleanValue()).isTrue();
        assertThat(http.get("/governance/packs/none").json().path("code").textValue()).isEqualTo("pack_not_found");
    }
}
