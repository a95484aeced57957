package dev.declaw.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.platform.Platform;
import dev.declaw.e2e.world.World;
import java.util.LinkedHashMap;
import java.util.Map;

/// Time from the create request to the first command's answer, over HTTP as a client sees it: cold, and from a warm pool
/// of one that has refilled. The same command in the running sandbox is the baseline.
final class CreateBench {
    private static final int RUNS = 10;

    private CreateBench() {}

    static void run(String[] arguments) {
        int runs = arguments.length > 0 ? Integer.parseInt(arguments[0]) : RUNS;
        try (World world = new World()) {
            for (int pool : new int[] {0, 1}) {
                try (Platform platform = new Platform(world, Map.of("DECLAW_WARM_POOL", Integer.toString(pool)))) {
                    System.out.println(measure(platform.api(), pool, runs));
                }
            }
        }
    }

    private static ObjectNode measure(Api api, int pool, int runs) {
        Samples create = new Samples();
        Samples first = new Samples();
        Samples again = new Samples();
        Samples kill = new Samples();
        Samples server = new Samples();
        Map<String, Samples> steps = new LinkedHashMap<>();
        for (int i = 0; i < runs; i++) {
            if (pool > 0) awaitPool(api, pool);
            long start = System.nanoTime();
            String id = api.create("{\"timeout\": 120}").path("sandbox_id").textValue();
            long created = System.nanoTime();
            api.run(id, "true");
            long answered = System.nanoTime();
            create.add(created - start);
            first.add(answered - start);
            api.run(id, "true");
            again.add(System.nanoTime() - answered);
            JsonNode event = created(api, id);
            server.add(event.path("create_millis").longValue() * 1_000_000);
            String[] words = event.path("detail").asText("").split(" ");
            for (int word = 0; word + 1 < words.length; word += 2) {
                steps.computeIfAbsent(words[word], _ -> new Samples()).add((long) (Double.parseDouble(words[word + 1]) * 1e6));
            }
            long killing = System.nanoTime();
            api.kill(id);
            kill.add(System.nanoTime() - killing);
        }
        ObjectNode line = Api.JSON.createObjectNode();
        line.put("bench", "create").put("warm_pool", pool).put("runs", runs);
        create.describe(line, "create");
        server.describe(line, "on_the_server");
        first.describe(line, "create_and_first_command");
        again.describe(line, "second_command");
        kill.describe(line, "kill_until_gone");
        ObjectNode timings = line.putObject("steps_p50_ms");
        steps.forEach((name, samples) -> timings.put(name, samples.median()));
        return line;
    }

    /// What the server recorded about the create, its steps in `detail`.
    private static JsonNode created(Api api, String id) {
        for (JsonNode entry : api.get("/sandboxes/" + id + "/audit?category=lifecycle").body().path("entries")) {
            if (entry.path("event").asText().equals("vm_created")) return entry;
        }
        return Api.JSON.createObjectNode();
    }

    /// The health endpoint tells how many warm microVMs wait; a run must start with a full pool.
    private static void awaitPool(Api api, int size) {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (true) {
            JsonNode health = api.get("/health").body();
            if (health.path("warm").intValue() >= size) return;
            if (System.nanoTime() > deadline) throw new IllegalStateException("the warm pool did not fill within 60 s: " + health);
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
