package dev.declaw.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.world.Checkout;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/// How long the command line takes to start, print and end: the file that users have, with its start-up cache and without.
/// Wall time, as people see it, and the processor time of the process and its children.
final class CliBench {
    private static final int RUNS = 20;
    private static final Duration RUN_MAX = Duration.ofSeconds(30);

    private CliBench() {}

    static void run(String[] arguments) {
        int runs = arguments.length > 0 ? Integer.parseInt(arguments[0]) : RUNS;
        Path program = Checkout.launcher().resolveSibling("cli/target/declaw");
        try {
            Path cache = Files.createTempDirectory("declaw-cli-cache-");
            start(program, cache, false);
            awaitCache(cache);
            for (String what : new String[] {"--version", "ls --help"}) {
                for (boolean cached : new boolean[] {true, false}) {
                    System.out.println(measure(program, cache, what, cached, runs));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode measure(Path program, Path cache, String what, boolean cached, int runs) {
        Samples wall = new Samples();
        Samples processor = new Samples();
        for (int i = 0; i < runs; i++) {
            String script = "TIMEFORMAT='%U %S'; time '" + program + "' " + what + " >/dev/null";
            Command command = command("bash", "-c", "{ " + script + "; } 2>&1", cache, !cached);
            long begun = System.nanoTime();
            String[] seconds = Exec.run(command).text().strip().split(" ");
            wall.add(System.nanoTime() - begun);
            processor.add((long) ((Double.parseDouble(seconds[0]) + Double.parseDouble(seconds[1])) * 1e9));
        }
        ObjectNode line = Api.JSON.createObjectNode();
        line.put("bench", "cli").put("command", what).put("start_up_cache", cached).put("runs", runs);
        wall.describe(line, "wall");
        processor.describe(line, "processor");
        return line;
    }

    private static void start(Path program, Path cache, boolean without) {
        Exec.run(command(program.toString(), "--version", null, cache, without));
    }

    private static Command command(String program, String first, String second, Path cache, boolean without) {
        Command command = second == null ? Command.of(program, first) : Command.of(program, first, second);
        command = command.withDeadline(RUN_MAX)
                .withEnvironment("XDG_CACHE_HOME", cache.toString())
                .withEnvironment("DECLAW_JAVA", System.getProperty("java.home") + "/bin/java");
        return without ? command.withEnvironment("DECLAW_NO_CACHE", "1") : command;
    }

    /// The first start leaves the cache in the background.
    private static void awaitCache(Path cache) throws IOException {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            try (var files = Files.walk(cache)) {
                if (files.anyMatch(file -> file.toString().endsWith(".aot"))) return;
            }
            if (System.nanoTime() > deadline) throw new IllegalStateException("waited 60 s for the start-up cache in " + cache);
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
