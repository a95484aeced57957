package dev.declaw.server.api;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.lifecycle.LiveSandbox;
import dev.declaw.server.lifecycle.Sandboxes;
import dev.declaw.server.volumes.VolumeMounts;
import dev.declaw.server.volumes.Volumes;
import java.io.IOException;
import java.util.Optional;

/// Volumes made out of what is in a sandbox (wire-api 10.7).
final class SandboxVolumeEndpoints {
    private final Sandboxes sandboxes;
    private final VolumeMounts mounts;

    SandboxVolumeEndpoints(Sandboxes sandboxes, VolumeMounts mounts) {
        this.sandboxes = sandboxes;
        this.mounts = mounts;
    }

    private interface Work {
        Volumes.Filled run(LiveSandbox sandbox) throws IOException;
    }

    private static Optional<String> name(HttpCall call) {
        Optional<String> name = call.query().given("name");
        if (name.isPresent() && name.get().length() > VolumeEndpoints.NAME_CHARS_MAX) {
            throw JsonBody.wrong("name", "is longer than " + VolumeEndpoints.NAME_CHARS_MAX + " characters");
        }
        return name;
    }

    void capture(HttpCall call) {
        Optional<String> name = name(call);
        String path = call.query().path();
        answer(call, sandbox -> {
            sandbox.record(AuditCategory.FILESYSTEM, "volume_captured", facts -> facts.text("path", sandbox.mask(path, java.util.Map.of())));
            return mounts.capture(call.caller(), sandbox.guest(), path, name);
        });
    }

    void commit(HttpCall call) {
        Optional<String> name = name(call);
        String volume = call.parameter("vid");
        answer(call, sandbox -> {
            sandbox.record(AuditCategory.FILESYSTEM, "volume_captured", facts -> facts.text("volume_id", volume));
            return mounts.commit(call.caller(), sandbox.id(), sandbox.guest(), volume, name);
        });
    }

    private void answer(HttpCall call, Work work) {
        Volumes.Filled filled = sandboxes.use(call.caller(), call.parameter("id"), sandbox -> {
            try {
                return work.run(sandbox);
            } catch (IOException e) {
                throw new PlatformFailure.GuestUnreachable("the files of the sandbox could not be read to their end", e);
            }
        });
        call.json(201, VolumeEndpoints.json(filled.volume()).put("dropped_entries", filled.dropped()));
    }
}
