package dev.declaw.egress.flow;

import dev.declaw.egress.audit.AuditEventIds;
import dev.declaw.egress.content.ContentPipeline;
import dev.declaw.egress.content.ContentRun;
import dev.declaw.egress.flow.FlowRecorder.Screening;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.VersionedPolicy;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.SslHandler;
import java.util.Optional;

/// One accepted connection: whose it is, where it was meant to go, and whether the audit log knows of it yet. Used on its
/// event loop only.
final class GuestFlow {
    final FlowServices services;
    final SandboxSlot slot;
    final Channel guest;
    final Destination destination;
    private final long acceptedNanos = System.nanoTime();
    private boolean recorded;
    private Carried carried;
    /// Of the host of the last request: nearly all requests of a connection go to one.
    private ContentPipeline.ForHost contentOfHost;

    private String contentPeer;

    /// What the connection was last allowed to carry.
    private record Carried(VersionedPolicy policy, Subject subject) {}

    GuestFlow(FlowServices services, SandboxSlot slot, Channel guest, Destination destination) {
        this.services = services;
        this.slot = slot;
        this.guest = guest;
        this.destination = destination;
        slot.track(this);
        guest.closeFuture().addListener(_ -> slot.untrack(this));
    }

    /// The screening of one request to the host that was judged.
    ContentRun screening(Judgement judgement) {
        ContentPipeline pipeline = slot.pipeline();
        String peer = judgement.peer(destination);
        if (contentOfHost == null || !contentOfHost.of(pipeline) || !contentPeer.equals(peer)) {
            contentOfHost = pipeline.forHost(judgement.name(), peer);
            contentPeer = peer;
        }
        return contentOfHost.begin();
    }

    /// Records a denial.
    ///
    /// @return id of the event
    String blocked(
            VersionedPolicy policy, Decision decision, Subject subject, Screening screening, String detail) {
        recorded = true;
        String id = AuditEventIds.next();
        services.recorder.blocked(id, slot.sandboxId(), policy, decision, subject, screening, detail);
        return id;
    }

    String blocked(Reason reason, String host, String protocol, String detail) {
        return blocked(
                slot.policy(),
                Decision.deny(reason, null),
                Subject.connection(host, destination, protocol),
                Screening.NONE,
                detail);
    }

    /// Records that something may pass.
    ///
    /// @throws dev.declaw.model.audit.AuditUnavailableException when it may not, because it cannot be recorded
    void allowed(VersionedPolicy policy, Decision decision, Subject subject, Screening screening) {
        services.recorder.allowed(AuditEventIds.next(), slot.sandboxId(), policy, decision, subject, screening);
        recorded = true;
        carried = new Carried(policy, subject);
        if (slot.policy() != policy) guest.eventLoop().execute(this::policyChanged); // it changed while we looked up the name
    }

    /// The sandbox's policy was replaced: what it forbids now is cut, and recorded under the new version. What it still
    /// allows goes on; the next request is judged by it anyway.
    void policyChanged() {
        VersionedPolicy now = slot.policy();
        if (carried == null || carried.policy == now || !guest.isActive()) return;
        Decision decision = again(now, carried.policy, carried.subject);
        if (decision.allowed()) return;
        blocked(now, decision, carried.subject, Screening.NONE, "the policy changed");
        reset(guest);
    }

    /// Why what was judged by an older policy, and had to wait since, may not leave under the one in force; empty when it may.
    Optional<Decision> forbidden(VersionedPolicy judged, Subject subject) {
        VersionedPolicy now = slot.policy();
        if (now == judged) return Optional.empty();
        Decision decision = again(now, judged, subject);
        return decision.allowed() ? Optional.empty() : Optional.of(decision);
    }

    private Decision again(VersionedPolicy now, VersionedPolicy judged, Subject subject) {
        Optional<HostName> name = HostName.parse(subject.host());
        Judgement judgement = Judgement.of(now.policy().network(), destination, name);
        if (!judgement.allowed()) return judgement.decision();
        if (name.isPresent() && judgement.fixed().isEmpty()) {
            Decision resolved = now.policy()
                    .network()
                    .decideResolved(name.get(), subject.address(), services.config.internalRanges());
            if (!resolved.allowed()) return resolved;
        }
        boolean unread = subject.protocol().equals("tls") || subject.protocol().equals("tcp");
        boolean mustBeRead = now.intercepts(name) && (unread || !judged.intercepts(name));
        boolean otherRules = now.policy().custom().active()
                && !now.policy().custom().equals(judged.policy().custom()); // what they say must be asked anew
        boolean messages = subject.protocol().startsWith("ws") && !now.readsLike(judged);
        return mustBeRead || otherRules || messages ? Decision.deny(Reason.POLICY_CHANGED, null) : judgement.decision();
    }

    /// Records how something that was allowed ended.
    ///
    /// @return id of the event
    String closed(
            VersionedPolicy policy, Subject subject, int status, long up, long down, long nanos, String detail) {
        return closed(policy, subject, Screening.NONE, status, up, down, nanos, detail);
    }

    /// @param screening what was seen since it was allowed
    String closed(
            VersionedPolicy policy,
            Subject subject,
            Screening screening,
            int status,
            long up,
            long down,
            long nanos,
            String detail) {
        recorded = true;
        String id = AuditEventIds.next();
        services.recorder.closed(guest.eventLoop(), id, slot.sandboxId(), policy, subject, screening, status, up, down, nanos, detail);
        return id;
    }

    /// Whether the audit log knows nothing of this connection yet.
    boolean unrecorded() {
        return !recorded;
    }

    /// The connection is gone: a connection about which nothing was recorded yet, an empty one for instance, is now.
    void ended() {
        if (recorded) return;
        Subject subject = Subject.connection("", destination, "unknown");
        closed(slot.policy(), subject, 0, 0, 0, System.nanoTime() - acceptedNanos, "ended before a request");
    }

    /// Cuts a connection so that the peer cannot take what it has for complete: TCP RST, and no TLS close_notify.
    static void reset(Channel channel) {
        if (!channel.isActive()) {
            channel.close();
            return;
        }
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        ChannelHandlerContext tls = channel.pipeline().context(SslHandler.class);
        if (tls != null) {
            tls.close();
        } else {
            channel.close();
        }
    }
}
