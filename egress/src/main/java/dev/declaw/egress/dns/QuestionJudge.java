package dev.declaw.egress.dns;

import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.egress.audit.AuditEventIds;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditEvent.Attribute;
import dev.declaw.model.audit.AuditSink;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.InstantSource;
import java.util.Optional;

/// Packet in, packet out, for one slot: reads, judges, records, answers. Thread-safe; never blocks on the network.
final class QuestionJudge {
    private static final String EVENT = "dns_query";
    private static final InetAddress LOOPBACK_V4 = loopback(new byte[] {127, 0, 0, 1});
    private static final InetAddress LOOPBACK_V6 = loopback(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

    private final Questioner slot;
    private final String protocol;
    private final AuditSink audit;
    private final InstantSource clock;
    private final QuestionBudget budget;

    QuestionJudge(Questioner slot, String protocol, AuditSink audit, InstantSource clock, QuestionBudget budget) {
        this.slot = slot;
        this.protocol = protocol;
        this.audit = audit;
        this.clock = clock;
        this.budget = budget;
    }

    /// The answer to a packet; empty when it gets none.
    Optional<byte[]> answer(byte[] packet) {
        DnsQuestion.Reading reading = DnsQuestion.read(packet);
        if (reading instanceof DnsQuestion.Reading.Ignored) return Optional.empty();
        VersionedPolicy policy = slot.policy();
        boolean granted = withinBudget(policy);
        return switch (reading) {
            case DnsQuestion.Reading.Asked(DnsQuestion question) ->
                Optional.of(granted ? answer(question, policy) : DnsAnswer.empty(question, DnsAnswer.REFUSED, ""));
            case DnsQuestion.Reading.Faulty faulty -> {
                if (granted) refuseFaulty(faulty, policy);
                yield Optional.of(DnsAnswer.fault(faulty));
            }
            case DnsQuestion.Reading.Ignored _ -> Optional.empty();
        };
    }

    private byte[] answer(DnsQuestion question, VersionedPolicy policy) {
        Verdict verdict = judge(question, policy);
        String type = "type " + question.type();
        try {
            record(policy, verdict.decision(), question.name(), type);
        } catch (AuditUnavailableException e) {
            return DnsAnswer.empty(question, DnsAnswer.SERVFAIL, Reason.AUDIT_UNAVAILABLE.code());
        }
        return verdict.address()
                .map(address -> DnsAnswer.address(question, address))
                .orElseGet(() -> DnsAnswer.empty(question, verdict.code(), explanation(verdict.decision())));
    }

    private static String explanation(Decision decision) {
        return decision.allowed() ? "" : decision.reason().code();
    }

    /// @param code response code where there is no address
    private record Verdict(Decision decision, int code, Optional<InetAddress> address) {
        static Verdict without(Decision decision, int code) {
            return new Verdict(decision, code, Optional.empty());
        }
    }

    private Verdict judge(DnsQuestion question, VersionedPolicy policy) {
        if (question.name().isEmpty()) {
            return Verdict.without(Decision.deny(Reason.MALFORMED_REQUEST, null), DnsAnswer.REFUSED);
        }
        HostName name = question.name().get();
        if (name.value().equals("localhost") || name.isBelow("localhost")) return judgeLocalhost(question.type());
        Decision decision = policy.policy().network().decideName(name);
        if (name.value().indexOf('.') < 0 && decision.reason() != Reason.ALLOWED_BY_RULE) {
            Decision refused = decision.allowed() ? Decision.deny(Reason.RESOLUTION_FAILED, null) : decision;
            return Verdict.without(refused, DnsAnswer.NXDOMAIN);
        }
        return switch (question.type()) {
            case DnsQuestion.TYPE_A -> slot.names()
                    .addressOf(name)
                    .map(address -> new Verdict(decision, DnsAnswer.NOERROR, Optional.of(address)))
                    .orElseGet(() -> Verdict.without(Decision.deny(Reason.LIMIT_REACHED, null), DnsAnswer.REFUSED));
            case DnsQuestion.TYPE_AAAA -> Verdict.without(decision, DnsAnswer.NOERROR);
            case DnsQuestion.TYPE_HTTPS, DnsQuestion.TYPE_SVCB ->
                Verdict.without(Decision.deny(Reason.DNS_TYPE_REFUSED, null), DnsAnswer.NOERROR);
            default -> Verdict.without(Decision.deny(Reason.DNS_TYPE_REFUSED, null), DnsAnswer.REFUSED);
        };
    }

    private static Verdict judgeLocalhost(int type) {
        Decision local = Decision.allow(Reason.ALLOWED_BY_DEFAULT, null);
        return switch (type) {
            case DnsQuestion.TYPE_A -> new Verdict(local, DnsAnswer.NOERROR, Optional.of(LOOPBACK_V4));
            case DnsQuestion.TYPE_AAAA -> new Verdict(local, DnsAnswer.NOERROR, Optional.of(LOOPBACK_V6));
            default -> Verdict.without(Decision.deny(Reason.DNS_TYPE_REFUSED, null), DnsAnswer.NOERROR);
        };
    }

    private boolean withinBudget(VersionedPolicy policy) {
        Decision deny = Decision.deny(Reason.LIMIT_REACHED, null);
        return switch (budget.take()) {
            case QuestionBudget.Grant.Granted(long refused) -> {
                if (refused > 0) recordIfPossible(policy, deny, refused + " questions were over the rate");
                yield true;
            }
            case QuestionBudget.Grant.Refused(boolean first) -> {
                if (first) recordIfPossible(policy, deny, "questions come over the rate");
                yield false;
            }
        };
    }

    private void refuseFaulty(DnsQuestion.Reading.Faulty faulty, VersionedPolicy policy) {
        recordIfPossible(policy, Decision.deny(Reason.MALFORMED_REQUEST, null), "response code " + faulty.code());
    }

    /// For refusals: what is denied stays denied when it cannot be recorded.
    private void recordIfPossible(VersionedPolicy policy, Decision decision, String detail) {
        try {
            record(policy, decision, Optional.empty(), detail);
        } catch (AuditUnavailableException refusedAnyway) {
            // Nothing was allowed.
        }
    }

    private void record(
            VersionedPolicy policy, Decision decision, Optional<HostName> name, String detail) {
        if (!policy.policy().auditEnabled()) return;
        audit.record(AuditEvent.builder(AuditEventIds.next(), clock.instant(), slot.sandboxId(), AuditCategory.DNS, EVENT)
                .decision(decision)
                .text(Attribute.HOST, name.map(HostName::value).orElse(""))
                .text(Attribute.PROTOCOL, protocol)
                .text(Attribute.DETAIL, detail)
                .number(Attribute.POLICY_VERSION, policy.version())
                .build());
    }

    private static InetAddress loopback(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("4 or 16 bytes are always an address", e);
        }
    }
}
