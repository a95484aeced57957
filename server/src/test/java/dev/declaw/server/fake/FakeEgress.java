package dev.declaw.server.fake;

import dev.declaw.egress.control.EgressProxy;
import dev.declaw.linux.SlotSockets;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.PolicyReader;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/// A proxy in memory that knows which slots it serves. A restart forgets all of them.
public final class FakeEgress implements EgressProxy {
    public final Map<String, SlotRequest> slots = new ConcurrentHashMap<>();
    public volatile boolean ready = true;

    /// Whether it takes credentials.
    public final boolean injects = true;
    public volatile Predicate<String> failOpen = id -> false;
    private final AtomicInteger authorities = new AtomicInteger();

    @Override
    public OpenedSlot open(SlotRequest request, SlotSockets sockets) {
        if (!ready || failOpen.test(request.sandboxId())) {
            throw new PlatformFailure.NoCapacity("egress_not_ready", "the egress proxy is not up");
        }
        if (sockets.tcp().descriptor() < 0) throw new IllegalStateException("a closed socket was handed over");
        if (slots.putIfAbsent(request.sandboxId(), request) != null) {
            throw new IllegalStateException("this slot is served already");
        }
        boolean intercepts =
                PolicyReader.read(request.security(), request.network()).policy().needsCertificateAuthority();
        return new OpenedSlot(intercepts ? Optional.of("CA " + authorities.incrementAndGet()) : Optional.empty());
    }

    @Override
    public OpenedSlot update(SlotRequest request) {
        if (!ready || failOpen.test(request.sandboxId())) {
            throw new PlatformFailure.NoCapacity("egress_not_ready", "the egress proxy is not up");
        }
        SlotRequest old = slots.replace(request.sandboxId(), request);
        if (old == null) throw new IllegalStateException("this slot is not served");
        boolean first = intercepts(request) && !intercepts(old);
        return new OpenedSlot(first ? Optional.of("CA " + authorities.incrementAndGet()) : Optional.empty());
    }

    private static boolean intercepts(SlotRequest request) {
        return PolicyReader.read(request.security(), request.network()).policy().needsCertificateAuthority();
    }

    @Override
    public void close(String sandboxId) {
        slots.remove(sandboxId);
    }

    /// A new process takes the place of this one.
    public void restart() {
        slots.clear();
    }

    @Override
    public String metrics() {
        return ready ? "# TYPE declaw_egress_slots gauge\ndeclaw_egress_slots " + slots.size() + "\n" : "";
    }

    @Override
    public boolean ready() {
        return ready;
    }

    @Override
    public void close() {
        slots.clear();
    }
}
