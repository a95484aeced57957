package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.Contract;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.RequestContract;
import dev.declaw.server.fake.TestServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The description of the API against the server. What single answers look like is checked in every test that uses [RawHttp].
final class OpenApiTest {
    private static final Pattern CODE = Pattern.compile(
            "new (?:PlatformFailure\\.)?(?:InvalidRequest|Unprocessable|PermissionDenied|NotFound|Conflict|Gone|TooLarge|QuotaExceeded"
                    + "|NoCapacity|DeadlineExceeded)\\(\\s*\"([a-z_]+)\"");

    @TempDir
    Path home;

    @Test
    void everyRouteIsDescribedAndEveryDescriptionServed() throws Exception {
        Set<String> served;
        try (TestServer server = new TestServer(home)) {
            served = new TreeSet<>(server.api.served().stream().map(route -> route.replace("...}", "}")).toList());
        }
        Set<String> described = new TreeSet<>();
        for (Map.Entry<String, JsonNode> path : Contract.document().path("paths").properties()) {
            path.getValue().fieldNames().forEachRemaining(method -> described.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey()));
        }
        assertThat(described).isEqualTo(served);
    }

    @Test
    void everyErrorCodeIsListed() throws IOException {
        Set<String> listed = new HashSet<>();
        Contract.document().path("x-error-codes").fieldNames().forEachRemaining(listed::add);
        for (String module : List.of("server", "runtime", "egress", "model")) {
            Path sources = Path.of("..", module, "src", "main", "java");
            try (Stream<Path> files = Files.walk(sources)) {
                for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
                    Matcher codes = CODE.matcher(Files.readString(file));
                    while (codes.find()) assertThat(listed).as(file.toString()).contains(codes.group(1));
                }
            }
        }
    }

    @Test
    void everyReferenceLeadsSomewhereAndEveryOperationHasANameOfItsOwn() {
        Set<String> names = new HashSet<>();
        for (JsonNode path : Contract.document().path("paths")) {
            for (JsonNode operation : path) {
                assertThat(names.add(operation.path("operationId").textValue())).as(operation.toString()).isTrue();
            }
        }
        for (JsonNode reference : Contract.document().findValues("$ref")) {
            assertThat(Contract.document().at(reference.textValue().substring(1)).isMissingNode())
                    .as(reference.textValue())
                    .isFalse();
        }
    }

    @Test
    void anAnswerThatDiffersIsNoticed() {
        RawHttp.Answer good = answer(200, "{\"team_id\":\"t\",\"name\":\"n\",\"created_at\":\"2026-01-02T03:04:05.000000+00:00\"}");
        assertThat(Contract.faults("GET", "/teams", answer(200, "{\"teams\":[" + good.text() + "]}"))).isEmpty();
        assertThat(Contract.faults("GET", "/teams", answer(200, "{\"teams\":[{\"team_id\":1}]}"))).isNotEmpty();
        assertThat(Contract.faults("GET", "/teams", answer(418, "{}"))).isNotEmpty();
        assertThat(Contract.faults("GET", "/nowhere", answer(200, "{}"))).isNotEmpty();
        assertThat(Contract.faults("GET", "/teams", answer(401, "{\"message\":\"m\",\"code\":\"made_up\"}"))).isNotEmpty();
    }

    @Test
    void aRequestThatDiffersIsNoticed() {
        assertThat(requestFaults("POST", "/sandboxes", "{\"timeout\":60}", 201)).isEmpty();
        assertThat(requestFaults("POST", "/sandboxes", "{\"timeout\":\"60\"}", 201)).isNotEmpty();
        assertThat(requestFaults("POST", "/sandboxes", "{\"timeout\":\"60\"}", 400)).isEmpty();
        assertThat(requestFaults("POST", "/sandboxes", "{\"made_up\":1}", 201)).isNotEmpty();
        assertThat(requestFaults("POST", "/sandboxes", "{\"volumes\":[{\"volume_id\":\"v\",\"mount_path\":\"/a\",\"made_up\":1}]}", 201)).isNotEmpty();
        assertThat(requestFaults("GET", "/sandboxes?made_up=1", "", 200)).isNotEmpty();
        assertThat(requestFaults("GET", "/sandboxes?limit=1", "", 200)).isEmpty();
        assertThat(requestFaults("GET", "/auth/me", "{\"a\":1}", 200)).isNotEmpty();
    }

    private static List<String> requestFaults(String method, String target, String body, int status) {
        return RequestContract.faults(method, target, body.getBytes(StandardCharsets.UTF_8), status);
    }

    /// A body that the server refuses however it is written, or takes, is a code and a status that clients can rely on.
    @Test
    void everyListedCodeIsAnsweredSomewhere() throws IOException {
        StringBuilder sources = new StringBuilder();
        for (String folder : List.of("server/src/main", "runtime/src/main", "egress/src/main", "model/src/main", "envd")) {
            try (Stream<Path> files = Files.walk(Path.of("..", folder.split("/")))) {
                for (Path file : files.filter(path -> path.toString().matches(".*[.](java|go)")).toList()) sources.append(Files.readString(file));
            }
        }
        Contract.document().path("x-error-codes").fieldNames().forEachRemaining(code ->
                assertThat(sources.indexOf("\"" + code + "\"")).as(code + " is listed, and nothing answers it").isNotNegative());
    }

    @Test
    void everyCodeIsExplainedWithItsStatus() throws IOException {
        Set<String> described = new TreeSet<>();
        Contract.document().path("x-error-codes").properties().forEach(code -> {
            JsonNode status = code.getValue();
            String text = status.isArray() ? status.get(0) + ", " + status.get(1) : status.toString();
            described.add("| `" + code.getKey() + "` | " + text + " |");
        });
        Set<String> explained = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("..", "docs", "errors.md"))) {
            Matcher row = Pattern.compile("([|] `[a-z_0-9]+` [|] [0-9, ]+ [|]) [^|]+ [|] [^|]+ [|]").matcher(line);
            if (row.matches()) explained.add(row.group(1));
        }
        assertThat(explained).isEqualTo(described);
    }

    private static RawHttp.Answer answer(int status, String body) {
        return new RawHttp.Answer(
                status, Map.of("content-type", "application/json"), body.getBytes(StandardCharsets.UTF_8), true);
    }
}
