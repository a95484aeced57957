package dev.declaw.sdk.json;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/// A JSON object with its members in order. Values are `JsonObject`, `List`, `String`, `Long`, `Double`, `Boolean` or null.
/// Getters answer with an empty value for what is absent, null or of another type. Not thread-safe while it is filled.
public final class JsonObject {
    private final Map<String, Object> members = new LinkedHashMap<>();

    /// An object without members.
    public JsonObject() {}

    /// Reads an object.
    ///
    /// @throws JsonException when the text is no JSON object
    public static JsonObject parse(String text) {
        if (JsonReader.read(text) instanceof JsonObject object) return object;
        throw new JsonException("the text is JSON and not an object");
    }

    /// Sets a member; a null value removes it.
    public JsonObject put(String name, Object value) {
        if (value == null) members.remove(name);
        else members.put(name, value instanceof Integer number ? Long.valueOf(number) : value);
        return this;
    }

    public boolean has(String name) {
        return members.get(name) != null;
    }

    public Object get(String name) {
        return members.get(name);
    }

    public String text(String name) {
        return optionalText(name).orElse("");
    }

    public Optional<String> optionalText(String name) {
        return members.get(name) instanceof String text ? Optional.of(text) : Optional.empty();
    }

    public long number(String name) {
        return optionalNumber(name).orElse(0L);
    }

    public Optional<Long> optionalNumber(String name) {
        return members.get(name) instanceof Number number ? Optional.of(number.longValue()) : Optional.empty();
    }

    public double decimal(String name) {
        return members.get(name) instanceof Number number ? number.doubleValue() : 0;
    }

    public boolean flag(String name) {
        return Boolean.TRUE.equals(members.get(name));
    }

    public JsonObject object(String name) {
        return members.get(name) instanceof JsonObject object ? object : new JsonObject();
    }

    /// The objects of an array; others in it are left out.
    public List<JsonObject> objects(String name) {
        return objectsOf(members.get(name));
    }

    public List<String> texts(String name) {
        List<String> texts = new ArrayList<>();
        if (members.get(name) instanceof List<?> list) {
            for (Object value : list) if (value instanceof String text) texts.add(text);
        }
        return texts;
    }

    /// Members that are texts, for example variables or metadata.
    public Map<String, String> textMap(String name) {
        Map<String, String> texts = new LinkedHashMap<>();
        object(name).forEach((key, value) -> {
            if (value instanceof String text) texts.put(key, text);
        });
        return texts;
    }

    public void forEach(BiConsumer<String, Object> action) {
        members.forEach(action);
    }

    public Map<String, Object> members() {
        return Collections.unmodifiableMap(members);
    }

    public boolean isEmpty() {
        return members.isEmpty();
    }

    /// An object with these texts.
    public static JsonObject of(Map<String, String> texts) {
        JsonObject object = new JsonObject();
        texts.forEach(object::put);
        return object;
    }

    /// The objects of a list that [JsonReader] made.
    public static List<JsonObject> objectsOf(Object value) {
        List<JsonObject> objects = new ArrayList<>();
        if (value instanceof List<?> list) {
            for (Object item : list) if (item instanceof JsonObject object) objects.add(object);
        }
        return objects;
    }

    /// Compact JSON.
    @Override
    public String toString() {
        return JsonWriter.write(this);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonObject object && members.equals(object.members);
    }

    @Override
    public int hashCode() {
        return members.hashCode();
    }
}
