package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.FakeVm;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Builds over HTTP, on a machine in memory. What really runs in a microVM is in the whole-system tests.
final class TemplateBuildEndpointsTest {
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

    private JsonNode build(String json) {
        RawHttp.Answer answer = http.post("/templates/build", json.replace('\'', '"'));
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        return answer.json();
    }

    private void refused(String json, String code, String named) {
        RawHttp.Answer answer = http.post("/templates/build", json.replace('\'', '"'));
        assertThat(answer.json().path("code").textValue()).as(answer.text()).isEqualTo(code);
        assertThat(answer.json().path("message").textValue()).contains(named);
    }

    private long sandboxes() {
        return http.get("/sandboxes").json().path("sandboxes").size();
    }

    @Test
    void bothShapesBuildATemplateThatSandboxesStartFrom() {
        JsonNode nested = build("{'template': {'base_image': 'ubuntu:22.04', 'run_cmds': ['echo $WHO'], 'envs': {'WHO': 'me'}}, 'alias': 'mine', 'memory_mb': 768}");
        assertThat(nested.path("status").textValue()).as(nested.toString()).isEqualTo("completed");
        assertThat(nested.path("logs").toString()).contains("takes its place", "step 1/1: run echo $WHO", "\"me\"");
        JsonNode sandbox = http.post("/sandboxes", "{\"template\": \"mine\"}").json();
        assertThat(sandbox.path("template_id").textValue()).isEqualTo("tpl-mine");
        assertThat(sandbox.path("resources").path("memory_mb").intValue()).isEqualTo(768);
        FakeVm vm = server.host.vm(sandbox.path("sandbox_id").textValue());
        assertThat(vm.guest.identity.environment()).containsEntry("WHO", "me");

        JsonNode flat = build("{'background': false, 'dockerfile': 'FROM declaw/base:latest\\nRUN echo hi'}");
        String id = flat.path("template_id").textValue();
        assertThat(http.post("/sandboxes", "{\"template\": \"" + id + "\"}").json().path("template_id").textValue()).isEqualTo(id);
        assertThat(http.get("/templates/" + id).json().path("alias").textValue()).isEmpty();
        assertThat(http.get("/templates").json().path("templates").findValuesAsText("alias")).containsExactly("base", "", "mine");
        assertThat(sandboxes()).as("no machine of a build is left").isEqualTo(2);
    }

    @Test
    void anotherBuildOfAnAliasIsItsNextVersionAndOldOnesGo() {
        for (int version = 1; version <= 4; version++) build("{'alias': 'a', 'template': {'run_cmds': ['echo " + version + "']}}");
        JsonNode newest = http.get("/templates/a").json();
        assertThat(newest.path("version").intValue()).isEqualTo(4);
        assertThat(http.get("/templates/a:2").json().path("version").intValue()).isEqualTo(2);
        assertThat(http.get("/templates/a:1").status()).isEqualTo(404);
        assertThat(build("{'dockerfile': 'FROM a:3\\nRUN echo x'}").path("status").textValue()).isEqualTo("completed");
        assertThat(http.delete("/templates/a").status()).isEqualTo(200);
        assertThat(http.get("/templates/a:2").status()).isEqualTo(404);
        assertThat(http.post("/sandboxes", "{\"template\": \"a\"}").json().path("code").textValue())
                .isEqualTo("template_not_found");
    }

    @Test
    void aStepThatFailsIsNamedWithItsOutputAndItsMachineIsGone() {
        JsonNode failed = build("{'alias': 'bad', 'dockerfile': 'FROM base\\nRUN echo fine\\nRUN err wrong;exit 3'}");
        assertThat(failed.path("status").textValue()).isEqualTo("failed");
        assertThat(failed.path("template_id").isNull()).isTrue();
        JsonNode error = failed.path("error");
        assertThat(error.path("code").textValue()).isEqualTo("step_failed");
        assertThat(error.path("step").intValue()).isEqualTo(2);
        assertThat(error.path("message").textValue()).contains("line 3", "exit code 3", "wrong");
        assertThat(sandboxes()).isZero();
        assertThat(http.get("/templates/bad").status()).isEqualTo(404);
        assertThat(http.post("/sandboxes", "{\"template\": \"bad\"}").json().path("code").textValue()).isEqualTo("template_not_ready");
    }

