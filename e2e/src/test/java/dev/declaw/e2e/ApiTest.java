package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.e2e.WholeSystem.TestSandbox;
import dev.declaw.e2e.platform.Api;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The wire API against real sandboxes: what works, and how bad input fails.
@ExtendWith(WholeSystem.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApiTest {
    private final Rig rig;

    ApiTest(Rig rig) {
        this.rig = rig;
    }

    @ParameterizedTest(name = "{0} → {1} {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{ | 400 | ",
                "[] | 400 | ",
                "{'timeout': 'x'} | 400 | ",
                "{'timeout': -1} | 400 | ",
                "{'timeout': 99999999999999} | 400 | ",
                "{'envs': [1]} | 400 | ",
                "{'envs': {'A': 1}} | 400 | ",
                "{'security': {'pii': {'enabled': true, 'action': 'explode'}}} | 400 | invalid_policy",
                "{'security': {'piii': {}}} | 400 | invalid_policy",
                "{'security': {'policy_json': 'nope'}} | 400 | invalid_policy",
                "{'network': {'allow_out': ['http://x']}} | 400 | invalid_policy",
                "{'network': {'allowout': []}} | 400 | invalid_policy",
                "{'template': 'no-such-template'} | 404 | template_not_found",
                "{'template': 7} | 400 | ",
                "{'resources': {'vcpus': 64}} | 403 | "
            })
    void badCreatesAreRefusedWithCodeAndRemedyAndLeaveNothing(String body, int status, String code) {
        int before = rig.api().get("/sandboxes?limit=1000").body().path("total").intValue();
        Api.Reply reply = rig.api().post("/sandboxes", body.replace('\'', '"'));
        assertThat(reply.status()).as(reply.text()).isEqualTo(status);
        assertThat(reply.body().path("message").textValue()).isNotBlank();
        assertThat(reply.body().path("code").textValue()).isNotBlank();
        if (code != null) assertThat(reply.body().path("code").textValue()).isEqualTo(code);
        assertThat(rig.api().get("/sandboxes?limit=1000").body().path("total").intValue()).isEqualTo(before);
    }

    @Test
    void aSandboxLivesFromCreateToKill() {
        try (TestSandbox sandbox = rig.sandbox("{'envs': {'COLOR': 'blue'}, 'metadata': {'team': 'x'}}")) {
            assertThat(sandbox.created().path("state").textValue()).isEqualTo("running");
            assertThat(sandbox.run("echo $COLOR $DECLAW_SANDBOX $DECLAW_SANDBOX_ID $(id -un) $(pwd)").stdout())
                    .isEqualTo("blue true " + sandbox.id() + " user /home/user\n");
            assertThat(sandbox.run("echo err >&2; exit 42"))
                    .isEqualTo(new Api.Ran(42, "", "err\n"));
            assertThat(sandbox.run("kill -9 $$").exitCode()).isEqualTo(137);
            assertThat(sandbox.root("id -u").stdout()).isEqualTo("0\n");
            assertThat(rig.api().run(sandbox.id(), "echo before; sleep 30", "user", 1))
                    .matches(ran -> ran.exitCode() == 124 && ran.stdout().equals("before\n") && !ran.stderr().isEmpty());
            Api.Reply list = rig.api().get("/sandboxes?metadata=" + Api.encode("{'team': 'x'}"));
            assertThat(list.body().path("sandboxes").findValuesAsText("sandbox_id")).containsExactly(sandbox.id());
        }
        // The last kill of the sandbox is synchronous, so its end is a fact.
    }

    @Test
    void theGuestIsAMachineOfItsOwn() {
        try (TestSandbox sandbox = rig.sandbox("{}")) {
            String kernel = sandbox.run("uname -r").stdout().strip();
            assertThat(kernel).isNotEqualTo(System.getProperty("os.version")).isNotBlank();
            assertThat(sandbox.run("nproc; grep MemTotal /proc/meminfo; df -BG --output=size / | tail -1").stdout())
                    .startsWith("1\n");
            assertThat(sandbox.run("for tool in bash curl git jq python3; do command -v $tool || echo MISSING $tool; done")
                            .stdout())
                    .doesNotContain("MISSING");
            assertThat(sandbox.run("ps -o comm= -p 1").stdout()).contains("envd").doesNotContain("systemd");
            String first = sandbox.run("cat /etc/machine-id").stdout();
            try (TestSandbox second = rig.sandbox("{}")) {
                assertThat(second.run("cat /etc/machine-id").stdout()).isNotEqualTo(first);
                assertThat(second.run("hostname").stdout()).isNotEqualTo(sandbox.run("hostname").stdout());
            }
        }
    }

    @Test
    void backgroundCommandsAreWaitedForListedFedAndKilled() {
        try (TestSandbox sandbox = rig.sandbox("{}")) {
            String path = "/sandboxes/" + sandbox.id() + "/commands";
            int reader = background(path, "head -n 1");
            assertThat(rig.api().get(path).body().findValuesAsText("cmd")).containsExactly("head -n 1");
            assertThat(rig.api().post(path + "/" + reader + "/stdin", "{\"data\": \"grüße\\n\"}").status()).isEqualTo(200);
            assertThat(rig.api().get(path + "/" + reader + "/wait").body().path("stdout").textValue()).isEqualTo("grüße\n");
            int sleeper = background(path, "sleep 300");
            assertThat(rig.api().delete(path + "/" + sleeper).body().path("killed").booleanValue()).isTrue();
            assertThat(rig.api().get(path + "/" + sleeper + "/wait").body().path("exit_code").intValue()).isEqualTo(137);
            assertThat(rig.api().delete(path + "/" + sleeper).body().path("killed").booleanValue()).isFalse();
            int quick = background(path, "echo done; exit 7");
            for (int i = 0; i < 2; i++) {
                JsonNode waited = rig.api().get(path + "/" + quick + "/wait").body();
                assertThat(waited.path("exit_code").intValue()).isEqualTo(7);
                assertThat(waited.path("stdout").textValue()).isEqualTo("done\n");
            }
            assertThat(rig.api().get(path).body()).isEmpty();
        }
    }

    private int background(String path, String command) {
        int pid = rig.api().post(path, "{\"cmd\": \"" + command + "\", \"background\": true}").body().path("pid").intValue();
        assertThat(pid).isPositive();
        return pid;
    }

    @Test
    void filesGoInAndOutWhole() throws Exception {
        try (TestSandbox sandbox = rig.sandbox("{}")) {
            String files = "/sandboxes/" + sandbox.id() + "/files";
            rig.api().writeFile(sandbox.id(), "/workspace/deep/ä b.txt", "zwölf\n");
            assertThat(rig.api().get(files + "?path=" + Api.encode("/workspace/deep/ä b.txt")).text()).isEqualTo("zwölf\n");
            assertThat(sandbox.run("stat -c '%U %a' '/workspace/deep/ä b.txt'").stdout()).isEqualTo("user 644\n");
            byte[] blob = new byte[24 * 1024 * 1024];
            new java.util.Random(7).nextBytes(blob);
            HttpResponse<String> put = rig.api().http().send(
                    rig.api().request(files + "/raw?path=/home/user/blob").PUT(HttpRequest.BodyPublishers.ofByteArray(blob)).build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(put.statusCode()).as(put.body()).isBetween(200, 201);
            HttpResponse<byte[]> got = rig.api().http().send(
                    rig.api().request(files + "/raw?path=/home/user/blob").GET().build(), HttpResponse.BodyHandlers.ofByteArray());
            assertThat(Arrays.equals(got.body(), blob)).isTrue();
            JsonNode listed = rig.api().get(files + "/list?path=/workspace&depth=2").body();
            assertThat(listed.findValuesAsText("path")).containsExactly("/workspace/deep", "/workspace/deep/ä b.txt");
            assertThat(listed.findValuesAsText("type")).containsExactly("dir", "file");
            assertThat(rig.api().get(files + "?path=/nope").status()).isEqualTo(404);
            assertThat(rig.api().get(files + "/exists?path=/nope").body().path("exists").booleanValue()).isFalse();
            assertThat(rig.api().call("PATCH", files, "{\"old_path\": \"/home/user/blob\", \"new_path\": \"/home/user/x/blob2\"}")
                            .body()
                            .path("path")
                            .textValue())
                    .isEqualTo("/home/user/x/blob2");
            assertThat(rig.api().post(files + "/mkdir", "{\"path\": \"/home/user/made\"}").body().path("created").booleanValue())
                    .isTrue();
            assertThat(rig.api().delete(files + "?path=/workspace").status()).isEqualTo(200);
            assertThat(sandbox.run("ls /workspace").exitCode()).isNotZero();
            assertThat(rig.api().call("POST", files, "{\"path\": \"/proc/x\", \"data\": \"\"}").status()).isEqualTo(400);
        }
    }

    @Test
    void theTimeoutReallyEndsTheSandboxAndMovesWhenItIsMoved() throws Exception {
        try (TestSandbox sandbox = rig.sandbox("{'timeout': 6}")) {
            Api.Reply moved = rig.api().call("PATCH", "/sandboxes/" + sandbox.id() + "/timeout", "{\"timeout\": 120}");
            assertThat(moved.status()).isEqualTo(200);
            assertThat(rig.api().get("/sandboxes/" + sandbox.id()).body().path("timeout").intValue()).isEqualTo(120);
            assertThat(sandbox.run("sleep 7; echo alive").stdout()).as("past the first deadline").isEqualTo("alive\n");
            rig.api().call("PATCH", "/sandboxes/" + sandbox.id() + "/timeout", "{\"timeout\": 1}");
            long deadline = System.nanoTime() + 15_000_000_000L;
            while (!rig.api().get("/sandboxes/" + sandbox.id()).body().path("state").textValue().equals("killed")) {
                assertThat(System.nanoTime()).as("waited 15 s for the moved deadline").isLessThan(deadline);
                Thread.sleep(100);
            }
            assertThat(rig.api().post("/sandboxes/" + sandbox.id() + "/commands", "{\"cmd\": \"true\"}").status()).isEqualTo(410);
            assertThat(rig.api().audit(sandbox.id(), "category=lifecycle").toString()).contains("vm_killed").contains("timeout");
        }
    }

    @Test
    void aDeadGuestAgentIsABadGatewayAndTheSandboxCanStillBeKilled() {
        try (TestSandbox sandbox = rig.sandbox("{}")) {
            sandbox.root("setsid sh -c \"sleep 1; pkill -STOP -f '[e]nvd serve'\" >/dev/null 2>&1 &");
            long deadline = System.nanoTime() + 60_000_000_000L;
            Api.Reply reply;
            do {
                assertThat(System.nanoTime()).as("waited 60 s for the agent to be dead").isLessThan(deadline);
                reply = rig.api().post("/sandboxes/" + sandbox.id() + "/commands", "{\"cmd\": \"true\", \"timeout\": 2}");
            } while (reply.status() == 200);
            // 409 where it may have run: a client must not repeat it by itself
            assertThat(reply.status()).isIn(409, 502, 504);
            assertThat(reply.status() != 409 || reply.body().path("code").textValue().equals("command_lost")).isTrue();
            assertThat(rig.api().get("/sandboxes/" + sandbox.id() + "/files/exists?path=/").status()).isIn(502, 504);
            assertThat(reply.body().path("code").textValue()).isNotBlank();
            assertThat(rig.api().delete("/sandboxes/" + sandbox.id()).body().path("killed").booleanValue()).isTrue();
        }
    }

    @Test
    void nothingWorksWithoutAKeyAndBothHeadersCarryOne() throws Exception {
        String base = "http://" + rig.platform.domain();
        for (String path : new String[] {"/sandboxes", "/sandboxes/sbx-00000000", "/sandboxes/sbx-00000000/audit", "/auth/me"}) {
            assertThat(new Api(base, "dcl_wrong").get(path).status()).isEqualTo(401);
            HttpRequest bare = HttpRequest.newBuilder(java.net.URI.create(base + path)).build();
            assertThat(rig.api().send(bare).status()).isEqualTo(401);
        }
        HttpRequest key = HttpRequest.newBuilder(java.net.URI.create(base + "/sandboxes")).header("X-API-Key", rig.platform.apiKey()).build();
        assertThat(rig.api().send(key).status()).isEqualTo(200);
        assertThat(rig.api().get("/sandboxes/sbx-00000000").status()).isEqualTo(404);
    }

    @Test
    void theSameIdempotencyKeyCreatesOneSandbox() {
        String key = java.util.UUID.randomUUID().toString();
        String[] ids = new String[2];
        for (int i = 0; i < 2; i++) {
            Api.Reply reply = rig.api().send(rig.api().request("/sandboxes")
                    .header("Idempotency-Key", key)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"timeout\": 60}"))
                    .build());
            assertThat(reply.status()).isEqualTo(201);
            ids[i] = reply.body().path("sandbox_id").textValue();
        }
        assertThat(ids[0]).isEqualTo(ids[1]);
        rig.api().kill(ids[0]);
    }
}
