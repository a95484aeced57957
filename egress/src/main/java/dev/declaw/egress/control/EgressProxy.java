package dev.declaw.egress.control;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.linux.SlotSockets;
import java.util.Optional;

/// The proxy process as the server sees it. Thread-safe; calls block until the proxy has answered.
///
/// Two implementations: [SupervisedEgressProxy], which starts and restarts the real process, and a fake in the server's tests.
public interface EgressProxy extends AutoCloseable {
    /// Starts to serve a slot under a policy. The sockets stay the caller's to close.
    ///
    /// @throws dev.declaw.model.failure.PlatformFailure.NoCapacity when the proxy is not up
    /// @throws dev.declaw.model.policy.PolicyException when the proxy cannot accept the policy
    OpenedSlot open(SlotRequest request, SlotSockets sockets);

    /// Puts another policy in force for a sandbox that is served; within a second, what it forbids is cut.
    ///
    /// @return the certificate that the guest must trust from now on, where it had to trust none before
    /// @throws dev.declaw.model.failure.PlatformFailure.NoCapacity when the proxy is not up
    /// @throws dev.declaw.model.policy.PolicyException when the proxy cannot accept the policy; the old one stays
    OpenedSlot update(SlotRequest request);

    /// Stops serving a sandbox: its connections are cut, its CA key and tokens forgotten. Does nothing when it is not served.
    void close(String sandboxId);

    /// What the process has counted, as Prometheus text (names begin with `declaw_egress_`); empty while it is not up.
    String metrics();

    /// True while the process is up and has all slots that were opened.
    boolean ready();

    /// Ends the process.
    @Override
    void close();

    /// @param sandboxId whose slot
    /// @param policyVersion counts up with each change; stands in every event
    /// @param security the policy as the client sent it, or null
    /// @param network the top-level network rules as the client sent them, or null
    /// @param credentials what is injected into requests, values and all, as an array (protocol/egress-control.md), or null. It
    ///     travels over the control socket and stays in memory: never on disk, in an event or in a log
    /// @param tenant whose sandbox it is
    record SlotRequest(
            String sandboxId, int policyVersion, JsonNode security, JsonNode network, JsonNode credentials, Tenant tenant) {
        public SlotRequest(String sandboxId, int policyVersion, JsonNode security, JsonNode network, JsonNode credentials) {
            this(sandboxId, policyVersion, security, network, credentials, Tenant.NONE);
        }

        public SlotRequest(String sandboxId, int policyVersion, JsonNode security, JsonNode network) {
            this(sandboxId, policyVersion, security, network, null);
        }

        @Override
        public String toString() {
            return "SlotRequest[" + sandboxId + " v" + policyVersion + "]";
        }
    }

    /// Who shares a limit on connections.
    ///
    /// @param id empty for nobody
    /// @param connectionsMax open connections of all its sandboxes together; 0 for no limit
    record Tenant(String id, int connectionsMax) {
        public static final Tenant NONE = new Tenant("", 0);
    }

    /// @param caPem certificate that the guest must trust; empty when the policy intercepts nothing
    record OpenedSlot(Optional<String> caPem) {}

    /// Told to the server when a new proxy process has taken the place of a dead one: it has no slots yet, and the
    /// listener opens them again (new sockets, new CA). Called on a thread of the supervisor, one call at a time.
    interface RestartListener {
        void restarted(EgressProxy proxy);
    }
}
