package dev.declaw.sdk;

import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.internal.ContextArchive;
import dev.declaw.sdk.internal.Events;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.internal.Query;
import dev.declaw.sdk.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Templates: built, listed, deleted. Thread-safe.
///
/// ```java
/// Declaw.fromEnvironment().templates().build(
///         "tools", TemplateSteps.from("python").apt("jq").run("pip install httpx"), Duration.ofMinutes(30), System.out::println);
/// ```
public final class Templates {
    private static final Duration START_MAX = Duration.ofMinutes(5);
    private static final int RECONNECTS_MAX = 5;
    private static final int SHOWN_LINES_MAX = 20;

    private final Http http;

    Templates(Http http) {
        this.http = http;
    }

    public record Template(String id, String alias, String createdAt, JsonObject raw) {
        static Template of(JsonObject row) {
            return new Template(row.text("template_id"), row.text("alias"), row.text("created_at"), row);
        }
    }

    /// Files that a build's `COPY` may take, on the server.
    public record BuildContext(String id, String digest, long sizeBytes) {}

    /// A line of a build's log.
    ///
    /// @param sequence from 1, without gaps
    /// @param step what was being done, as the template's author wrote it
    public record LogLine(long sequence, String time, String step, String line) {}

    /// Why a build failed.
    ///
    /// @param code stable
    /// @param step the one that failed; empty when it was none
    public record Failure(String code, String message, String step) {}

    /// A build.
    ///
    /// @param status `queued`, `building`, `completed`, `failed` or `cancelled`
    /// @param logs the lines so far, the newest 2,000
    /// @param step number of the step that runs, of `steps`
    public record Build(
            String id, String alias, String status, Optional<String> templateId, List<String> logs, long step, long steps,
            Optional<Failure> error, JsonObject raw) {
        static Build of(JsonObject row) {
            JsonObject error = row.object("error");
            return new Build(
                    row.text("build_id"),
                    row.text("alias"),
                    row.text("status"),
                    row.optionalText("template_id"),
                    row.texts("logs"),
                    row.number("step"),
                    row.number("steps"),
                    error.isEmpty()
                            ? Optional.empty()
                            : Optional.of(new Failure(error.text("code"), error.text("message"), error.text("step"))),
                    row);
        }

        public boolean failed() {
            return List.of("failed", "error", "cancelled", "canceled").contains(status);
        }

        public boolean ended() {
            return failed() || status.equals("completed") || status.equals("success");
        }
    }

    /// Builds and waits; `log` gets each line while the build runs.
    ///
    /// @throws DeclawException.BuildFailed with the end of the log
    /// @throws DeclawException.TimedOut when it has not ended within `limit`; it goes on
    public Build build(String alias, TemplateSteps steps, Duration limit, Consumer<String> log) {
        return await(start(alias, steps).id(), limit, log);
    }

    /// Starts a build; sends its context first, if it has one.
    public Build start(String alias, TemplateSteps steps) {
        if (alias.isBlank()) throw new DeclawException.InvalidArgument("a template needs an alias");
        JsonObject body = new JsonObject().put("template", steps.toJson()).put("alias", alias).put("background", true);
        Optional<String> context = steps.context().map(directory -> upload(directory).id()).or(steps::contextId);
        context.ifPresent(id -> body.put("context_id", id));
        if (!steps.arguments().isEmpty()) body.put("args", JsonObject.of(steps.arguments()));
        return Build.of(http.send(Call.of("POST", "/templates/build").with(body).within(START_MAX)));
    }

    /// Sends a directory, but for what its `.dockerignore` leaves out, for the `COPY` of later builds.
    public BuildContext upload(Path directory) {
        try {
            Path archive = java.nio.file.Files.createTempFile("declaw-context-", ".tar.gz");
            try {
                ContextArchive.write(directory, archive);
                try (InputStream in = java.nio.file.Files.newInputStream(archive)) {
                    return upload(in);
                }
            } finally {
                java.nio.file.Files.deleteIfExists(archive);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("packing " + directory + " failed", e);
        }
    }

    /// Sends a gzipped tar archive as a context.
    public BuildContext upload(InputStream archive) {
        JsonObject made = http.upload("POST", "/templates/build-contexts", archive, "application/gzip");
        return new BuildContext(made.text("context_id"), made.text("digest"), made.number("size_bytes"));
    }

    public Build status(String buildId) {
        return Build.of(http.get(build(buildId)));
    }

    /// Newest first.
    public List<Build> builds() {
        return http.get("/templates/builds").objects("builds").stream().map(Build::of).toList();
    }

    /// Stops a build; what it has made is thrown away.
    public void cancel(String buildId) {
        http.send(Call.of("DELETE", build(buildId)));
    }

    /// As [#build], for a build that was started.
    public Build await(String buildId, Duration limit, Consumer<String> log) {
        Deque<String> last = new ArrayDeque<>();
        Build build = follow(buildId, 0, limit, line -> {
            if (last.size() == SHOWN_LINES_MAX) last.removeFirst();
            last.addLast(line.line());
            log.accept(line.line());
        });
        if (!build.failed()) return build;
        String why = build.error()
                .map(error -> error.message() + (error.step().isEmpty() ? "" : " (" + error.step() + ")"))
                .orElse(build.status());
        throw new DeclawException.BuildFailed(
                "build " + buildId + " failed: " + why + "\n" + String.join("\n", last),
                build.error().map(Failure::code).filter(code -> !code.isEmpty()).orElse("build_failed"));
    }

    /// Passes on the lines after number `after` as they are written, until the build has ended. Goes on where it stopped when
    /// the connection breaks.
    ///
    /// @return how it ended
    public Build follow(String buildId, long after, Duration limit, Consumer<LogLine> log) {
        long deadline = System.nanoTime() + limit.toNanos();
        long seen = after;
        for (int broken = 0; broken <= RECONNECTS_MAX; broken++) {
            String path = build(buildId) + "/logs" + new Query().with("follow", true).with("after", seen);
            try (Events events = new Events(http.open(Call.of("GET", path)))) {
                closeAt(deadline, events);
                for (Optional<Events.Event> event = events.next(); event.isPresent(); event = events.next()) {
                    JsonObject data = event.get().data();
                    if (event.get().name().equals("end")) return Build.of(data);
                    if (!event.get().name().equals("log")) continue;
                    seen = data.number("seq");
                    broken = 0;
                    log.accept(new LogLine(seen, data.text("time"), data.text("step"), data.text("line")));
                }
            } catch (DeclawException.ConnectionFailed e) {
                if (broken == RECONNECTS_MAX || Thread.currentThread().isInterrupted()) throw e;
            }
            if (System.nanoTime() >= deadline) {
                throw new DeclawException.TimedOut(
                        "build " + buildId + " has not ended within " + limit.toSeconds() + " s and goes on", "build_timeout", 0, "");
            }
        }
        throw Events.cutOff("the build");
    }

    private static void closeAt(long deadline, Events events) {
        long nanos = Math.max(0, deadline - System.nanoTime());
        CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS).execute(events::close);
    }

    private static String build(String buildId) {
        return "/templates/builds/" + Checks.id("buildId", buildId);
    }

    public List<Template> list() {
        return http.get("/templates").objects("templates").stream().map(Template::of).toList();
    }

    /// By id or alias.
    public Template get(String template) {
        return Template.of(http.get("/templates/" + Checks.id("template", template)));
    }

    public void delete(String template) {
        http.send(Call.of("DELETE", "/templates/" + Checks.id("template", template)));
    }
}
