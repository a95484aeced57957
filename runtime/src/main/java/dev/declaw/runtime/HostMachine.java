package dev.declaw.runtime;

import dev.declaw.runtime.snapshot.HostKey;
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

    /// What a saved machine of this template depends on here. The agent is part of it: its memory holds the running one.
    HostKey key(Template template) {
        Map<String, String> facts =
                new HashMap<>(driver.key(template.vcpus(), template.memoryMib()).facts());
        facts.put("kernel", image.digest().substring(0, DIGEST_CHARACTERS));
        return new HostKey(facts);
    }
}
