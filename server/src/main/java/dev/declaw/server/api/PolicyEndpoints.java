package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.network.HostName;
import dev.declaw.model.network.IpLiteral;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.NetworkPolicy;
import dev.declaw.model.policy.PolicyReader;

/// Questions about a policy before a sandbox has it: read exactly as a create reads it, kept nowhere.
final class PolicyEndpoints {
    private static final int HOST_CHARS_MAX = 253;

    /// `{"accepted": true, "warnings": […]}`, or the error that a create would answer with.
    void lint(HttpCall call) {
        ObjectNode answer = Json.object().put("accepted", true);
        PolicyReader.Result read = read(call.body());
        read.warnings().forEach(answer.putArray("warnings")::add);
        call.json(200, answer);
    }

    /// What the network rules say to a name or an address. A name's answer is the one before it is resolved: what it resolves
    /// to is judged again when it is dialled.
    void explain(HttpCall call) {
        JsonBody body = call.body();
        NetworkPolicy network = read(body).policy().network();
        String host = body.requiredText("host", HOST_CHARS_MAX);
        Decision decision = IpLiteral.parse(host)
                .map(network::decideAddress)
                .or(() -> HostName.parse(host).map(network::decideName))
                .orElseThrow(() -> JsonBody.wrong("host", "must be a host name or an IP address"));
        ObjectNode answer = Json.object()
                .put("host", host)
                .put("decision", decision.allowed() ? "allow" : "deny")
                .put("reason", decision.reason().code());
        decision.rule().ifPresent(rule -> answer.put("rule", rule));
        call.json(200, answer);
    }

    private static PolicyReader.Result read(JsonBody body) {
        return PolicyReader.read(body.node("security").orElse(null), body.node("network").orElse(null));
    }
}
