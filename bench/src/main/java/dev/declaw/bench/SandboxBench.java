package dev.declaw.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.platform.Platform;
import dev.declaw.e2e.world.World;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;

/// What the life of sandboxes costs, over HTTP as a client sees it: pause and resume, snapshots of one that goes on, kills,
/// creates at once, and memory and processor time of idle ones.
final class SandboxBench {
    private static final int IDLE_SECONDS = 20;
    private static final int USED_MIB = 100;
    private static final int CHANGED_MIB = 10;

    /// Holds 32 MB of random bytes and rewrites files of 4 MB in turn, each with its digest; looks at all of it in each round
    /// and writes down what is wrong.
    private static final String WRITER = """
            mkdir -p /home/user/files; cat > /home/user/writer.py <<'EOF'
            import hashlib, os, time
            held = os.urandom(32_000_000)
            digest = hashlib.sha256(held).hexdigest()
            open('/home/user/digest', 'w').write(digest + '\\n')
            sums = {}
            count = 0
            while not os.path.exists('/home/user/stop'):
                name = 'f%d' % (count % 8)
                content = os.urandom(4_000_000)
                if name in sums and hashlib.sha256(open('/home/user/files/' + name, 'rb').read()).hexdigest() != sums[name]:
                    open('/home/user/failed', 'a').write('file ' + name + '\\n')
                with open('/home/user/files/' + name, 'wb') as out: out.write(content)
                sums[name] = hashlib.sha256(content).hexdigest()
                with open('/home/user/sums.new', 'w') as out: out.write(''.join('%s  %s\\n' % (d, n) for n, d in sums.items()))
                os.rename('/home/user/sums.new', '/home/user/sums')
                if count % 10 == 0 and hashlib.sha256(held).hexdigest() != digest:
                    open('/home/user/failed', 'a').write('memory\\n')
                with open('/home/user/rounds.new', 'w') as out: out.write(str(count))
                os.rename('/home/user/rounds.new', '/home/user/rounds')
                count += 1
                time.sleep(0.05)
            open('/home/user/stopped', 'w').write(hashlib.sha256(held).hexdigest() + '\\n')
            EOF
            echo 0 > /home/user/rounds
            nohup python3 /home/user/writer.py >/home/user/log 2>&1 &
            """;

    private static final Map<String, String> SETTINGS = Map.of(
            "DECLAW_SANDBOXES_MAX", "1000",
            "DECLAW_MEMORY_MIB", "1000000",
            "DECLAW_TENANT_CREATES_PER_SECOND_MAX", "0");

    private SandboxBench() {}

    static void run(String name, String[] arguments) {
        int count = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
        try (World world = new World();
                Platform platform = new Platform(world, SETTINGS)) {
            ObjectNode line = Api.JSON.createObjectNode().put("bench", name).put("n", count);
            switch (name) {
                case "restore" -> restore(platform.api(), count, line);
                case "cycles" -> cycles(platform.api(), count, line);
                case "snapshot" -> snapshot(platform.api(), count, line);
                case "kill" -> kill(platform.api(), count, line);
                case "burst" -> burst(platform.api(), count, line);
                default -> density(platform, count, line);
            }
            System.out.println(line);
        }
    }

