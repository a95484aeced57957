package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.server.template.TemplateBuild;
import dev.declaw.server.template.BuildRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Reads the body of `POST /templates/build` in both of its shapes (wire-api 9.1), and writes builds.
final class BuildForms {
    private static final int DOCKERFILE_CHARS_MAX = 64 * 1024;
    private static final int COMMAND_CHARS_MAX = 64 * 1024;
    private static final int ENVS_CHARS_MAX = 128 * 1024;
    private static final int LIST_MAX = 500;
    private static final int NAME_CHARS_MAX = 255;
    private static final int VCPUS_MAX = 8;
    private static final int MEMORY_MIB_MIN = 128;
    private static final int MEMORY_MIB_MAX = 8192;
    private static final int DISK_MIB_MIN = 128;
    private static final int DISK_MIB_MAX = 102_400;

    private BuildForms() {}

    /// @param background whether the caller waits for the end
    record Asked(BuildRequest request, boolean background) {}

    static Asked read(JsonBody body) {
        Optional<JsonNode> nested = body.node("template");
        JsonBody spec = nested.map(node -> JsonBody.of("template", node)).orElse(body);
        Optional<String> dockerfile = spec.text("dockerfile", DOCKERFILE_CHARS_MAX).filter(text -> !text.isBlank());
        Optional<String> alias = body.text("alias", 64).filter(name -> !name.isEmpty());
        alias.filter(name -> !name.matches("[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}") || name.startsWith("tpl-")).ifPresent(_ -> {
            throw JsonBody.wrong("alias", "has 1 to 64 letters, digits, '.', '_' or '-', and does not begin with tpl-");
        });
        Map<String, String> envs = Environment.read(spec, "envs");
        BuildRequest request = new BuildRequest(
                alias,
                dockerfile,
                spec.text("base_image", NAME_CHARS_MAX).filter(text -> !text.isBlank()).orElse(BuildRequest.DEFAULT_BASE),
                list(spec, "apt_packages", value -> packageName(value)),
                list(spec, "run_cmds", value -> text("run_cmds", value, COMMAND_CHARS_MAX)),
                list(spec, "copies", BuildForms::copy),
                envs,
                either(body, spec, "start_cmd", COMMAND_CHARS_MAX),
                either(body, spec, "ready_cmd", COMMAND_CHARS_MAX),
                args(body, spec),
                either(body, spec, "context_id", 64),
                number(body, "cpu_count", 1, VCPUS_MAX),
                number(body, "memory_mb", MEMORY_MIB_MIN, MEMORY_MIB_MAX),
                number(body, "disk_mb", DISK_MIB_MIN, DISK_MIB_MAX),
                !body.flag("no_cache", false));
        return new Asked(request, body.flag("background", false));
    }

    private static Optional<String> either(JsonBody body, JsonBody spec, String name, int charsMax) {
        return spec.text(name, charsMax).or(() -> body.text(name, charsMax)).filter(text -> !text.isBlank());
    }

    private static Map<String, String> args(JsonBody body, JsonBody spec) {
        Map<String, String> args = spec.textMap("args", ENVS_CHARS_MAX);
        return args.isEmpty() ? body.textMap("args", ENVS_CHARS_MAX) : args;
    }

    /// A size; 0 counts as absent, which one client sends for "not set".
    private static Optional<Integer> number(JsonBody body, String name, int min, int max) {
        Optional<Long> value = body.wholeNumber(name).filter(number -> number != 0);
        if (value.isPresent() && (value.get() < min || value.get() > max)) {
            throw JsonBody.wrong(name, "must be from " + min + " to " + max);
        }
        return value.map(Long::intValue);
    }

    private static <T> List<T> list(JsonBody spec, String name, Function<JsonNode, T> reader) {
        Optional<JsonNode> node = spec.node(name);
        if (node.isEmpty()) return List.of();
        if (!node.get().isArray() || node.get().size() > LIST_MAX) {
            throw JsonBody.wrong(name, "must be an array of at most " + LIST_MAX + " entries");
        }
        List<T> values = new ArrayList<>();
        node.get().forEach(value -> values.add(reader.apply(value)));
        return values;
    }

    private static String packageName(JsonNode value) {
        String name = text("apt_packages", value, NAME_CHARS_MAX);
        if (!name.matches("[a-z0-9][a-z0-9+.-]{1,127}(=[A-Za-z0-9.+~:-]{1,127})?")) {
            throw JsonBody.wrong("apt_packages", "holds '" + name.replaceAll("[^ -~]", "?") + "', which is no name of a package");
        }
        return name;
    }

    private static String text(String name, JsonNode value, int charsMax) {
        if (!value.isTextual() || value.textValue().isBlank() || value.textValue().length() > charsMax || value.textValue().indexOf('\0') >= 0) {
            throw JsonBody.wrong(name, "must hold strings of 1 to " + charsMax + " characters");
        }
        return value.textValue();
    }

    private static BuildRequest.Copy copy(JsonNode value) {
        JsonBody copy = JsonBody.of("copies", value);
        String mode = copy.node("mode").map(BuildForms::mode).orElse("");
        return new BuildRequest.Copy(
                copy.requiredText("src", JsonBody.PATH_CHARS_MAX),
                copy.requiredText("dst", JsonBody.PATH_CHARS_MAX),
                mode.isEmpty() ? Optional.empty() : Optional.of(mode));
    }

    /// Permission bits: a number, which is what `0o755` is in the clients' languages, or octal text.
    private static String mode(JsonNode value) {
        String octal = value.isIntegralNumber() ? Long.toOctalString(value.longValue()) : value.asText();
        if (octal.isEmpty()) return "";
        if (!octal.matches("0{0,2}[0-7]{1,4}")) throw JsonBody.wrong("copies.mode", "must be permission bits, for example 493 or \"0755\"");
        String plain = octal.replaceFirst("^0+", "");
        return "0".repeat(Math.max(0, 4 - plain.length())) + plain;
    }

    static ObjectNode json(TemplateBuild build) {
        ObjectNode node = Json.object();
        node.put("build_id", build.id());
        build.templateId().ifPresentOrElse(id -> node.put("template_id", id), () -> node.putNull("template_id"));
        build.alias().ifPresentOrElse(alias -> node.put("alias", alias), () -> node.putNull("alias"));
        node.put("status", build.status());
        ArrayNode logs = node.putArray("logs");
        build.logs().forEach(logs::add);
        node.put("step", build.step()).put("steps", build.steps());
        build.error().ifPresentOrElse(
                error -> node.putObject("error").put("code", error.code()).put("message", error.message()).put("step", error.step()),
                () -> node.putNull("error"));
        node.put("created_at", Json.timestamp(build.created()));
        build.finished().ifPresentOrElse(at -> node.put("finished_at", Json.timestamp(at)), () -> node.putNull("finished_at"));
        return node;
    }
}
