package dev.declaw.sdk;

import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How a template is built: either a Dockerfile's text, or steps. Immutable.
///
/// ```java
/// TemplateSteps.from("python").apt("jq").copy("app", "/srv/app").run("pip install httpx").context(Path.of("."));
/// ```
public final class TemplateSteps {
    private static final int DOCKERFILE_CHARS_MAX = 64 * 1024;

    private final JsonObject spec;
    private final Map<String, String> arguments;
    private final Optional<Path> context;
    private final Optional<String> contextId;

    private TemplateSteps(JsonObject spec, Map<String, String> arguments, Optional<Path> context, Optional<String> contextId) {
        this.spec = spec;
        this.arguments = arguments;
        this.context = context;
        this.contextId = contextId;
    }

    /// Starts from a template.
    public static TemplateSteps from(String base) {
        if (base.isBlank()) throw new InvalidArgument("a template starts from another one, for example base");
        return new TemplateSteps(new JsonObject().put("base_image", base), Map.of(), Optional.empty(), Optional.empty());
    }

    /// A Dockerfile's text instead of steps.
    public static TemplateSteps dockerfile(String text) {
        if (text.length() > DOCKERFILE_CHARS_MAX) {
            throw new InvalidArgument("the Dockerfile is longer than " + DOCKERFILE_CHARS_MAX + " characters");
        }
        if (text.lines().noneMatch(line -> line.strip().regionMatches(true, 0, "FROM ", 0, 5))) {
            throw new InvalidArgument("the Dockerfile has no FROM");
        }
        return new TemplateSteps(new JsonObject().put("dockerfile", text), Map.of(), Optional.empty(), Optional.empty());
    }

    /// A command of the build, as root.
    public TemplateSteps run(String command) {
        return plus("run_cmds", Checks.command(command));
    }

    /// A package of the distribution.
    public TemplateSteps apt(String name) {
        return plus("apt_packages", name);
    }

    /// Copies a file or a directory of the context; `from` is relative to it.
    public TemplateSteps copy(String from, String to) {
        return plus("copies", new JsonObject().put("src", Checks.path(from)).put("dst", Checks.path(to)));
    }

    /// A variable of every command in the template's sandboxes.
    public TemplateSteps variable(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(spec.textMap("envs"));
        more.put(name, value);
        return with("envs", JsonObject.of(Checks.variables(more)));
    }

    /// What runs when the template starts; the build waits until it is ready and keeps that state.
    public TemplateSteps start(String command) {
        return with("start_cmd", Checks.command(command));
    }

    /// A command that ends with 0 once what [#start] started is ready.
    public TemplateSteps ready(String command) {
        return with("ready_cmd", Checks.command(command));
    }

    /// A value for an `ARG` of the Dockerfile.
    public TemplateSteps argument(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(arguments);
        more.put(name, value);
        return new TemplateSteps(spec, Checks.variables(more), context, contextId);
    }

    /// The directory that `COPY` takes from; it is sent with the build.
    public TemplateSteps context(Path directory) {
        return new TemplateSteps(spec, arguments, Optional.of(directory), Optional.empty());
    }

    /// A context that is on the server, by [Templates#upload(Path)].
    public TemplateSteps context(Templates.BuildContext uploaded) {
        return new TemplateSteps(spec, arguments, Optional.empty(), Optional.of(uploaded.id()));
    }

    private TemplateSteps plus(String member, Object item) {
        List<Object> more = new ArrayList<>();
        if (spec.get(member) instanceof List<?> list) more.addAll(list);
        more.add(item);
        return with(member, List.copyOf(more));
    }

    private TemplateSteps with(String member, Object value) {
        if (spec.has("dockerfile") && !member.equals("start_cmd") && !member.equals("ready_cmd")) {
            throw new InvalidArgument("a Dockerfile has its own steps");
        }
        JsonObject next = new JsonObject();
        spec.forEach(next::put);
        return new TemplateSteps(next.put(member, value), arguments, context, contextId);
    }

    JsonObject toJson() {
        return spec;
    }

    Map<String, String> arguments() {
        return arguments;
    }

    Optional<Path> context() {
        return context;
    }

    Optional<String> contextId() {
        return contextId;
    }

    @Override
    public String toString() {
        return "TemplateSteps[" + (spec.has("dockerfile") ? "Dockerfile" : spec.text("base_image")) + "]"; // variables may hold secrets
    }
}
