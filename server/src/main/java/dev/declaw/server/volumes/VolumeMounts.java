package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.store.AttachmentTable;
import dev.declaw.server.store.VolumeTable.Row;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Collectors;

/// Volumes in sandboxes: what is attached where, the copies at create, the live mounts while a sandbox runs, and what is taken
/// out of one. Thread-safe.
public final class VolumeMounts implements AutoCloseable {
    public static final int ATTACHMENTS_MAX = 16;

    /// How often a live mount compares its two sides.
    public static final Duration LOOK_EVERY = Duration.ofSeconds(2);

    private static final String GUEST_USER = "user";
    private static final String CAPTURE_NAME = "snapshot";

    private final Volumes.Parts parts;
    private final Volumes volumes;
    private final Duration lookEvery;
    private final ConcurrentMap<String, MountSession> sessions = new ConcurrentHashMap<>();

    public VolumeMounts(Volumes.Parts parts, Volumes volumes, Duration lookEvery) {
        this.parts = parts;
        this.volumes = volumes;
        this.lookEvery = lookEvery;
    }

    /// Judges attachments before anything is made.
    ///
    /// @throws PlatformFailure when a volume is not there, or cannot be attached like that
    public void check(String owner, List<VolumeAttachment> attachments) {
        for (VolumeAttachment attachment : attachments) {
            if (!attachment.mode().live()) {
                volumes.row(owner, attachment.volumeId());
                continue;
            }
            volumes.granular(owner, attachment.volumeId());
            boolean directory = volumes.files()
                    .find(owner, attachment.volumeId(), attachment.subpath())
                    .map(VolumeFile::directory)
                    .orElse(false);
            if (!directory) {
                throw new PlatformFailure.NotFound("subpath_not_found", "the volume has no directory at this subpath");
            }
        }
        for (VolumeAttachment outer : attachments) {
            for (VolumeAttachment inner : attachments) {
                boolean nested = outer != inner && outer.mountPath().covers(inner.mountPath());
                if (nested && (outer.mode().live() || inner.mode().live())) {
                    throw new PlatformFailure.InvalidRequest(
                            "invalid_mount_path", "a live mount must not be inside another attachment; choose paths beside each other");
                }
            }
        }
    }

    /// What the author of a create should know about its attachments.
    public static List<String> warnings(List<VolumeAttachment> attachments) {
        List<String> warnings = new ArrayList<>();
        for (VolumeAttachment attachment : attachments) {
            if (!attachment.mode().live()) continue;
            String direction = attachment.mode() == VolumeAttachment.Mode.MOUNT
                    ? "changes travel in both directions"
                    : "changes of the volume travel into the sandbox; what root writes there is undone";
            warnings.add("volumes: " + attachment.mountPath() + " is kept in line with the volume by copying, every "
                    + LOOK_EVERY.toSeconds() + " s and at the end of the sandbox; it is no file system of its own: " + direction);
        }
        return warnings;
    }

    /// Puts the contents in place and starts the live mounts. When it fails, the sandbox must end.
    public void attach(String owner, String sandboxId, List<VolumeAttachment> attachments, GuestClient guest) {
        if (attachments.isEmpty()) return;
        parts.attachments().insert(sandboxId, attachments.stream().map(VolumeAttachment::row).toList());
        for (VolumeAttachment attachment : attachments) {
            if (attachment.mode().live()) continue;
            Row row = volumes.row(owner, attachment.volumeId());
            new GuestCopy(parts, guest, GUEST_USER).all(row.id(), row.blob(), attachment.subpath(), attachment.mountPath());
        }
        startLive(owner, sandboxId, attachments, guest).ifPresent(session -> {
            session.lookOnce(); // contents are in place before the first command
            session.start();
        });
    }

    /// Goes on with the live mounts of a sandbox that outlived a restart of the server.
    public void resume(String owner, String sandboxId, GuestClient guest) {
        startLive(owner, sandboxId, of(sandboxId), guest).ifPresent(MountSession::start);
    }

    private Optional<MountSession> startLive(
            String owner, String sandboxId, List<VolumeAttachment> attachments, GuestClient guest) {
        List<LiveMount> mounts = attachments.stream()
                .filter(attachment -> attachment.mode().live())
                .map(attachment -> new LiveMount(parts, volumes.files(), owner, sandboxId, attachment))
                .toList();
        if (mounts.isEmpty()) return Optional.empty();
        MountSession session = new MountSession(sandboxId, guest, mounts, lookEvery);
        MountSession former = sessions.put(sandboxId, session);
        if (former != null) former.stop(); // of a pause that failed before it ended the session
        return Optional.of(session);
    }

    /// Takes over what was written last and stops. Returns within [MountSession#END_SECONDS_MAX]; does nothing for a sandbox
    /// without live mounts.
    public void end(String sandboxId) {
        MountSession session = sessions.remove(sandboxId);
        if (session != null) session.end();
    }

    public List<VolumeAttachment> of(String sandboxId) {
        return of(List.of(sandboxId)).getOrDefault(sandboxId, List.of());
    }

    /// Attachments by sandbox.
    public Map<String, List<VolumeAttachment>> of(Collection<String> sandboxIds) {
        Map<String, List<AttachmentTable.Row>> rows = parts.attachments().of(sandboxIds);
        return rows.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey,
                        entry -> entry.getValue().stream().map(VolumeAttachment::of).toList()));
    }

    /// A new volume with what is at a path of a sandbox.
    ///
    /// @param name empty for `snapshot`
    public Volumes.Filled capture(Caller caller, GuestClient guest, String path, Optional<String> name) throws IOException {
        VolumePath from = GuestCapture.check(path);
        return capture(caller, guest, from, name.orElse(CAPTURE_NAME));
    }

    private Volumes.Filled capture(Caller caller, GuestClient guest, VolumePath from, String name) throws IOException {
        Row row = volumes.newRow(caller, name, Volumes.FILE_GRANULAR, 0, "");
        return volumes.fill(caller, row, intake -> GuestCapture.into(intake, guest, from));
    }

    /// A new volume with what an attached volume's mount path holds now; the volume itself stays as it is.
    ///
    /// @param name empty for that of the volume with `-commit`
    public Volumes.Filled commit(
            Caller caller, String sandboxId, GuestClient guest, String volumeId, Optional<String> name) throws IOException {
        Row source = volumes.row(caller.owner(), volumeId);
        VolumeAttachment attachment = of(sandboxId).stream()
                .filter(found -> found.volumeId().equals(volumeId))
                .findFirst()
                .orElseThrow(() -> new PlatformFailure.InvalidRequest(
                        "volume_not_attached", "this volume is not attached to this sandbox"));
        return capture(caller, guest, attachment.mountPath(), name.orElse(source.name() + "-commit"));
    }

    /// Stops all live mounts without a last look: for a server that leaves its sandboxes running.
    @Override
    public void close() {
        sessions.values().forEach(MountSession::stop);
        sessions.clear();
    }
}
