package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.store.AttachmentTable;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A volume in a sandbox.
///
/// @param mountPath absolute path in the guest
/// @param subpath what of the volume is mounted; the root for all of it
public record VolumeAttachment(String volumeId, VolumePath mountPath, Mode mode, VolumePath subpath) {
    /// Places that a guest needs for itself, as the spec names them; nothing at or below most of them.
    private static final List<String> CLOSED =
            List.of("/etc", "/usr", "/proc", "/sys", "/dev", "/bin", "/sbin", "/lib", "/lib64", "/var", "/run", "/boot");

    /// How contents get into the sandbox, and back.
    public enum Mode {
        /// Copied in at create; the two go their own ways afterwards.
        COPY("copy"),
        /// Kept in line in both directions while the sandbox lives.
        MOUNT("mount"),
        /// Kept in line from the volume to the sandbox.
        MOUNT_READ_ONLY("mount-ro");

        private final String wire;

        Mode(String wire) {
            this.wire = wire;
        }

        public String wire() {
            return wire;
        }

        public boolean live() {
            return this != COPY;
        }

        /// Empty text is the default.
        public static Optional<Mode> parse(String text) {
            if (text.isEmpty()) return Optional.of(COPY);
            return Arrays.stream(values()).filter(mode -> mode.wire.equals(text)).findFirst();
        }
    }

    public VolumeAttachment {
        String path = mountPath.text();
        if (mountPath.root() || CLOSED.stream().anyMatch(closed -> new VolumePath(closed).covers(new VolumePath(path)))) {
            throw new PlatformFailure.InvalidRequest(
                    "invalid_mount_path", "mount_path " + printable(path) + " is a place that the system needs; choose one such as /data");
        }
        if (!mode.live() && !subpath.root()) {
            throw new PlatformFailure.InvalidRequest("invalid_subpath", "subpath goes with the modes mount and mount-ro only");
        }
    }

    private static String printable(String path) {
        return path.length() <= 64 && path.matches("[\\x21-\\x7e]*") ? path : "given";
    }

    AttachmentTable.Row row() {
        return new AttachmentTable.Row(volumeId, mountPath.text(), mode.wire(), subpath.text());
    }

    static VolumeAttachment of(AttachmentTable.Row row) {
        return new VolumeAttachment(
                row.volumeId(),
                new VolumePath(row.mountPath()),
                Mode.parse(row.mode()).orElseThrow(),
                new VolumePath(row.subpath()));
    }
}