    @Test
    void stepsThatWereDoneBeforeAreNotDoneAgain() {
        String first = "{'template': {'run_cmds': ['echo one', 'echo two']}}";
        build(first);
        JsonNode again = build(first);
        assertThat(again.path("logs").toString()).contains("step 2/2: run echo two (cached)").doesNotContain("\"two\"");
        JsonNode other = build("{'template': {'run_cmds': ['echo one', 'echo three']}}");
        assertThat(other.path("logs").toString()).contains("run echo one (cached)", "\"three\"").doesNotContain("\"one\"");
        assertThat(build("{'no_cache': true, 'template': {'run_cmds': ['echo one', 'echo two']}}").path("logs").toString())
                .doesNotContain("(cached)");
        assertThat(build("{'disk_mb': 9000, 'template': {'run_cmds': ['echo one', 'echo two']}}").path("logs").toString())
                .doesNotContain("(cached)");
    }

    @Test
    void whatCannotBeBuiltIsRefusedAtOnce() {
        refused("{'dockerfile': 'FROM base\\nADD a b'}", "instruction_unsupported", "line 2");
        refused("{'dockerfile': 'FROM nobody\\nRUN x'}", "base_unknown", "line 1");
        refused("{'dockerfile': 'FROM alpine:3\\nRUN x'}", "base_unknown", "images are not fetched");
        refused("{'dockerfile': 'RUN x'}", "dockerfile_invalid", "FROM");
        refused("{'alias': 'python'}", "alias_reserved", "alias");
        refused("{'alias': 'builds'}", "alias_reserved", "alias");
        refused("{'alias': 'a/b'}", "invalid_request", "alias");
        refused("{'template': {'apt_packages': ['a; rm -rf /']}}", "invalid_request", "apt_packages");
        refused("{'cpu_count': 9}", "invalid_request", "cpu_count");
        refused("{'memory_mb': 100}", "invalid_request", "memory_mb");
        refused("{'disk_mb': 200000}", "invalid_request", "disk_mb");
        refused("{'context_id': 'ctx-0000000000000000', 'dockerfile': 'FROM base\\nCOPY a b'}", "context_not_found", "context");
        assertThat(build("{'dockerfile': 'FROM base\\nCOPY a b'}").path("error").path("code").textValue()).isEqualTo("context_missing");
    }

