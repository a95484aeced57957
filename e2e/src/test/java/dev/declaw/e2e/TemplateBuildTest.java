package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.platform.Platform;
import dev.declaw.e2e.world.Origin;
import dev.declaw.e2e.world.Received;
import dev.declaw.e2e.world.World;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A template from a Dockerfile with everything that matters, in real microVMs: built behind the proxy under the build's
/// policy, resumed with what it started, and deleted under the sandboxes that were made of it. A server of its own, whose
/// configuration names a package registry of the test's world.
class TemplateBuildTest {
    @TempDir
    Path files;

    @Test
    void aDockerfileBecomesATemplateWhoseSandboxesGoOnWhereItStood() throws Exception {
        try (World world = new World();
                Platform platform = new Platform(world, Map.of("PIP_INDEX_URL", "https://packages.example.test/simple"))) {
            Origin registry = world.tlsOrigin("packages.example.test", _ -> Received.Answer.text(200, "a package\n"));
            Origin elsewhere = world.tlsOrigin("elsewhere.example.test", _ -> Received.Answer.text(200, "no\n"));
            Api api = platform.api();
            String context = upload(api);
            String dockerfile = """
                    FROM ubuntu:22.04
                    ARG GREETING=unset
                    ENV SAID="$GREETING again"
                    RUN curl -sf "$PIP_INDEX_URL/thing" > /etc/package && ! curl -sf -d x "$PIP_INDEX_URL/upload"
                    RUN ! curl -sf https://elsewhere.example.test/ && id -un > /etc/builder && install -d -o user /srv/app
                    WORKDIR /srv/app
                    COPY --chown=user:user --chmod=0640 app/ ./
                    USER user
                    RUN echo "$SAID" > said
                    CMD ["python3", "-m", "http.server", "9000"]
                    """;
            JsonNode built = build(api, dockerfile, context);
            assertThat(built.path("status").textValue()).as(built.toPrettyString()).isEqualTo("completed");
            assertThat(registry.received()).extracting(Received::requestLine).isNotEmpty().allMatch(line -> line.startsWith("GET "));
            assertThat(elsewhere.connections()).isZero();

            String id = api.create("{\"template\": \"served\", \"timeout\": 300}").path("sandbox_id").textValue();
            assertThat(api.run(id, "curl -s http://127.0.0.1:9000/said; cat /etc/package /etc/builder; echo $SAID; stat -c '%U %a %n' /srv/app/main.py").stdout())
                    .isEqualTo("hello again\na package\nroot\nhello again\nuser 640 /srv/app/main.py\n");
            assertThat(api.get("/sandboxes/" + id).body().path("resources").path("memory_mb").intValue()).isEqualTo(384);
            assertThat(api.run(id, "df -m --output=size / | tail -n 1").stdout().strip()).satisfies(size ->
                    assertThat(Integer.parseInt(size)).isBetween(8500, 9000));
            assertThat(api.run(id, "env | grep -c PIP_INDEX_URL").stdout()).as("what is for builds only").isEqualTo("0\n");

            JsonNode again = build(api, dockerfile, context);
            assertThat(again.path("logs").toString()).contains("step 5/5: RUN echo \\\"$SAID\\\" > said (cached)");
            JsonNode failed = api.post("/templates/build", Api.JSON.createObjectNode()
                    .put("dockerfile", "FROM served\nRUN test -f said && ls /nowhere").toString()).body();
            assertThat(failed.path("error").path("message").textValue()).contains("line 2", "/nowhere");

            assertThat(api.post("/sandboxes/" + id + "/pause", "").status()).isEqualTo(200);
            assertThat(api.delete("/templates/served").status()).isEqualTo(200);
            assertThat(api.post("/sandboxes/" + id + "/resume", "").status()).isEqualTo(200);
            assertThat(api.run(id, "curl -s http://127.0.0.1:9000/said").stdout()).isEqualTo("hello again\n");
            assertThat(api.post("/sandboxes", "{\"template\": \"served\"}").status()).isEqualTo(404);
            assertThat(api.get("/sandboxes").body().path("sandboxes")).as("no machine of a build is left").hasSize(1);
        }
    }

    private static JsonNode build(Api api, String dockerfile, String context) {
        String body = Api.JSON.createObjectNode()
                .put("alias", "served")
                .put("dockerfile", dockerfile)
                .put("context_id", context)
                .put("ready_cmd", "curl -sf http://127.0.0.1:9000/main.py")
                .put("memory_mb", 384)
                .put("disk_mb", 9000)
                .set("args", Api.JSON.createObjectNode().put("GREETING", "hello"))
                .toString();
        return api.post("/templates/build", body).body();
    }

    private String upload(Api api) throws Exception {
        Files.createDirectories(files.resolve("app"));
        Files.writeString(files.resolve("app/main.py"), "print('hi')\n");
        Path archive = files.resolve("context.tar.gz");
        Exec.run(Command.of("tar", "-czf", archive.toString(), "-C", files.toString(), "app"));
        Api.Reply added = api.send(api.request("/templates/build-contexts")
                .header("Content-Type", "application/gzip")
                .POST(HttpRequest.BodyPublishers.ofFile(archive))
                .build());
        assertThat(added.status()).as(added.text()).isEqualTo(201);
        return added.body().path("context_id").textValue();
    }
}
