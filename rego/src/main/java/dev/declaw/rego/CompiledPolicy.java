package dev.declaw.rego;

import dev.declaw.model.policy.CustomPolicy;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/// A custom policy that compiles. Thread-safe; keeps its sources, since the service may forget it.
public final class CompiledPolicy {
    /// A policy during whose evaluation the service ended so often in a row is left alone for a while: it would take the others'
    /// with it. One that was only there when it happened soon has an answer in between.
    private static final int CRASHES_MAX = 3;

    private static final long BAN_NANOS = 60_000_000_000L;

    private final CustomPolicy source;
    private final String id;
    private final Set<Gate> gates;
    private final boolean readsBody;
    private final boolean readsModel;
    private final AtomicInteger crashes = new AtomicInteger();
    private volatile long lastCrashNanos;

    CompiledPolicy(CustomPolicy source, String id, Set<Gate> gates, boolean readsBody, boolean readsModel) {
        this.source = source;
        this.id = id;
        this.gates = Set.copyOf(gates);
        this.readsBody = readsBody;
        this.readsModel = readsModel;
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

    /// Whether a content rule may look at the model that the request names.
    public boolean readsModel() {
        return readsModel;
    }

    void crashed() {
        lastCrashNanos = System.nanoTime();
        crashes.incrementAndGet();
    }

    void answered() {
        crashes.set(0);
    }

    boolean banned() {
        if (crashes.get() < CRASHES_MAX) return false;
        if (System.nanoTime() - lastCrashNanos < BAN_NANOS) return true;
        crashes.set(CRASHES_MAX - 1); // one more try
        return false;
    }
}
