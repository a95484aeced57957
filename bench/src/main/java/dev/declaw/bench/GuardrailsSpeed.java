package dev.declaw.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// How fast a scanner reads messages of 4 KiB: CPU time of one thread, warm. One JSON line for each kind of text: `data` is the
/// harmless rows of a file joined, `json` is made here: request bodies, headers and log lines.
final class GuardrailsSpeed {
    static final int MESSAGE_CHARS = 4_096;

    private static final int MESSAGES_MAX = 512;
    /// Until the compiler has done its work: CPU time of this thread, and wall time at most, for a busy machine compiles late.
    private static final long WARM_CPU_NANOS = 4_000_000_000L;
    private static final long WARM_NANOS_MAX = 30_000_000_000L;
    private static final int ROUNDS = 12;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private GuardrailsSpeed() {}

    static void measure(String scanner, String file, Subjects.Subject subject, List<JsonNode> rows, PrintStream out) {
        List<String> harmless = rows.stream()
                .filter(row -> row.path("label").asInt() == 0 && row.path("spans").isEmpty())
                .map(row -> row.path("text").asText())
                .toList();
        line(scanner, file, "data", subject, messages(harmless), out);
        line(scanner, file, "json", subject, messages(json()), out);
    }

    private static void line(String scanner, String file, String text, Subjects.Subject subject, List<String> messages, PrintStream out) {
        if (messages.isEmpty()) return;
        long end = System.nanoTime() + WARM_NANOS_MAX;
        long warm = THREADS.getCurrentThreadCpuTime() + WARM_CPU_NANOS;
        do subject.warmUp(messages);
        while (THREADS.getCurrentThreadCpuTime() < warm && System.nanoTime() < end);
        long bytes = messages.stream().mapToLong(message -> message.getBytes(StandardCharsets.UTF_8).length).sum();
        long best = Long.MAX_VALUE;
        long[] each = new long[ROUNDS * messages.size()];
        int count = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long before = THREADS.getCurrentThreadCpuTime();
            subject.warmUp(messages);
            best = Math.min(best, THREADS.getCurrentThreadCpuTime() - before);
            for (String message : messages) {
                long start = THREADS.getCurrentThreadCpuTime();
                subject.warmUp(List.of(message));
                each[count++] = THREADS.getCurrentThreadCpuTime() - start;
            }
        }
        Arrays.sort(each);
        ObjectNode line = new JsonMapper().createObjectNode();
        line.put("bench", "guardrails-speed").put("scanner", scanner).put("file", file).put("text", text);
        line.put("messages", messages.size()).put("mb_per_s", Score.round(bytes * 1e3 / best));
        line.put("p50_us_per_4kib", Score.round(each[each.length / 2] / 1e3));
        line.put("p99_us_per_4kib", Score.round(each[(int) (each.length * 0.99)] / 1e3));
        out.println(line);
    }

    private static List<String> messages(List<String> texts) {
        List<String> messages = new ArrayList<>();
        StringBuilder message = new StringBuilder();
        for (String text : texts) {
            message.append(text, 0, Math.min(text.length(), MESSAGE_CHARS)).append('\n');
            if (message.length() >= MESSAGE_CHARS) {
                messages.add(message.substring(0, MESSAGE_CHARS));
                message.setLength(0);
                if (messages.size() == MESSAGES_MAX) break;
            }
        }
        return messages;
    }

    /// The same on every run.
    private static List<String> json() {
        Random random = new Random(7);
        List<String> words = List.of("order", "status", "update", "the", "service", "returned", "item", "queue", "worker", "cache", "request", "response", "timeout", "value", "page", "of", "data");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 8_000; i++) {
            StringBuilder note = new StringBuilder();
            for (int w = 0; w < 10; w++) note.append(words.get(random.nextInt(words.size()))).append(' ');
            lines.add(switch (i % 4) {
                case 0 -> "{\"id\":\"%08x-%04x\",\"name\":\"%s\",\"count\":%d,\"price\":%.2f,\"active\":true,\"tags\":[\"a\",\"b\"]}"
                        .formatted(random.nextInt(), random.nextInt(65_536), note.toString().strip(), random.nextInt(100_000), random.nextDouble() * 100);
                case 1 -> "2026-11-%02dT%02d:%02d:%02d.%03dZ INFO [worker-%d] %s took %d ms".formatted(1 + random.nextInt(28), random.nextInt(24), random.nextInt(60), random.nextInt(60), random.nextInt(1000), random.nextInt(16), note, random.nextInt(5000));
                case 2 -> "{\"role\":\"user\",\"content\":\"%s\",\"temperature\":0.%d,\"max_tokens\":%d}".formatted(note.toString().strip(), random.nextInt(10), random.nextInt(4096));
                default -> "GET /api/v1/items/%d?page=%d&sort=name HTTP/1.1 content-type: application/json accept: */* content-length: %d".formatted(random.nextInt(10_000), random.nextInt(50), random.nextInt(9_000));
            });
        }
        return lines;
    }
}
