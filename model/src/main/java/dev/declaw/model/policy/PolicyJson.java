package dev.declaw.model.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Strict reading of the values that all blocks of a policy are made of. Each complaint names the field.
final class PolicyJson {
    private static final int RULES_MAX = 1000;

    private PolicyJson() {}

    static List<NetworkRule> readRules(String field, JsonNode node) {
        array(field, node);
        if (node.size() > RULES_MAX) {
            throw new PolicyException(field, "has " + node.size() + " entries; the limit is " + RULES_MAX);
        }
        List<NetworkRule> rules = new ArrayList<>(node.size());
        for (int i = 0; i < node.size(); i++) {
            String path = field + "[" + i + "]";
            rules.add(NetworkRule.parse(path, text(path, node.get(i))));
        }
        return rules;
    }

    static HostSelector readHosts(String field, JsonNode node) {
        List<NetworkRule> rules = readRules(field, node);
        for (NetworkRule rule : rules) {
            if (rule instanceof NetworkRule.Block) {
                throw new PolicyException(field, "'" + rule.source() + "' is an address; domains takes host names");
            }
        }
        return rules.isEmpty() ? HostSelector.ALL : new HostSelector(false, rules);
    }

    /// The action among those that the stage knows, in the clients' old and new words.
    static ContentAction action(String field, JsonNode node, ContentAction... known) {
        String value = text(field, node);
        ContentAction action =
                switch (value) {
                    case "redact" -> ContentAction.REDACT;
                    case "strip" -> ContentAction.STRIP;
                    case "block" -> ContentAction.BLOCK;
                    case "log_only", "log", "audit" -> ContentAction.LOG_ONLY;
                    default -> null;
                };
        List<String> names = new ArrayList<>();
        for (ContentAction possible : known) {
            if (possible == action) return action;
            names.add(possible.wire());
        }
        throw new PolicyException(field, "'" + value + "' is none of " + String.join(", ", names));
    }

    /// `on_error`: true for `block`.
    static boolean blocksOnError(String field, JsonNode node) {
        String value = text(field, node);
        return switch (value) {
            case "block" -> true;
            case "log_only" -> false;
            default -> throw new PolicyException(field, "'" + value + "' is none of block, log_only");
        };
    }

    /// A number from 0 to 1.
    static double share(String field, JsonNode node) {
        if (!node.isNumber() || !(node.doubleValue() >= 0 && node.doubleValue() <= 1)) {
            throw new PolicyException(field, "must be a number from 0 to 1");
        }
        return node.doubleValue();
    }

    static List<String> texts(String field, JsonNode node) {
        array(field, node);
        if (node.size() > RULES_MAX) {
            throw new PolicyException(field, "has " + node.size() + " entries; the limit is " + RULES_MAX);
        }
        List<String> read = new ArrayList<>();
        for (int i = 0; i < node.size(); i++) read.add(text(field + "[" + i + "]", node.get(i)));
        return read;
    }

    static PolicyException unknown(String path, String known) {
        return new PolicyException(path, "is unknown; the fields here are " + known);
    }

    static void object(String field, JsonNode node) {
        if (!node.isObject()) throw new PolicyException(field, "must be an object");
    }

    static void array(String field, JsonNode node) {
        if (!node.isArray()) throw new PolicyException(field, "must be an array");
    }

    static boolean bool(String field, JsonNode node) {
        if (!node.isBoolean()) throw new PolicyException(field, "must be true or false");
        return node.booleanValue();
    }

    static String text(String field, JsonNode node) {
        if (!node.isTextual()) throw new PolicyException(field, "must be a string");
        return node.textValue();
    }

    /// JavaScript clients may send camelCase names (wire-api 15.1).
    static String snake(String name) {
        return name.replaceAll("([a-z])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }
}
