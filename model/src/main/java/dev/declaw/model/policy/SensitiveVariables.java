package dev.declaw.model.policy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// The variables of `security.env_security.sensitive_vars`: they go into the sandbox's environment, and their values into nothing that is
/// shown or recorded. Takes the values out of a policy, so that what is kept of it holds none.
///
/// @param policy as it was sent, in its own form, with [#MASK] for each value
/// @param values by name
public record SensitiveVariables(JsonNode policy, Map<String, String> values) {
    public static final String MASK = "***";

    static final int VARIABLES_MAX = 64;

    private static final String TEXT_FORM = "policy_json";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    public SensitiveVariables {
        values = Map.copyOf(values);
    }

    /// @param security a policy that [PolicyReader] has accepted, or null
    public static SensitiveVariables of(JsonNode security) {
        Map<String, String> values = new LinkedHashMap<>();
        if (security == null || !security.isObject()) return new SensitiveVariables(security, values);
        JsonNode copy = security.deepCopy();
        if (copy.has(TEXT_FORM)) {
            try {
                JsonNode inner = JSON.readTree(copy.get(TEXT_FORM).textValue());
                mask(inner, values);
                if (!values.isEmpty()) ((ObjectNode) copy).put(TEXT_FORM, inner.toString());
            } catch (JsonProcessingException e) {
                throw new IllegalArgumentException("the policy has not been read before", e);
            }
        } else {
            mask(copy, values);
        }
        return new SensitiveVariables(copy, values);
    }

    private static void mask(JsonNode policy, Map<String, String> values) {
        for (var part : policy.properties()) {
            if (!PolicyJson.snake(part.getKey()).equals("env_security")) continue;
            for (var member : part.getValue().properties()) {
                if (!PolicyJson.snake(member.getKey()).equals("sensitive_vars")) continue;
                for (JsonNode variable : member.getValue()) {
                    values.put(variable.path("name").asText(), variable.path("value").asText());
                    ((ObjectNode) variable).put("value", MASK);
                }
            }
        }
    }

    /// Reads the names; the values are judged and left where they are.
    static Set<String> names(String path, JsonNode value) {
        PolicyJson.array(path, value);
        if (value.size() > VARIABLES_MAX) throw new PolicyException(path, "has more than " + VARIABLES_MAX + " variables");
        Set<String> names = new HashSet<>();
        for (int i = 0; i < value.size(); i++) {
            String at = path + "[" + i + "]";
            PolicyJson.object(at, value.get(i));
            for (var member : value.get(i).properties()) {
                if (!member.getKey().equals("name") && !member.getKey().equals("value")) throw PolicyJson.unknown(at + "." + member.getKey(), "name, value");
            }
            String name = PolicyJson.text(at + ".name", value.get(i).path("name"));
            if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
                throw new PolicyException(at + ".name", "is empty or contains '=' or NUL");
            }
            if (PolicyJson.text(at + ".value", value.get(i).path("value")).indexOf('\0') >= 0) {
                throw new PolicyException(at + ".value", "contains a NUL character");
            }
            if (!names.add(name)) throw new PolicyException(at + ".name", "stands there twice");
        }
        return names;
    }

    @Override
    public String toString() {
        return "SensitiveVariables" + values.keySet();
    }
}
