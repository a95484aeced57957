package dev.declaw.model.policy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.model.scan.CustomType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Reads `pii.custom_types`: kinds of personal data that the author of a policy describes.
final class CustomTypeReader {
    private static final int CONTEXT_CHARS_DEFAULT = 60;
    private static final double CONFIDENCE_DEFAULT = 0.8;
    private static final String MEMBERS = "name, pattern, dictionary, check, context, context_chars, confidence";

    private CustomTypeReader() {}

    /// @throws PolicyException naming the field
    static List<CustomType> read(String field, JsonNode node) {
        PolicyJson.array(field, node);
        if (node.size() > CustomType.TYPES_MAX) {
            throw new PolicyException(field, "has more than " + CustomType.TYPES_MAX + " entries");
        }
        List<CustomType> types = new ArrayList<>();
        for (int i = 0; i < node.size(); i++) {
            String path = field + "[" + i + "]";
            CustomType type = one(path, node.get(i));
            if (types.stream().anyMatch(other -> other.name().equals(type.name()))) {
                throw new PolicyException(path + ".name", "'" + type.name() + "' is there twice");
            }
            types.add(type);
        }
        return List.copyOf(types);
    }

    private static CustomType one(String field, JsonNode node) {
        PolicyJson.object(field, node);
        String name = "";
        String pattern = "";
        List<String> dictionary = List.of();
        CustomType.Check check = CustomType.Check.NONE;
        List<String> context = List.of();
        int contextChars = CONTEXT_CHARS_DEFAULT;
        double confidence = CONFIDENCE_DEFAULT;
        for (var member : node.properties()) {
            JsonNode value = member.getValue();
            String path = field + "." + member.getKey();
            if (value.isNull()) continue;
            switch (PolicyJson.snake(member.getKey())) {
                case "name" -> name = PolicyJson.text(path, value);
                case "pattern" -> pattern = PolicyJson.text(path, value);
                case "dictionary" -> dictionary = PolicyJson.texts(path, value);
                case "check" -> check = check(path, PolicyJson.text(path, value));
                case "context" -> context = PolicyJson.texts(path, value);
                case "context_chars" -> {
                    if (!value.canConvertToInt() || !value.isIntegralNumber()) throw new PolicyException(path, "must be a whole number");
                    contextChars = value.intValue();
                }
                case "confidence" -> confidence = PolicyJson.share(path, value);
                default -> throw PolicyJson.unknown(path, MEMBERS);
            }
        }
        if (pattern.isEmpty() == dictionary.isEmpty()) {
            throw new PolicyException(field, "needs either a pattern or a dictionary");
        }
        try {
            if (!pattern.isEmpty()) return CustomType.ofPattern(name, pattern, check, context, contextChars, confidence);
            if (check != CustomType.Check.NONE) throw new PolicyException(field + ".check", "is for patterns; a dictionary is exact");
            return CustomType.ofDictionary(name, dictionary, context, contextChars, confidence);
        } catch (IllegalArgumentException e) {
            throw new PolicyException(field, e.getMessage());
        }
    }

    private static CustomType.Check check(String field, String text) {
        try {
            return CustomType.Check.valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new PolicyException(field, "must be none, luhn, mod97, mod11_10 or verhoeff");
        }
    }
}
