package dev.declaw.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.declaw.server.config.ConfigException;
import dev.declaw.server.config.ConfigReader;
import dev.declaw.server.config.ServerConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// One line per sandbox of the server of this state directory: what it is, since when and why, until when, what it uses.
/// It asks the server, with the server's own key.
@Command(
        name = "ps",
        description = "List the sandboxes of the server that runs from DECLAW_HOME: state, since when, why, deadline, use.",
        mixinStandardHelpOptions = true)
final class PsCommand implements Callable<Integer> {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration DEADLINE = Duration.ofSeconds(20);
    private static final int SANDBOXES_MAX = 1000;
    private static final String FORM = "%-22s %-9s %-20s %-30s %-10s %8s %8s %9s %s%n";

    @Option(names = "--all", description = "Show killed sandboxes too, for as long as they are remembered.")
    private boolean all;

    private final PrintStream out = System.out;
    private String base;
    private String key;
    private HttpClient http;

    @Override
    public Integer call() throws InterruptedException {
        try {
            ServerConfig config = ConfigReader.read(System.getenv());
            InetAddress listen = config.listen().getAddress();
            String host = listen.isAnyLocalAddress() ? "127.0.0.1" : config.listen().getHostString();
            base = "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + config.listen().getPort();
            key = Files.readString(config.home().resolve("api-key")).strip();
            http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(DEADLINE).build();
            print();
            return 0;
        } catch (ConfigException e) {
            e.problems().forEach(problem -> System.err.println("declaw: " + problem));
            return ServerCommand.EXIT_USAGE;
        } catch (IOException e) {
            System.err.println("declaw: no server answers on " + base + " (" + ServerCommand.reason(e)
                    + "); start it with ./declaw up, or set DECLAW_HOME and DECLAW_LISTEN to those of the one that runs");
            return ServerCommand.EXIT_FAILED;
        }
    }

    private void print() throws IOException, InterruptedException {
        JsonNode page = get("/sandboxes?limit=" + SANDBOXES_MAX + (all ? "&state=all" : ""));
        out.printf(FORM, "SANDBOX", "STATE", "SINCE", "WHY", "DEADLINE", "MEMORY", "CPU", "DISK", "TEMPLATE");
        for (JsonNode sandbox : page.path("sandboxes")) {
            print(sandbox);
        }
        if (page.path("total").intValue() > SANDBOXES_MAX) {
            out.println("… and " + (page.path("total").intValue() - SANDBOXES_MAX) + " more");
        }
    }

    private void print(JsonNode sandbox) throws IOException, InterruptedException {
        String id = sandbox.path("sandbox_id").asText();
        String state = sandbox.path("state").asText();
        JsonNode event = get("/sandboxes/" + id + "/audit?category=lifecycle&order=desc&limit=1").path("entries").path(0);
        JsonNode use = state.equals("running") ? newest(get("/sandboxes/" + id + "/metrics")) : JSON.missingNode();
        String why = event.path("event").asText(state.equals("creating") ? "create asked for" : "unknown");
        String detail = why.equals("vm_created")
                ? event.path("start").asText() + " " + event.path("create_millis").asLong() + " ms"
                : event.path("detail").asText("");
        out.printf(
                FORM,
                id,
                state,
                event.path("time").asText(sandbox.path("created_at").asText()).replaceAll("\\.[0-9]+.*", "Z").replace("+00:00", "Z"),
                detail.isEmpty() ? why : why + " (" + detail + ")",
                deadline(sandbox.path("end_at"), state),
                use.isMissingNode() ? "-" : use.path("memory_usage_mb").asInt() + " MiB",
                use.isMissingNode() ? "-" : use.path("cpu_usage_percent").asInt() + " %",
                use.isMissingNode() ? "-" : use.path("disk_usage_mb").asInt() + " MiB",
                sandbox.path("name").asText());
    }

    private static JsonNode newest(JsonNode samples) {
        return samples.path(samples.size() - 1);
    }

    private static String deadline(JsonNode end, String state) {
        if (!end.isTextual() || state.equals("killed")) return "-";
        long seconds = ChronoUnit.SECONDS.between(OffsetDateTime.now(), OffsetDateTime.parse(end.asText()));
        return seconds < 0 ? "over" : "in " + seconds + " s";
    }

    private JsonNode get(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + path))
                .header("Authorization", "Bearer " + key)
                .timeout(DEADLINE)
                .build();
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() == 404 || response.statusCode() == 409 || response.statusCode() == 410) {
            return JSON.missingNode(); // it changed between the two looks
        }
        if (response.statusCode() != 200) throw new IOException("the server answered " + response.statusCode());
        return JSON.readTree(response.body());
    }
}
