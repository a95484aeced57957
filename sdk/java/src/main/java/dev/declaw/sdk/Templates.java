package dev.declaw.sdk;

import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Templates: built, listed, deleted. Thread-safe.
///
/// ```java
/// Declaw.fromEnvironment().templates().build(
///         "tools", Templates.Steps.from("python").apt("jq").run("pip install httpx"), Duration.ofMinutes(30), System.out::println);
/// ```
public final class Templates {
    private static final int DOCKERFILE_CHARS_MAX = 64 * 1024;
    private static final long POLL_MILLIS = 500;
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

    /// @param status `queued`, `building`, `completed` or `failed`
    /// @param logs all lines so far
    public record Build(String id, String status, Optional<String> templateId, List<String> logs) {
        static Build of(JsonObject row) {
            return new Build(row.text("build_id"), row.text("status"), row.optionalText("template_id"), row.texts("logs"));
        }

        public boolean failed() {
            return status.equals("failed") || status.equals("error");
        }

        public boolean ended() {
            return failed() || status.equals("completed") || status.equals("success");
        }
    }

    /// Steps of a build. Immutable.
    public record Steps(
            String base, List<String> commands, List<String> packages, Map<String, String> variables, Optional<String> start,
            Optional<String> dockerfile) {
        public static Steps from(String base) {
            return new Steps(base, List.of(), List.of(), Map.of(), Optional.empty(), Optional.empty());
        }

        /// A Dockerfile's text instead of the other steps.
        public static Steps dockerfile(String text) {
            if (text.length() > DOCKERFILE_CHARS_MAX) {
                throw new DeclawException.InvalidArgument("the Dockerfile is longer than " + DOCKERFILE_CHARS_MAX + " characters");
            }
            if (text.lines().noneMatch(line -> line.strip().regionMatches(true, 0, "FROM ", 0, 5))) {
                throw new DeclawException.InvalidArgument("the Dockerfile has no FROM");
            }
            return new Steps("", List.of(), List.of(), Map.of(), Optional.empty(), Optional.of(text));
        }

        public Steps run(String command) {
            return new Steps(base, plus(commands, command), packages, variables, start, dockerfile);
        }

        public Steps apt(String name) {
            return new Steps(base, commands, plus(packages, name), variables, start, dockerfile);
        }

        public Steps variable(String name, String value) {
            Map<String, String> more = new LinkedHashMap<>(variables);
            more.put(name, value);
            return new Steps(base, commands, packages, Checks.variables(more), start, dockerfile);
        }

        /// What runs when the template starts; the build waits until it is ready and keeps that state.
        public Steps start(String command) {
            return new Steps(base, commands, packages, variables, Optional.of(command), dockerfile);
        }

        private static List<String> plus(List<String> list, String item) {
            List<String> more = new ArrayList<>(list);
            more.add(item);
            return List.copyOf(more);
        }

        JsonObject toJson() {
            JsonObject json = new JsonObject();
            if (dockerfile.isPresent()) return json.put("dockerfile", dockerfile.get());
            json.put("base_image", base);
            if (!commands.isEmpty()) json.put("run_cmds", commands);
            if (!packages.isEmpty()) json.put("apt_packages", packages);
            if (!variables.isEmpty()) json.put("envs", JsonObject.of(variables));
            start.ifPresent(command -> json.put("start_cmd", command));
            return json;
        }
    }

    /// Builds and waits; `log` gets each line while the build runs.
    ///
    /// @throws DeclawException.BuildFailed with the end of the log
    /// @throws DeclawException.TimedOut when it has not ended within `limit`; it goes on
    public Build build(String alias, Steps steps, Duration limit, Consumer<String> log) {
        return await(start(alias, steps).id(), limit, log);
    }

    /// Starts a build.
    public Build start(String alias, Steps steps) {
        if (alias.isBlank()) throw new DeclawException.InvalidArgument("a template needs an alias");
        JsonObject body = new JsonObject().put("template", steps.toJson()).put("alias", alias).put("background", true);
        return Build.of(http.send(Call.of("POST", "/templates/build").with(body).within(Duration.ofMinutes(5))));
    }

    public Build status(String buildId) {
        return Build.of(http.get("/templates/builds/" + Checks.id("buildId", buildId)));
    }

    public Build await(String buildId, Duration limit, Consumer<String> log) {
        Instant deadline = Instant.now().plus(limit);
        int shown = 0;
        while (true) {
            Build build = status(buildId);
            for (; shown < build.logs().size(); shown++) log.accept(build.logs().get(shown));
            if (build.failed()) {
                int from = Math.max(0, build.logs().size() - SHOWN_LINES_MAX);
                throw new DeclawException.BuildFailed("build " + buildId + " failed:\n"
                        + String.join("\n", build.logs().subList(from, build.logs().size())));
            }
            if (build.ended()) return build;
            if (Instant.now().isAfter(deadline)) {
                throw new DeclawException.TimedOut(
                        "build " + buildId + " has not ended within " + limit.toSeconds() + " s and goes on", "build_timeout", 0, "");
            }
            pause();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DeclawException.ConnectionFailed("the thread was interrupted; the build goes on", "interrupted");
        }
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
