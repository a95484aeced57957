package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.template.TemplateBuild;
import dev.declaw.server.template.BuildContexts;
import dev.declaw.server.template.TemplateBuilds;
import dev.declaw.server.template.Templates;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/// Templates and their builds (wire-api 9), with build contexts and followed logs of our own.
final class TemplateEndpoints {
    private static final Duration LOOK = Duration.ofSeconds(5);

    private final Templates templates;
    private final TemplateBuilds builds;
    private final BuildContexts contexts;
    private final InstantSource clock;

    TemplateEndpoints(Templates templates, TemplateBuilds builds, BuildContexts contexts, InstantSource clock) {
        this.templates = templates;
        this.builds = builds;
        this.contexts = contexts;
        this.clock = clock;
    }

    void list(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("templates");
        templates.list(call.owner()).forEach(template -> list.add(json(template)));
        call.json(200, answer);
    }

    void get(HttpCall call) {
        call.json(200, json(templates.get(call.owner(), call.parameter("tid"))));
    }

    void delete(HttpCall call) {
        builds.deleteTemplate(call.caller(), call.parameter("tid"));
        call.json(200, Json.object().put("deleted", true));
    }

    private static ObjectNode json(Templates.TemplateInfo template) {
        ObjectNode node = Json.object();
        node.put("template_id", template.id());
        template.alias().ifPresentOrElse(alias -> node.put("alias", alias), () -> node.put("alias", ""));
        node.put("created_at", Json.timestamp(template.created()));
        node.put("digest", template.digest());
        node.put("version", template.version());
        return node.put("cpu_count", template.vcpus())
                .put("memory_mb", template.memoryMib())
                .put("disk_mb", template.diskMib());
    }

    /// In the foreground the answer waits for the end, with blanks that keep the connection alive; a failed build is an
    /// answer like any other, so that no client repeats it.
    void build(HttpCall call) {
        BuildForms.Asked asked = BuildForms.read(call.body());
        TemplateBuild build = builds.submit(call.caller(), asked.request());
        if (asked.background()) {
            call.json(202, BuildForms.json(build));
            return;
        }
        KeepAlive keepAlive = new KeepAlive(clock);
        while (!build.ended()) {
            build = builds.await(call.owner(), build.id(), LOOK);
            if (!build.ended() && keepAlive.due()) call.dribble();
        }
        call.endJson(BuildForms.json(build));
    }

    /// Begins to build a template of the product.
    void buildBuiltIn(HttpCall call) {
        call.json(202, BuildForms.json(builds.buildBuiltIn(call.parameter("tid"))));
    }

    void builds(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("builds");
        builds.list(call.owner()).forEach(build -> list.add(BuildForms.json(build)));
        call.json(200, answer);
    }

    void status(HttpCall call) {
        call.json(200, BuildForms.json(builds.get(call.owner(), call.parameter("bid"))));
    }

    void cancel(HttpCall call) {
        call.json(200, BuildForms.json(builds.cancel(call.owner(), call.parameter("bid"))));
    }

    void logs(HttpCall call) {
        String id = call.parameter("bid");
        long after = call.query().given("after").map(text -> Query.parse("after", text, 0, Long.MAX_VALUE)).orElse(0L);
        if (!call.query().flag("follow")) {
            ObjectNode answer = Json.object();
            ArrayNode lines = answer.putArray("lines");
            builds.logs(call.owner(), id, after, Duration.ZERO).forEach(line -> lines.add(json(line)));
            call.json(200, answer);
            return;
        }
        builds.get(call.owner(), id); // refused before the stream begins
        EventStream stream = EventStream.open(call);
        while (true) {
            boolean ended = builds.get(call.owner(), id).ended(); // before the look: what came until then is in it
            List<TemplateBuilds.LogLine> lines = builds.logs(call.owner(), id, after, ended ? Duration.ZERO : LOOK);
            for (TemplateBuilds.LogLine line : lines) {
                stream.event("log", json(line));
                after = line.seq();
            }
            if (ended) break;
            if (lines.isEmpty()) stream.keepAlive();
        }
        stream.event("end", BuildForms.json(builds.get(call.owner(), id)));
        stream.close();
    }

    private static ObjectNode json(TemplateBuilds.LogLine line) {
        return Json.object().put("seq", line.seq()).put("time", line.time()).put("step", line.step()).put("line", line.line());
    }

    void addContext(HttpCall call) throws IOException {
        String tooLarge = "a build context has at most " + BuildContexts.BYTES_MAX + " bytes; leave files out that no COPY needs";
        if (call.bodyLength() > BuildContexts.BYTES_MAX) throw new PlatformFailure.TooLarge("body_too_large", tooLarge);
        try (InputStream body = new LimitedInput(call.bodyStream(), BuildContexts.BYTES_MAX)) {
            BuildContexts.Context context = contexts.add(call.owner(), body);
            call.json(201, Json.object()
                    .put("context_id", context.id())
                    .put("digest", context.digest())
                    .put("size_bytes", context.sizeBytes()));
        } catch (LimitedInput.LimitException e) {
            throw new PlatformFailure.TooLarge("body_too_large", tooLarge);
        }
    }
}
