package dev.declaw.egress.content;

import java.util.List;
import java.util.Optional;

/// The stages of a policy that cover one host, in the order in which they run. Immutable.
///
/// @param edits may change the request
/// @param judges let it pass or not
/// @param gate which endpoints and models may be called
/// @param custom the content rules of the custom policy
record HostStages(
        List<EditStage> edits, List<JudgeStage> judges, Optional<GateStage> gate, Optional<CustomStage> custom) {
    HostStages {
        edits = List.copyOf(edits);
        judges = List.copyOf(judges);
    }

    /// Whether a scanner runs a model, or the policy service is asked, so that no part of the body may be screened on an event loop.
    boolean slow() {
        return slowEdits() || custom.isPresent() || judges.stream().anyMatch(judge -> judge.scanner().slow());
    }

    /// Whether a stage that edits runs a model, so that heads must not be screened on an event loop either.
    boolean slowEdits() {
        return edits.stream().anyMatch(EditStage::slow);
    }

    boolean any() {
        return !edits.isEmpty() || judging();
    }

    /// Whether something must look at the request as a whole once head and body are known.
    boolean judging() {
        return !judges.isEmpty() || gate.isPresent() || custom.isPresent();
    }
}
