package dev.declaw.server.lifecycle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// The JSON columns of a stored sandbox. They were written here, so text that cannot be read is a broken store.
final class StoredJson {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private StoredJson() {}

    static JsonNode read(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the store holds JSON that cannot be read", e);
        }
    }

    static Map<String, String> readMap(String text) {
        Map<String, String> map = new HashMap<>();
        read(text).properties().forEach(member -> map.put(member.getKey(), member.getValue().textValue()));
        return map;
    }

    static String writeMap(Map<String, String> map) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        new TreeMap<>(map).forEach(node::put);
        return node.toString();
    }
}
