package dev.declaw.runtime;

import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.template.Template;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// All microVMs of one machine. Thread-safe; calls block and are meant for virtual threads.
///
/// Two implementations: [LocalMicroVmHost] on a real machine, and a fake one in the server's tests.
public interface MicroVmHost extends AutoCloseable {
    /// Takes a slot, a disk and a VMM, boots the template in them and returns when the guest agent answers. The guest has
    /// no identity yet: [MicroVm#guest()]`.init` must come before anything else.
    /// When it fails, everything that it took has been released.
    ///
    /// @throws dev.declaw.model.failure.PlatformFailure.NoCapacity when a slot, memory or disk is missing
    /// @throws dev.declaw.model.failure.PlatformFailure.DeadlineExceeded when the guest does not answer in time
    MicroVm boot(SandboxId id, Template template);

    /// As [#boot], but the kernel boots from the template's disk whatever was saved of it: nothing runs in it yet. Its
    /// disk may be larger than the one that the template was made with; its file system then has to be grown in the guest.
    MicroVm bootDisk(SandboxId id, Template template);

    /// Whether the disk of a template is there and whole.
    boolean usable(Template template);

    /// As [#boot], from a snapshot: everything that ran in it goes on, held still until [MicroVm#guest()]`.init`. The same
    /// snapshot may be resumed any number of times.
    ///
    /// @throws dev.declaw.model.failure.PlatformFailure.NotFound when there is no such snapshot
    /// @throws dev.declaw.model.failure.PlatformFailure.Unprocessable when it is damaged or of another kind of host, with
    ///     the reason
    MicroVm resume(SandboxId id, String snapshotId);

    /// An id for a machine of this template that the caller is going to [#boot]: that of a VMM which was started in advance,
    /// where there is one. When it is not booted, [#release] follows.
    SandboxId reserve(Template template);

    /// Takes [#reserve] back; does nothing for an id that was booted.
    void release(SandboxId id);

    /// Memory that guests may be promised, and what of it is.
    Memory memory();

    record Memory(int limitMib, int promisedMib) {}

    /// Ids of the snapshots of this server that are complete.
    ///
    /// @throws java.io.UncheckedIOException when the store cannot be asked
    Set<String> snapshots();

    /// A snapshot that is in the store, also one that another server put there; empty when there is none.
    ///
    /// @throws java.io.UncheckedIOException when the store cannot be asked, or the snapshot cannot be opened with its keys
    Optional<StoredSnapshot> snapshot(String snapshotId);

    /// Removes a snapshot, and the disk layers that nothing else needs. Does nothing when there is none.
    void deleteSnapshot(String snapshotId);

    /// Finds the microVMs that an earlier process of this server left running, from the kernel's own state (namespaces,
    /// processes, files), and removes everything that is not complete (L4). A save that did not end is taken back, and the
    /// machine goes on; one whose snapshot is complete is not returned. Called once, before the first boot.
    List<MicroVm> adopt();

    /// The template of this name, ready to boot.
    Optional<Template> template(String name);

    /// Builds what is missing for the built-in templates; does nothing when they are there.
    ///
    /// @param progress receives one line of text per step, in order
    void prepareTemplates(Consumer<String> progress);

    /// Releases what the host itself holds. Running microVMs stay: they are adopted by the next start.
    @Override
    void close();
}
