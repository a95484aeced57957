package dev.declaw.server.lifecycle;

import java.util.Map;

/// How many microVMs wait for a create.
///
/// @param atLeast machines of each template that are kept waiting, whatever the demand; a template that is not named has none
/// @param atMost machines of all templates together that may wait; demand of the last half minute decides below it
public record WarmPoolSizes(Map<String, Integer> atLeast, int atMost) {
    public static final WarmPoolSizes NONE = new WarmPoolSizes(Map.of(), 0);

    public WarmPoolSizes {
        atLeast = Map.copyOf(atLeast);
        int sum = atLeast.values().stream().mapToInt(Integer::intValue).sum();
        if (atLeast.values().stream().anyMatch(size -> size < 0)) {
            throw new IllegalArgumentException("a number of machines is never negative");
        }
        atMost = Math.max(atMost, sum);
    }

    /// So many of one template, whatever the demand.
    public static WarmPoolSizes fixed(String template, int size) {
        return new WarmPoolSizes(Map.of(template, size), size);
    }
}
