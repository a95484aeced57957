package dev.declaw.model.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Reads `custom_policy` (wire-api 15.8). Whether its Rego compiles is for the policy service to say.
final class CustomPolicyReader {
    static final int MODULES_MAX = 32;
    static final int CHARS_MAX = 128 * 1024;

    private static final String FIELD = "security.custom_policy";
    private static final Pattern PACK = Pattern.compile("[a-z0-9-]{1,64}@v[0-9]{1,4}");

    private CustomPolicyReader() {}

    static CustomPolicy read(JsonNode node, List<String> warnings) {
        if (node.isBoolean() && !node.booleanValue()) return CustomPolicy.NONE;
        PolicyJson.object(FIELD, node);
        boolean enabled = false;
        Optional<String> pack = Optional.empty();
        List<CustomPolicy.Module> modules = new ArrayList<>();
        Optional<Boolean> deny = Optional.empty();
        for (var member : node.properties()) {
            JsonNode value = member.getValue();
            String path = FIELD + "." + member.getKey();
            if (value.isNull()) continue;
            switch (PolicyJson.snake(member.getKey())) {
                case "enabled" -> enabled = PolicyJson.bool(path, value);
                case "policy_ref" -> pack = pack(path, PolicyJson.text(path, value));
                case "inline_rego" -> {
                    String text = PolicyJson.text(path, value);
                    if (!text.isBlank()) modules.addFirst(new CustomPolicy.Module("inline_rego", text));
                }
                case "inline_modules" -> {
                    List<String> texts = PolicyJson.texts(path, value);
                    for (int i = 0; i < texts.size(); i++) {
                        modules.add(new CustomPolicy.Module("inline_modules[" + i + "]", texts.get(i)));
                    }
                }
                case "default_deny" -> deny = Optional.of(PolicyJson.bool(path, value));
                default -> throw PolicyJson.unknown(path, "enabled, policy_ref, inline_rego, inline_modules, default_deny");
            }
        }
        limit(modules);
        if (!enabled) return CustomPolicy.NONE;
        CustomPolicy policy = new CustomPolicy(modules, pack, deny.isPresent() && !deny.get());
        if (!policy.active()) {
            throw new PolicyException(FIELD, "is switched on, but has no policy; give inline_rego, inline_modules or policy_ref");
        }
        if (policy.passesOnFailure()) {
            warnings.add("custom_policy.default_deny: false lets everything pass that cannot be evaluated; leave it out, or set it to true");
        }
        return policy;
    }

    private static void limit(List<CustomPolicy.Module> modules) {
        int chars = modules.stream().mapToInt(module -> module.text().length()).sum();
        if (modules.size() > MODULES_MAX || chars > CHARS_MAX) {
            throw new PolicyException(FIELD, "has at most " + MODULES_MAX + " modules of together " + CHARS_MAX + " characters");
        }
    }

    private static Optional<String> pack(String path, String reference) {
        if (reference.isBlank()) return Optional.empty();
        if (reference.startsWith("sha256:") || reference.startsWith("blob:")) {
            throw new PolicyException(
                    path,
                    "names a policy in a store, and this server has none; send its text in inline_modules, or name a pack of "
                            + "GET /governance/packs like prompt-injection@v3");
        }
        if (!PACK.matcher(reference).matches()) {
            throw new PolicyException(path, "must be like prompt-injection@v3; the packs are listed by GET /governance/packs");
        }
        return Optional.of(reference);
    }
}
