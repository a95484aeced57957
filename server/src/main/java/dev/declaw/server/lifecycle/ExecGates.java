package dev.declaw.server.lifecycle;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent.Attribute;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.Decision;
import dev.declaw.server.custom.CommandGate;
import dev.declaw.server.custom.CommandInputs;
import dev.declaw.server.custom.ExecGateLink;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// Has the programs of a sandbox with command rules wait for them. Thread-safe.
final class ExecGates {
    private static final String LIMITS = "custom_policy: command rules judge programs as they start; code that runs inside an allowed "
            + "interpreter, programs under another name, and root in the sandbox are not held back";
    private static final String UNSUPPORTED =
            "custom_policy: this guest's kernel cannot hold programs back, so command rules judge only what comes through the API";
    private static final String NO_MEMORY =
            "custom_policy: this guest's kernel does not hold back programs that were never files (memfd_create)";

    private final CommandGate gate;

    ExecGates(CommandGate gate) {
        this.gate = gate;
    }

    CommandGate gate() {
        return gate;
    }

    /// Brings the guest in line with the sandbox's policy. The caller holds the sandbox's lock.
    ///
    /// @param mayBeArmed whether the guest may hold programs back for an earlier policy
    /// @throws PlatformFailure when the guest cannot be told: it must not run then
    void bring(LiveSandbox sandbox, boolean mayBeArmed) {
        Optional<ExecGateLink> old = sandbox.execGate();
        if (!gate.guards(sandbox.policy())) {
            sandbox.execGate(Optional.empty(), List.of());
            old.ifPresent(ExecGateLink::close);
            if (mayBeArmed || old.isPresent()) disarm(sandbox);
            return;
        }
        if (old.isPresent() && !mayBeArmed) return; // it asks for the policy in force each time
        old.ifPresent(ExecGateLink::close);
        List<String> warnings = new ArrayList<>();
        Optional<ExecGateLink> link = Optional.empty();
        try {
            boolean memory = sandbox.guest().armExecGate();
            ExecGateLink opened = new ExecGateLink(
                    sandbox.id(),
                    () -> sandbox.guest().execGate(),
                    new Judge(sandbox)::allows,
                    () -> sandbox.endReason().isEmpty() && !sandbox.vmExited());
            opened.start();
            link = Optional.of(opened);
            warnings.add(LIMITS);
            if (!memory) warnings.add(NO_MEMORY);
        } catch (PlatformFailure.Conflict e) {
            if (!e.code().equals("gate_unsupported")) throw e;
            warnings.add(UNSUPPORTED);
        }
        sandbox.execGate(link, warnings);
    }

    private static void disarm(LiveSandbox sandbox) {
        try {
            sandbox.guest().disarmExecGate();
        } catch (PlatformFailure.Conflict e) {
            if (!e.code().equals("gate_unsupported")) throw e; // it never held anything back
        }
    }

    /// Judges the programs of one sandbox and records what is denied, at most so many a second: a loop must not fill the log.
    private final class Judge {
        private static final int RECORDED_PER_SECOND_MAX = 20;

        private final LiveSandbox sandbox;
        private final AtomicLong second = new AtomicLong();
        private final AtomicInteger recorded = new AtomicInteger();
        private final AtomicInteger suppressed = new AtomicInteger();

        Judge(LiveSandbox sandbox) {
            this.sandbox = sandbox;
        }

        boolean allows(ExecGateLink.Program program) {
            CommandGate.Answer answer = gate.judge(
                    sandbox.policy(), CommandInputs.ofProgram(program.file(), program.name(), program.arguments()));
            answer.decision().ifPresent(this::record);
            return answer.allowed();
        }

        private void record(Decision decision) {
            long now = System.nanoTime() / 1_000_000_000L;
            if (second.getAndSet(now) != now) recorded.set(0);
            if (recorded.incrementAndGet() > RECORDED_PER_SECOND_MAX) {
                suppressed.incrementAndGet();
                return;
            }
            int more = suppressed.getAndSet(0);
            try {
                sandbox.record(AuditCategory.COMMAND, "program_judged", facts -> {
                    facts.decision(decision).number(Attribute.POLICY_VERSION, sandbox.row().policyVersion());
                    if (more > 0) facts.number("suppressed", more);
                });
            } catch (AuditUnavailableException e) {
                if (decision.allowed()) throw e; // what cannot be recorded does not happen
            }
        }
    }
}