    @Test
    void aContextIsTakenInAndCopiedFrom() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        var tar = new dev.declaw.server.volumes.TarWriter(bytes, 0, 0);
        tar.file("a.txt", 0644, Instant.EPOCH, 2, new java.io.ByteArrayInputStream("hi".getBytes(StandardCharsets.UTF_8)));
        tar.end();
        RawHttp.Answer added = http.bytes("POST", "/templates/build-contexts", bytes.toByteArray(), "Authorization: Bearer " + server.key,
                "Content-Type: application/x-tar");
        assertThat(added.status()).isEqualTo(201);
        String id = added.json().path("context_id").textValue();
        assertThat(added.json().path("size_bytes").intValue()).isEqualTo(bytes.size());
        JsonNode built = build("{'context_id': '" + id + "', 'template': {'copies': [{'src': 'a.txt', 'dst': '/a', 'mode': 420}, {'src': 'a.txt', 'dst': '/b', 'mode': '0600'}]}}");
        assertThat(built.path("status").textValue()).as(built.toString()).isEqualTo("completed");
        JsonNode missing = build("{'context_id': '" + id + "', 'dockerfile': 'FROM base\\nCOPY b.txt /'}");
        assertThat(missing.path("error").path("message").textValue()).contains("'b.txt' is not in the build context");
        RawHttp.Answer bad = http.bytes("POST", "/templates/build-contexts", new byte[1000], "Authorization: Bearer " + server.key);
        assertThat(bad.status()).as("an empty archive is one").isEqualTo(201);
        assertThat(http.bytes("POST", "/templates/build-contexts", "no".repeat(400).getBytes(StandardCharsets.UTF_8),
                        "Authorization: Bearer " + server.key).json().path("code").textValue())
                .isEqualTo("bad_archive");
    }

    @Test
    void aBuildInTheBackgroundIsFollowedAndCanBeCanceled() throws Exception {
        RawHttp.Answer accepted = http.post("/templates/build", "{\"background\": true, \"alias\": \"slow\", \"template\": {\"run_cmds\": [\"echo begun\", \"sleep 1\"]}}");
        assertThat(accepted.status()).isEqualTo(202);
        String id = accepted.json().path("build_id").textValue();
        server.clock.move(java.time.Duration.ofSeconds(1));
        RawHttp.Answer queued = http.post("/templates/build", "{\"background\": true, \"template\": {\"run_cmds\": [\"echo later\"]}}");
        assertThat(queued.json().path("status").textValue()).as("one at a time").isEqualTo("queued");
        String waiting = queued.json().path("build_id").textValue();
        for (int i = 0; i < 200 && !http.get("/templates/builds/" + id).json().path("logs").toString().contains("sleep"); i++) Thread.sleep(20);
        assertThat(http.get("/templates/builds/" + id).json().path("step").intValue()).isEqualTo(2);
        assertThat(http.post("/sandboxes", "{\"template\": \"slow\"}").json().path("code").textValue()).isEqualTo("template_not_ready");
        JsonNode canceled = http.delete("/templates/builds/" + id).json();
        assertThat(canceled.path("status").textValue()).isEqualTo("failed");
        assertThat(canceled.path("error").path("code").textValue()).isEqualTo("build_canceled");
        for (int i = 0; i < 200 && !http.get("/templates/builds/" + waiting).json().path("status").textValue().equals("completed"); i++) Thread.sleep(20);
        String events = http.get("/templates/builds/" + waiting + "/logs?follow=true&after=1").text();
        assertThat(events).contains("event: log\ndata: {\"seq\":2,").doesNotContain("\"seq\":1,").contains("event: end\ndata: {\"build_id\":\"" + waiting);
        assertThat(http.get("/templates/builds/" + waiting + "/logs?after=1").json().path("lines").get(0).path("seq").intValue()).isEqualTo(2);
        assertThat(http.get("/templates/builds").json().path("builds").findValuesAsText("build_id")).containsExactly(waiting, id);
        assertThat(http.get("/templates/builds/bld-none").status()).isEqualTo(404);
        assertThat(sandboxes()).isZero();
    }

    @Test
    void aTemplateOfThePlatformIsBuiltWhenItIsFirstAskedFor() throws Exception {
        RawHttp.Answer first = http.post("/sandboxes", "{\"template\": \"devops\"}");
        assertThat(first.status()).isEqualTo(409);
        assertThat(first.json().path("code").textValue()).isEqualTo("template_not_ready");
        String build = first.json().path("message").textValue().replaceFirst(".*(bld-[0-9a-f]{16}).*", "$1");
        JsonNode seen = http.get("/templates/builds/" + build).json();
        assertThat(seen.path("alias").textValue()).isEqualTo("devops");
        assertThat(http.delete("/templates/builds/" + build).json().path("code").textValue()).isEqualTo("template_built_in");
        assertThat(http.post("/templates/none/build", "").status()).isEqualTo(404);
        assertThat(http.get("/templates/builds").json().path("builds")).as("it is not the tenant's").isEmpty();
    }

    @Test
    void aRestartFailsWhatWasUnderWayAndKeepsWhatWasBuilt() throws Exception {
        server.close();
        var settings = new dev.declaw.server.lifecycle.Sandboxes.Settings(8, 4, 3600, 0, true);
        server = new TestServer(home, new dev.declaw.server.fake.FakeHost(), new dev.declaw.server.fake.MovedClock(), settings);
        http = server.http;
        build("{'alias': 'kept', 'template': {'run_cmds': ['echo one']}}");
        String id = http.post("/templates/build", "{\"background\": true, \"template\": {\"run_cmds\": [\"sleep 1\"]}}").json().path("build_id").textValue();
        for (int i = 0; i < 200 && !http.get("/templates/builds/" + id).json().path("logs").toString().contains("sleep"); i++) Thread.sleep(20);
        server.crash();
        server = new TestServer(home, server.host, server.clock, settings);
        http = server.http;
        JsonNode failed = http.get("/templates/builds/" + id).json();
        assertThat(failed.path("error").path("code").textValue()).isEqualTo("server_restarted");
        assertThat(failed.path("logs").toString()).as("what it said is kept").contains("sleep");
        assertThat(sandboxes()).as("its machine is gone").isZero();
        assertThat(http.post("/sandboxes", "{\"template\": \"kept\"}").status()).isEqualTo(201);
        assertThat(Map.copyOf(server.host.saved)).as("the layer and the template").hasSize(2);
        server.host.saved.clear();
        RawHttp.Answer lost = http.post("/sandboxes", "{\"template\": \"kept\"}");
        assertThat(lost.json().path("code").textValue()).isEqualTo("template_not_ready");
        assertThat(lost.json().path("message").textValue()).contains("build it again");
        assertThat(build("{'alias': 'kept', 'template': {'run_cmds': ['echo one']}}").path("status").textValue()).isEqualTo("completed");
        assertThat(http.post("/sandboxes", "{\"template\": \"kept\"}").status()).isEqualTo(201);
    }
}
