package dev.declaw.runtime;

import dev.declaw.model.sandbox.SandboxId;

/// The uid and gid of a sandbox's VMM: each has its own, so that one that was broken out of cannot touch another's process.
/// It follows from the id and needs no table; the range lies above those that distributions, user namespaces and systemd
/// hand out (1,879,048,192 and up is unused). With 1,000 sandboxes, two share a uid with a probability of 0.3 %.
final class VmmUser {
    private static final int FIRST = 1_900_000_000;
    private static final int COUNT = 200_000_000;

    private VmmUser() {}

    static int of(SandboxId id) {
        long hash = 0xcbf29ce484222325L;
        for (char character : id.value().toCharArray()) {
            // FNV-1a, 64 bits
            hash = (hash ^ character) * 0x100000001b3L;
        }
        return FIRST + (int) Long.remainderUnsigned(hash ^ hash >>> 32, COUNT);
    }
}
