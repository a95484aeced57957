package dev.declaw.runtime;

import dev.declaw.runtime.snapshot.HostKey;
import dev.declaw.runtime.snapshot.MachineShape;
import dev.declaw.runtime.template.BootImage;
import dev.declaw.runtime.template.Template;
import dev.declaw.runtime.vmm.AcceleratorChoice;
import dev.declaw.runtime.vmm.VmmDriver;
import java.util.HashMap;
import java.util.Map;

/// What guests of this machine run on.
///
/// @param image kernel and agent
/// @param accelerator what it is, and why
record HostMachine(BootImage image, VmmDriver driver, AcceleratorChoice accelerator) {
    private static final int DIGEST_CHARACTERS = 16;

    /// Version that the agent's `GET /health` tells.
    private static final String GUEST_PROTOCOL = "1";

    /// What a saved machine of this template depends on here. The agent is part of it: its memory holds the running one.
    HostKey key(Template template) {
        Map<String, String> facts =
                new HashMap<>(driver.key(template.vcpus(), template.memoryMib()).facts());
        facts.put("boot_image", image.digest().substring(0, DIGEST_CHARACTERS));
        return new HostKey(facts);
    }

    /// What a saved sandbox depends on here. Its kernel and agent are in its memory: they may be older than this host's, as
    /// long as the agent speaks the same protocol.
    HostKey snapshotKey(MachineShape shape) {
        Map<String, String> facts = new HashMap<>(driver.key(shape.vcpus(), shape.memoryMib()).facts());
        facts.put("guest_protocol", GUEST_PROTOCOL);
        return new HostKey(facts);
    }
}
