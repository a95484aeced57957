package dev.declaw.egress.flow;

import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;

/// Why no upstream connection could be had, or why it ended.
///
/// @param decision a denial, with its reason
/// @param policy whether policy said no; otherwise the other side or the network did
/// @param detail for the audit log; no text of the guest
record UpstreamFailure(Decision decision, boolean policy, String detail) {
    static UpstreamFailure denied(Decision decision) {
        return new UpstreamFailure(decision, true, "");
    }

    static UpstreamFailure broken(Reason reason, String detail) {
        return new UpstreamFailure(Decision.deny(reason, null), false, detail);
    }
}
