package dev.declaw.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.sdk.WireServer.Answer;
import dev.declaw.sdk.async.AsyncDeclaw;
import dev.declaw.sdk.async.AsyncSandbox;
import java.io.DataInputStream;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The calls that return futures: results, failures, and what cancelling ends.
@Timeout(60)
class AsyncTest {
    private final WireServer server = new WireServer();
    private final AsyncDeclaw declaw = server.client().async();
    private final CountDownLatch never = new CountDownLatch(1);

    @AfterEach
    void stop() {
        never.countDown();
        server.close();
    }

    @Test
    void resultsAndFailuresAreThoseOfTheBlockingCalls() {
        server.on("GET", "/sandboxes/sbx-1", Answer.json(200, "{'sandbox_id': 'sbx-1', 'state': 'running'}"));
        server.on("POST", "/sandboxes/sbx-1/pause", Answer.failure(409, "sandbox_paused"));
        AsyncSandbox sandbox = declaw.connect("sbx-1").join();
        assertThat(sandbox.id()).isEqualTo("sbx-1");
        assertThat(sandbox.info().join().state()).isEqualTo("running");
        assertThatThrownBy(() -> sandbox.pause().join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(DeclawException.Conflict.class, e -> assertThat(e.code()).isEqualTo("sandbox_paused"));
        assertThatThrownBy(() -> sandbox.files().readText("").join())
                .cause()
                .isInstanceOf(DeclawException.InvalidArgument.class);
        assertThat(server.requests).hasSize(3);
    }

    @Test
    void manyCallsWaitSideBySide() {
        server.on("GET", "/sandboxes/sbx-1/status", Answer.json(200, "{'is_running': true}"));
        AsyncSandbox sandbox = declaw.at("sbx-1");
        List<CompletableFuture<Boolean>> calls =
                Stream.generate(sandbox::isRunning).limit(200).toList();
        assertThat(calls).allSatisfy(call -> assertThat(call.join()).isTrue());
    }

    @Test
    void cancellingACallEndsItsStream() throws Exception {
        server.on(
                "POST", "/sandboxes/sbx-1/commands/stream",
                Answer.stream("event: stdout\ndata: {\"data\": \"one\"}\n\n", never, "never read"));
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        AsyncSandbox sandbox = declaw.at("sbx-1");
        CompletableFuture<Void> call = dev.declaw.sdk.internal.Calls.run(() -> {
            try {
                sandbox.blocking().commands().stream("make").drain(piece -> begun.countDown());
            } finally {
                ended.countDown();
            }
        });
        assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(call.cancel(true)).isTrue();
        assertThat(ended.await(10, TimeUnit.SECONDS)).as("the thread that read has ended").isTrue();
        assertThatThrownBy(call::join).isInstanceOf(CancellationException.class);
    }

    @Test
    void aTimeoutOfTheFutureEndsTheCallToo() {
        server.on("GET", "/sandboxes/sbx-1/commands/7/wait", Answer.stream(never));
        assertThatThrownBy(() -> declaw.at("sbx-1").commands().connect(7).await().orTimeout(200, TimeUnit.MILLISECONDS).join())
                .cause()
                .isInstanceOf(TimeoutException.class);
    }

    @Test
    void aSandboxThatIsMadeForNobodyIsKilled() throws Exception {
        CountDownLatch made = new CountDownLatch(1);
        server.on("DELETE", "/sandboxes/sbx-9", Answer.json(202, "{'queued': true}"));
        CompletableFuture<AsyncSandbox> call = dev.declaw.sdk.internal.Calls.start(() -> {
            Sandbox sandbox = new Sandbox(
                    new dev.declaw.sdk.internal.Http(server.client().connection()),
                    new dev.declaw.sdk.json.JsonObject().put("sandbox_id", "sbx-9"), true);
            while (!Thread.currentThread().isInterrupted()) Thread.onSpinWait(); // it was cancelled just too late
            made.countDown();
            return new AsyncSandbox(sandbox);
        });
        call.cancel(true);
        if (!made.await(1, TimeUnit.SECONDS)) return; // cancelled before it began, so nothing was made
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (server.requests.stream().noneMatch(request -> request.method().equals("DELETE"))) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(10);
        }
    }

    @Test
    void theVariantsAreMadeFromTheBlockingCalls() throws Exception {
        Process check = new ProcessBuilder(System.getProperty("java.home") + "/bin/java", "tools/MakeAsync.java", "--check")
                .redirectErrorStream(true)
                .start();
        String said = new String(check.getInputStream().readAllBytes());
        assertThat(check.waitFor()).as(said).isZero();
    }

    @ParameterizedTest
    @ValueSource(classes = {Declaw.class, Sandbox.class, Commands.class, Files.class, Audit.class, Templates.class, Volumes.class})
    void everyCallHasAVariant(Class<?> blocking) throws Exception {
        Class<?> async = Class.forName("dev.declaw.sdk.async.Async" + blocking.getSimpleName());
        Set<String> wanted = new java.util.TreeSet<>();
        for (Method method : blocking.getDeclaredMethods()) {
            if (Modifier.isPublic(method.getModifiers()) && !Modifier.isStatic(method.getModifiers())) wanted.add(method.getName());
        }
        wanted.removeAll(Set.of("toString", "iterator", "async", "runInterruptibly"));
        assertThat(Stream.of(async.getMethods()).map(Method::getName).collect(Collectors.toSet())).containsAll(wanted);
    }

    /// People with Java 17 can load every class: format 61 or older.
    @Test
    void theClassesAreOfJava17() throws Exception {
        URL home = Sandbox.class.getProtectionDomain().getCodeSource().getLocation();
        List<String> newer = new ArrayList<>();
        try (Stream<Path> files = java.nio.file.Files.walk(Path.of(home.toURI()))) {
            List<Path> classes = files.filter(file -> file.toString().endsWith(".class")).toList();
            assertThat(classes).hasSizeGreaterThan(50);
            for (Path file : classes) {
                try (InputStream in = java.nio.file.Files.newInputStream(file)) {
                    DataInputStream data = new DataInputStream(in);
                    data.readInt();
                    data.readUnsignedShort();
                    if (data.readUnsignedShort() > 61) newer.add(file.toString());
                }
            }
        }
        assertThat(newer).isEmpty();
    }
}
