package dev.declaw.egress.flow;

import dev.declaw.egress.custom.CustomGates;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import io.netty.channel.EventLoop;
import java.util.function.Consumer;

/// Asks the network rules of the custom policy about one connection or request, beside the event loop.
final class CustomNetwork {
    private final CustomGates gates;
    private final CustomGates.Connection connection;
    private final Decision allowed;
    private volatile Decision decision;

    private CustomNetwork(CustomGates gates, CustomGates.Connection connection, Decision allowed) {
        this.gates = gates;
        this.connection = connection;
        this.allowed = allowed;
    }

    /// @param allowed what everything before said
    /// @param told hears the decision on the event loop
    /// @param crashed hears what `told` throws
    /// @return what to give up; null when too many wait, and `told` has heard a denial
    static ScreeningPool.Waiting ask(
            GuestFlow flow,
            CustomGates gates,
            Subject subject,
            Decision allowed,
            Consumer<Decision> told,
            Consumer<RuntimeException> crashed) {
        EventLoop loop = flow.guest.eventLoop();
        String host = subject.host().isEmpty() ? subject.address().getHostAddress() : subject.host();
        int query = subject.path().indexOf('?');
        String path = query < 0 ? subject.path() : subject.path().substring(0, query);
        CustomNetwork question = new CustomNetwork(
                gates, new CustomGates.Connection(host, subject.port(), subject.protocol(), subject.method(), path), allowed);
        ScreeningPool.Waiting waiting = flow.services.screening.run(
                flow.slot, loop, question::judge, failed -> told.accept(question.answer(failed)), crashed);
        if (waiting == null) told.accept(Decision.deny(Reason.LIMIT_REACHED, null));
        return waiting;
    }

    private Reason judge() {
        decision = gates.decide(connection, allowed);
        return null;
    }

    /// @param failed why there is no answer, or null
    private Decision answer(Reason failed) {
        Decision answer = decision;
        return failed == null && answer != null ? answer : Decision.deny(Reason.CUSTOM_POLICY_FAILED, null);
    }
}
