package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.governance.GovernancePacks;
import dev.declaw.server.governance.GovernancePacks.Pack;
import dev.declaw.server.lifecycle.Templates;

/// What there is to choose from: templates (wire-api 9.2) and governance packs (wire-api 12).
final class CatalogEndpoints {
    private final Templates templates;

    CatalogEndpoints(Templates templates) {
        this.templates = templates;
    }

    void templates(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("templates");
        templates.list().forEach(template -> list.add(json(template)));
        call.json(200, answer);
    }

    void template(HttpCall call) {
        call.json(200, json(templates.get(call.parameter("tid"))));
    }

    void deleteTemplate(HttpCall call) {
        templates.delete(call.parameter("tid"));
    }

    private static ObjectNode json(Templates.TemplateInfo template) {
        ObjectNode node = Json.object();
        node.put("template_id", template.id()).put("alias", template.name());
        node.put("created_at", Json.timestamp(template.created()));
        node.put("digest", template.digest());
        node.put("cpu_count", template.vcpus()).put("memory_mb", template.memoryMib()).put("disk_mb", template.diskMib());
        return node;
    }

    void packs(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("packs");
        GovernancePacks.all().forEach(pack -> list.add(json(pack)));
        call.json(200, answer);
    }

    void pack(HttpCall call) {
        Pack pack = GovernancePacks.find(call.parameter("name"))
                .orElseThrow(() -> new PlatformFailure.NotFound("pack_not_found", "there is no governance pack of this name"));
        call.json(200, json(pack));
    }

    private static ObjectNode json(Pack pack) {
        ObjectNode node = Json.object();
        node.put("name", pack.name()).put("version", pack.version());
        node.put("framework", pack.framework()).put("description", pack.description());
        pack.gates().forEach(node.putArray("gates")::add);
        ArrayNode enforces = node.putArray("enforces");
        pack.enforces().forEach(enforced -> enforces.addObject()
                .put("control", enforced.control())
                .put("gate", enforced.gate())
                .put("rule", enforced.rule())
                .put("playbook", enforced.playbook()));
        ArrayNode advisory = node.putArray("advisory");
        pack.advisory().forEach(hint -> advisory.addObject().put("control", hint.control()).put("reason", hint.reason()));
        return node.put("policy_ref", pack.policyRef()).put("seeded", pack.seeded());
    }
}
