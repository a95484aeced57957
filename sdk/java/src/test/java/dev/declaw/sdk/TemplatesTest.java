package dev.declaw.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.sdk.WireServer.Answer;
import dev.declaw.sdk.internal.ContextArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Template builds: what is sent, the log as it comes, how builds end; and the archive of a context, read by tar(1).
@Timeout(60)
class TemplatesTest {
    private static final String LOGS = "/templates/builds/build-1/logs";
    private final WireServer server = new WireServer();
    private final Templates templates = server.client().templates();

    @AfterEach
    void stop() {
        server.close();
    }

    private static String line(int number, String text) {
        return "event: log\ndata: {\"seq\": " + number + ", \"time\": \"t\", \"step\": \"RUN x\", \"line\": \"" + text + "\"}\n\n";
    }

    private static String end(String status, String error) {
        return "event: end\ndata: {\"build_id\": \"build-1\", \"alias\": \"tools\", \"status\": \"" + status
                + "\", \"template_id\": \"tpl-1\", \"error\": " + error + "}\n\n";
    }

    @Test
    void aBuildIsSentAndItsLogComesOnceOverABrokenConnection(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("a.txt"), "one");
        server.on("POST", "/templates/build-contexts",
                Answer.json(201, "{'context_id': 'ctx-1', 'digest': 'sha256:x', 'size_bytes': 3}"));
        server.on("POST", "/templates/build", Answer.json(202, "{'build_id': 'build-1', 'status': 'building'}"));
        server.on("GET", LOGS, Answer.stream(line(1, "a"), line(2, "b")), Answer.stream(line(3, "c"), end("completed", "null")));
        List<String> log = new ArrayList<>();
        TemplateSteps steps = TemplateSteps.from("base").apt("jq").copy("a.txt", "/srv/a.txt").run("true").variable("A", "1")
                .start("serve").ready("curl -s localhost").context(folder);
        Templates.Build build = templates.build("tools", steps, Duration.ofSeconds(20), log::add);
        assertThat(build.templateId()).contains("tpl-1");
        assertThat(log).containsExactly("a", "b", "c");
        assertThat(server.requests.get(0).headers()).containsEntry("content-type", "application/gzip");
        assertThat(server.requests.get(1).body()).isEqualTo(("{'template':{'base_image':'base','apt_packages':['jq'],"
                        + "'copies':[{'src':'a.txt','dst':'/srv/a.txt'}],'run_cmds':['true'],'envs':{'A':'1'},'start_cmd':'serve',"
                        + "'ready_cmd':'curl -s localhost'},'alias':'tools','background':true,'context_id':'ctx-1'}")
                .replace('\'', '"'));
        assertThat(server.last().query()).isEqualTo("follow=true&after=2");
    }

    @Test
    void aBuildThatFailsSaysWhereAndWhy() {
        server.on("POST", "/templates/build", Answer.json(202, "{'build_id': 'build-1', 'status': 'building'}"));
        server.on("GET", LOGS, Answer.stream(line(1, "no such package"),
                end("failed", "{\"code\": \"step_failed\", \"message\": \"exit code 100\", \"step\": \"apt jqq\"}")));
        assertThatThrownBy(() -> templates.build("tools", TemplateSteps.dockerfile("FROM base\nARG A").argument("A", "x"),
                        Duration.ofSeconds(20), line -> {}))
                .isInstanceOfSatisfying(DeclawException.BuildFailed.class, e -> assertThat(e.code()).isEqualTo("step_failed"))
                .hasMessageContaining("exit code 100")
                .hasMessageContaining("apt jqq")
                .hasMessageContaining("no such package");
        assertThat(server.requests.get(0).json().object("args").text("A")).isEqualTo("x");
    }

    @Test
    void waitingHasAnEndAndTheBuildGoesOn() {
        server.on("GET", LOGS, Answer.stream(line(1, "a"), new java.util.concurrent.CountDownLatch(1)));
        assertThatThrownBy(() -> templates.await("build-1", Duration.ofMillis(300), line -> {}))
                .isInstanceOf(DeclawException.TimedOut.class)
                .hasMessageContaining("goes on");
    }

    @Test
    void wrongStepsAreRefusedBeforeAnythingIsSent(@TempDir Path folder) {
        assertThatThrownBy(() -> TemplateSteps.dockerfile("RUN x")).isInstanceOf(DeclawException.InvalidArgument.class);
        assertThatThrownBy(() -> TemplateSteps.dockerfile("FROM base").run("x")).isInstanceOf(DeclawException.InvalidArgument.class);
        assertThatThrownBy(() -> templates.upload(folder.resolve("none"))).isInstanceOf(DeclawException.InvalidArgument.class);
        assertThat(server.requests).isEmpty();
    }

    @Test
    void aContextIsWhatTarUnpacks(@TempDir Path folder) throws Exception {
        Path source = folder.resolve("source");
        String deep = "a-folder-with-a-rather-long-name/".repeat(5) + "grüße.txt";
        write(source, ".dockerignore", "# not these\n*.log\n**/cache\n!keep.log\nsecrets/\n");
        for (String name : List.of("a.log", "keep.log", "x/cache/b", "x/c.log", "secrets/key", "run.sh", deep)) write(source, name, name);
        assertThat(source.resolve("run.sh").toFile().setExecutable(true)).isTrue();
        Files.createSymbolicLink(source.resolve("link"), Path.of("run.sh"));
        ContextArchive.write(source, folder.resolve("one.tar.gz"));
        ContextArchive.write(source, folder.resolve("two.tar.gz"));
        assertThat(folder.resolve("one.tar.gz")).hasSameBinaryContentAs(folder.resolve("two.tar.gz"));
        Path out = Files.createDirectory(folder.resolve("out"));
        Process tar = new ProcessBuilder("tar", "-xzf", folder.resolve("one.tar.gz").toString(), "-C", out.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(tar.getInputStream().readAllBytes())).isEmpty();
        assertThat(tar.waitFor()).isZero();
        assertThat(out.resolve(deep)).hasContent(deep);
        assertThat(out.resolve("run.sh")).isExecutable();
        assertThat(Files.readSymbolicLink(out.resolve("link"))).hasToString("run.sh");
        assertThat(out.resolve("keep.log")).exists();
        assertThat(out.resolve("x/c.log")).exists(); // the pattern is for the top directory only, as Docker has it
        for (String left : List.of("a.log", "x/cache", "secrets")) assertThat(out.resolve(left)).doesNotExist();
    }

    private static void write(Path folder, String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
