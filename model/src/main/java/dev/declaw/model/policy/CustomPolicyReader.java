package dev.declaw.model.policy;

import com.fasterxml.jackson.databind.JsonNode;

/// Reads `custom_policy` (wire-api 15.8). Rego is not evaluated here, so a policy that brings some is refused; the one
/// pack that the clients' injection shortcut names is built in.
final class CustomPolicyReader {
    private static final String FIELD = "security.custom_policy";

    private CustomPolicyReader() {}

    /// @return whether the prompt-injection pack is switched on
    static boolean read(JsonNode node) {
        if (node.isBoolean() && !node.booleanValue()) return false;
        PolicyJson.object(FIELD, node);
        boolean enabled = false;
        String reference = "";
        boolean inline = false;
        for (var member : node.properties()) {
            JsonNode value = member.getValue();
            String path = FIELD + "." + member.getKey();
            if (value.isNull()) continue;
            switch (PolicyJson.snake(member.getKey())) {
                case "enabled" -> enabled = PolicyJson.bool(path, value);
                case "policy_ref" -> reference = PolicyJson.text(path, value);
                case "inline_rego" -> inline |= !PolicyJson.text(path, value).isBlank();
                case "inline_modules" -> inline |= !PolicyJson.texts(path, value).isEmpty();
                case "default_deny" -> PolicyJson.bool(path, value);
                default -> throw PolicyJson.unknown(path, "enabled, policy_ref, inline_rego, inline_modules, default_deny");
            }
        }
        if (!enabled) return false;
        boolean pack = reference.matches("prompt-injection@v[0-9]{1,4}");
        if (inline || !pack) {
            throw new PolicyException(
                    FIELD,
                    "is switched on, but this version evaluates no Rego; the one policy_ref that it knows is "
                            + "prompt-injection@v3. Leave custom_policy out or switch it off");
        }
        return true;
    }
}
