package dev.declaw.runtime.network;

import java.util.Map;

/// Packets of one slot that the rules refused, by reason, since the slot was made. The names are those of [SlotRules].
public record SlotCounters(Map<String, Long> packets) {
    public SlotCounters {
        packets = Map.copyOf(packets);
    }

    /// Packets refused for this reason; 0 for a reason that has no counter.
    public long of(String reason) {
        return packets.getOrDefault(reason, 0L);
    }
}
