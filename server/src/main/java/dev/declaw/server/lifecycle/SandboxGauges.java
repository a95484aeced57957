package dev.declaw.server.lifecycle;

import dev.declaw.server.metrics.ServerMetrics;
import dev.declaw.server.store.SandboxTable;

/// What monitoring is told about sandboxes.
final class SandboxGauges {
    private SandboxGauges() {}

    static void add(
            ServerMetrics metrics, SandboxTable table, int sandboxesMax, WarmPool pool, SandboxCreation creation, EgressSlots slots) {
        metrics.gauges("declaw_sandboxes", "Sandboxes that are not killed, by state.", "state", table::countsByState);
        metrics.gauge("declaw_sandboxes_max", "Sandboxes that this server takes at once.", () -> sandboxesMax);
        metrics.gauge("declaw_warm_microvms", "Booted microVMs that wait for a create.", pool::available);
        metrics.gauge("declaw_boots_waiting", "Creates and resumes that stand in line.", creation::waiting);
        metrics.gauge("declaw_boots_running", "Creates and resumes that boot.", creation::booting);
        metrics.gauge("declaw_egress_ready", "1 while the proxy serves every sandbox that it should.", () -> slots.ready() ? 1 : 0);
    }
}
