package dev.declaw.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.world.Checkout;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.sdk.Connection;
import dev.declaw.sdk.Declaw;
import dev.declaw.sdk.Sandbox;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;

/// What our clients add to a call: the same request by the client and by the HTTP library under it, one after the other, against
/// the real server code with sandboxes that are test doubles (so that nothing but calls is measured). And many event streams at
/// once from one Python process.
final class SdkBench {
    private static final int CALLS = 3000;
    private static final int STREAMS = 500;

    private SdkBench() {}

    static void run(String[] arguments) {
        int streams = arguments.length > 0 ? Integer.parseInt(arguments[0]) : STREAMS;
        Path root = Checkout.launcher().getParent();
        try {
            Path home = Files.createTempDirectory("declaw-sdk-bench-");
            Process process = start(root, home);
            try {
                BufferedReader said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
                String line = said.readLine();
                if (line == null || !line.startsWith("ready ")) throw new IllegalStateException("the server did not start: " + line);
                String[] ready = line.split(" ");
                String domain = "127.0.0.1:" + ready[1];
                System.out.println(java(domain, ready[2]));
                python(root, domain, ready[2], streams);
            } finally {
                process.destroy();
                process.waitFor();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The server with test doubles lives in the server's test classes.
    private static Process start(Path root, Path home) throws IOException {
        Path dist = root.resolve("server/target/dist");
        return new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java", "@" + dist.resolve("java.args"), "-Xmx512m", "-cp",
                        root.resolve("server/target/test-classes") + ":" + dist.resolve("lib") + "/*",
                        "dev.declaw.server.fake.TestServerProcess", home.toString(), "1", "64")
                .redirectError(home.resolve("server.log").toFile())
                .start();
    }

    private static ObjectNode java(String domain, String key) {
        Declaw declaw = new Declaw(Connection.of(domain, key));
        HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        try (Sandbox sandbox = declaw.sandbox().create()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + domain + "/sandboxes/" + sandbox.id() + "/status"))
                    .header("Authorization", "Bearer " + key)
                    .build();
            Callable<Object> raw = () -> http.send(request, BodyHandlers.ofString()).body();
            Callable<Object> client = sandbox::isRunning;
            for (int i = 0; i < CALLS; i++) { // both are warm before either is measured
                call(raw);
                call(client);
            }
            Samples rawTimes = new Samples();
            Samples clientTimes = new Samples();
            for (int i = 0; i < CALLS; i++) {
                rawTimes.add(call(raw));
                clientTimes.add(call(client));
            }
            ObjectNode line = Api.JSON.createObjectNode();
            line.put("bench", "sdk").put("language", "java").put("calls", CALLS);
            rawTimes.describe(line, "raw");
            clientTimes.describe(line, "client");
            line.put("overhead_p50_ms", Samples.round(clientTimes.percentile(0.5) - rawTimes.percentile(0.5)));
            return line;
        }
    }

    private static long call(Callable<Object> work) {
        long begun = System.nanoTime();
        try {
            work.call();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return System.nanoTime() - begun;
    }

    private static void python(Path root, String domain, String key, int streams) {
        Path tools = root.resolve(".build/bench-python");
        if (!Files.isExecutable(tools.resolve("bin/python"))) {
            Exec.run(Command.of("python3", "-m", "venv", tools.toString()).withDeadline(Duration.ofMinutes(2)));
        }
        Exec.run(Command.of(tools.resolve("bin/pip").toString(), "install", "--quiet", "--disable-pip-version-check", "httpx==0.28.1")
                .withDeadline(Duration.ofMinutes(3)));
        Command command = Command.of(
                        tools.resolve("bin/python").toString(), root.resolve("bench/python/sdk.py").toString(), Integer.toString(streams))
                .withEnvironment("PYTHONPATH", root.resolve("sdk/python/src").toString())
                .withEnvironment("PYTHONDONTWRITEBYTECODE", "1")
                .withEnvironment("DECLAW_DOMAIN", domain)
                .withEnvironment("DECLAW_API_KEY", key)
                .withDeadline(Duration.ofMinutes(5));
        System.out.print(Exec.run(command).text());
    }
}
