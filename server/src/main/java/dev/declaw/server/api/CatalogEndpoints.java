package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.governance.GovernancePacks;
import dev.declaw.server.governance.GovernancePacks.Pack;

/// Governance packs (wire-api 12).
final class CatalogEndpoints {
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