    /// A sandbox with some memory in use, paused and resumed again and again.
    private static void restore(Api api, int count, ObjectNode line) {
        String id = sandbox(api);
        Samples pause = new Samples();
        Samples resume = new Samples();
        Samples command = new Samples();
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            long start = System.nanoTime();
            post(api, "/sandboxes/" + id + "/pause");
            long paused = System.nanoTime();
            bytes = api.get("/sandboxes/" + id + "/snapshots").body().path("snapshots").path(0).path("mem_size_bytes").longValue();
            long resuming = System.nanoTime();
            post(api, "/sandboxes/" + id + "/resume");
            long resumed = System.nanoTime();
            api.run(id, "true");
            pause.add(paused - start);
            resume.add(resumed - resuming);
            command.add(System.nanoTime() - resumed);
        }
        line.put("memory_mib", bytes >> 20);
        pause.describe(line, "pause");
        resume.describe(line, "resume");
        command.describe(line, "first_command");
    }

    /// Two snapshots of a sandbox that goes on, with some memory changed in between: how long it stands still, and what each
    /// adds to the store.
    private static void snapshot(Api api, int count, ObjectNode line) {
        Samples[] still = {new Samples(), new Samples()};
        Samples[] whole = {new Samples(), new Samples()};
        double[] storedMibMax = new double[2];
        for (int i = 0; i < count; i++) {
            String id = sandbox(api);
            for (int which = 0; which < 2; which++) {
                long start = System.nanoTime();
                var snapshot = post(api, "/sandboxes/" + id + "/snapshot").body();
                whole[which].add(System.nanoTime() - start);
                still[which].add(snapshot.path("pause_duration_ms").longValue() * 1_000_000);
                storedMibMax[which] = Math.max(storedMibMax[which], snapshot.path("stored_bytes").longValue() / (double) (1 << 20));
                line.put("memory_mib", snapshot.path("mem_size_bytes").longValue() >> 20);
                api.run(id, "head -c " + (CHANGED_MIB << 20) + " /dev/urandom > /dev/shm/changed");
            }
            for (JsonNode left : api.get("/sandboxes/" + id + "/snapshots").body().path("snapshots")) {
                api.delete("/sandboxes/" + id + "/snapshots/" + left.path("snapshot_id").textValue());
            }
            api.delete("/sandboxes/" + id);
        }
        line.put("changed_mib", CHANGED_MIB);
        for (int which = 0; which < 2; which++) {
            String name = which == 0 ? "first" : "second";
            still[which].describe(line, name + "_frozen");
            whole[which].describe(line, name + "_snapshot");
            line.put(name + "_stored_mib_max", Samples.round(storedMibMax[which]));
        }
    }

    /// A sandbox that writes all the time, paused and resumed again and again: at the end its memory pattern and its files must
    /// be what they were.
    private static void cycles(Api api, int count, ObjectNode line) {
        String id = api.create("{\"timeout\": 86400}").path("sandbox_id").textValue();
        api.run(id, WRITER);
        String before = api.run(id, "for i in $(seq 200); do [ -s /home/user/digest ] && break; sleep 0.2; done; cat /home/user/digest")
                .stdout();
        Samples pause = new Samples();
        Samples resume = new Samples();
        for (int i = 0; i < count; i++) {
            long start = System.nanoTime();
            post(api, "/sandboxes/" + id + "/pause");
            pause.add(System.nanoTime() - start);
            start = System.nanoTime();
            post(api, "/sandboxes/" + id + "/resume");
            resume.add(System.nanoTime() - start);
            String rounds = api.run(id, "n=$(cat /home/user/rounds); for i in $(seq 300); do m=$(cat /home/user/rounds);"
                            + " [ \"$m\" -gt $((n + 1)) ] && break; sleep 0.1; done; cat /home/user/failed 2>/dev/null; cat /home/user/rounds")
                    .stdout();
            if (!rounds.strip().matches("[0-9]+")) throw new IllegalStateException("cycle " + i + ": " + rounds);
            line.put("rounds_written", Long.parseLong(rounds.strip()));
        }
        String after = api.run(id, "touch /home/user/stop; for i in $(seq 300); do [ -s /home/user/stopped ] && break; sleep 0.1; done;"
                        + " cat /home/user/stopped; cd /home/user/files && sha256sum -c --quiet ../sums && echo whole").stdout();
        String errors = api.run(id, "sudo dmesg | grep -c -E 'I/O error|EXT4-fs error' || true").stdout().strip();
        if (!after.equals(before + "whole\n") || !errors.equals("0")) {
            throw new IllegalStateException("not what it was: " + before + " / " + after + " / " + errors);
        }
        line.put("equal", true);
        pause.describe(line, "pause");
        resume.describe(line, "resume");
    }

    private static void kill(Api api, int count, ObjectNode line) {
        List<String> ids = create(api, count, new Samples());
        long start = System.nanoTime();
        Api.Reply reply = api.post("/sandboxes/kill-many", Api.JSON.createObjectNode()
                .set("sandbox_ids", Api.JSON.valueToTree(ids))
                .toString());
        int killed = 0;
        for (JsonNode result : reply.body().path("results")) {
            if (result.path("killed").booleanValue()) killed++;
        }
        if (killed != count) throw new IllegalStateException("only " + killed + " were killed: " + reply.text());
        line.put("all_gone_ms", Samples.round((System.nanoTime() - start) / 1e6));
    }

    private static void burst(Api api, int count, ObjectNode line) {
        Samples each = new Samples();
        long start = System.nanoTime();
        int made = create(api, count, each).size();
        line.put("created", made).put("all_ms", Samples.round((System.nanoTime() - start) / 1e6));
        each.describe(line, "create");
    }

    /// Memory that each idle sandbox adds to the machine: what is shared between them counts for each only in part
    /// (proc_pid_smaps(5), Pss).
    private static void density(Platform platform, int count, ObjectNode line) {
        Api api = platform.api();
        List<String> ids = create(api, count, new Samples());
        double before = processorSeconds(platform);
        try {
            Thread.sleep(IDLE_SECONDS * 1000L);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        double load = (processorSeconds(platform) - before) / IDLE_SECONDS;
        long pss = 0;
        long rss = 0;
        for (long pid : vmms(platform)) {
            pss += rollup(pid, "Pss:");
            rss += rollup(pid, "Rss:");
        }
        int answering = 0;
        for (String id : ids) {
            if (api.run(id, "echo here").stdout().equals("here\n")) answering++;
        }
        line.put("answering", answering)
                .put("pss_mib_each", Samples.round(pss / 1024.0 / ids.size()))
                .put("rss_mib_each", Samples.round(rss / 1024.0 / ids.size()))
                .put("cpu_percent_each", Samples.round(load * 100 / ids.size()));
    }

    private static String sandbox(Api api) {
        String id = api.create("{\"timeout\": 3600}").path("sandbox_id").textValue();
        api.run(id, "head -c " + (USED_MIB << 20) + " /dev/urandom > /dev/shm/used");
        return id;
    }

    /// So many at once; waits for all.
    private static List<String> create(Api api, int count, Samples each) {
        ConcurrentLinkedQueue<String> ids = new ConcurrentLinkedQueue<>();
        ConcurrentLinkedQueue<Long> times = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            threads.add(Thread.ofVirtual().start(() -> {
                long start = System.nanoTime();
                ids.add(api.create("{\"timeout\": 3600}").path("sandbox_id").textValue());
                times.add(System.nanoTime() - start);
            }));
        }
        try {
            for (Thread thread : threads) thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        times.forEach(each::add);
        if (ids.size() != count) throw new IllegalStateException(ids.size() + " of " + count + " creates succeeded");
        return List.copyOf(ids);
    }

    private static Api.Reply post(Api api, String path) {
        Api.Reply reply = api.post(path, "");
        if (reply.status() >= 300) throw new IllegalStateException(path + " answered " + reply.status() + ": " + reply.text());
        return reply;
    }

    private static List<Long> vmms(Platform platform) {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid -> {
                    String line = Platform.commandLine(pid);
                    return line.contains("qemu-system") && line.contains(platform.home().toString());
                })
                .toList();
    }

    private static double processorSeconds(Platform platform) {
        double ticks = 0;
        for (long pid : vmms(platform)) {
            String[] fields = read(Path.of("/proc/" + pid + "/stat")).replaceFirst(".*\\) ", "").split(" ");
            ticks += Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        }
        return ticks / 100;
    }

    private static long rollup(long pid, String field) {
        return read(Path.of("/proc/" + pid + "/smaps_rollup")).lines()
                .filter(line -> line.startsWith(field))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElse(0);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
