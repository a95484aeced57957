package dev.declaw.rego;

import dev.declaw.model.policy.CustomPolicy;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/// A custom policy that compiles. Thread-safe; keeps its sources, since the service may forget it.
public final class CompiledPolicy {
    /// An evaluation that ends the service so often is not tried again: it would take the others' with it.
    private static final int CRASHES_MAX = 3;

    private final CustomPolicy source;
    private final String id;
    private final Set<Gate> gates;
    private final boolean readsBody;
    private final AtomicInteger crashes = new AtomicInteger();

    CompiledPolicy(CustomPolicy source, String id, Set<Gate> gates, boolean readsBody) {
        this.source = source;
        this.id = id;
        this.gates = Set.copyOf(gates);
        this.readsBody = readsBody;
    }

    public CustomPolicy source() {
        return source;
    }

    /// Digest of the sources.
    String id() {
        return id;
    }

    /// The gates that it has rules for; the others need not be asked.
    public Set<Gate> gates() {
        return gates;
    }

    public boolean has(Gate gate) {
        return gates.contains(gate);
    }

    /// Whether a content rule may look at the request's body.
    public boolean readsBody() {
        return readsBody;
    }

    void crashed() {
        crashes.incrementAndGet();
    }

    boolean banned() {
        return crashes.get() >= CRASHES_MAX;
    }
}
