package dev.declaw.egress.control;

import dev.declaw.egress.control.EgressProxy.OpenedSlot;
import dev.declaw.egress.control.EgressProxy.SlotRequest;
import dev.declaw.linux.Descriptor;

/// What the proxy process does with the calls of the control channel. Called by one thread.
///
/// Two implementations: [EngineSlots], and small ones in the tests of the channel and the supervisor.
interface SlotService extends AutoCloseable {
    /// Serves a slot. Takes the descriptors over by releasing them; what it does not release is closed by the caller.
    ///
    /// @throws dev.declaw.model.policy.PolicyException when the policy cannot be accepted; nothing is served then
    OpenedSlot open(SlotRequest request, Descriptor tcp, Descriptor dns);

    /// Puts another policy in force for a sandbox that is served.
    ///
    /// @return the certificate that the guest must trust from now on, where it had to trust none before
    /// @throws dev.declaw.model.policy.PolicyException when the policy cannot be accepted; the old one stays in force
    OpenedSlot update(SlotRequest request);

    /// Stops serving a sandbox; does nothing when it is not served.
    void close(String sandboxId);

    /// What the process has counted, as Prometheus text.
    String stats();

    /// Stops serving all.
    @Override
    void close();
}
