package dev.declaw.runtime.snapshot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What must be the same for a saved machine to go on: device state has no meaning to another VMM, processor or device list,
/// and the guest's kernel is told the frequency of the time stamp counter.
///
/// @param facts name of each fact, for example `vmm` or `cpu`, and its value
public record HostKey(Map<String, String> facts) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int FACTS_MAX = 32;

    public HostKey {
        facts = Map.copyOf(facts);
    }

    /// Why a machine that was saved under `saved` cannot go on under this key; empty when it can.
    public Optional<String> refuses(HostKey saved) {
        List<String> differences = new ArrayList<>();
        TreeMap<String, String> all = new TreeMap<>(facts);
        saved.facts.forEach(all::putIfAbsent);
        for (String name : all.keySet()) {
            String here = facts.getOrDefault(name, "nothing");
            String there = saved.facts.getOrDefault(name, "nothing");
            if (!here.equals(there)) {
                differences.add(name + " was '" + there + "' and is '" + here + "' here");
            }
        }
        return differences.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", differences));
    }

    ObjectNode toJson() {
        ObjectNode json = JSON.createObjectNode();
        new TreeMap<>(facts).forEach(json::put);
        return json;
    }

    /// @throws IllegalArgumentException when it is no key
    static HostKey parse(JsonNode json) {
        if (!json.isObject() || json.size() > FACTS_MAX) {
            throw new IllegalArgumentException("not the key of a host");
        }
        Map<String, String> facts = new TreeMap<>();
        json.properties().forEach(fact -> facts.put(fact.getKey(), fact.getValue().asText()));
        return new HostKey(facts);
    }

    /// One line that is the same for equal keys only.
    public String text() {
        return new TreeMap<>(facts).toString();
    }
}
