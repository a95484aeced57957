package dev.declaw.server.fake;

import dev.declaw.linux.NativeSocket;
import dev.declaw.linux.SlotSockets;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.MicroVm;
import dev.declaw.runtime.Timings;
import dev.declaw.runtime.guest.GuestClient;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

/// A microVM in memory. Counts the sockets that are open in its slot.
public final class FakeVm implements MicroVm {
    public final FakeGuest guest;
    public final AtomicInteger openSockets = new AtomicInteger();
    public volatile int failingKills;
    public volatile boolean failUsage;
    private final SandboxId id;
    private final FakeHost host;
    private final CompletableFuture<Void> exited = new CompletableFuture<>();

    FakeVm(SandboxId id, FakeHost host) {
        this(id, host, new FakeGuest());
    }

    FakeVm(SandboxId id, FakeHost host, FakeGuest guest) {
        this.guest = guest;
        this.id = id;
        this.host = host;
    }

    @Override
    public SandboxId id() {
        return id;
    }

    @Override
    public GuestClient guest() {
        return guest;
    }

    @Override
    public SlotSockets openSockets() {
        if (host.failSockets.test(id)) throw new IllegalStateException("no sockets");
        return new SlotSockets(new Socket(), new Socket());
    }

    private final class Socket implements NativeSocket {
        private boolean open = true;

        Socket() {
            openSockets.incrementAndGet();
        }

        @Override
        public int descriptor() {
            return open ? 7 : -1;
        }

        @Override
        public void close() {
            if (open) openSockets.decrementAndGet();
            open = false;
        }
    }

    @Override
    public CompletionStage<Void> exited() {
        return exited;
    }

    /// The VMM dies by itself; slot and disk stay behind until somebody kills.
    public void die() {
        guest.dead = true;
        exited.complete(null);
    }

    @Override
    public synchronized void kill() {
        if (failingKills > 0) {
            failingKills--;
            throw new IllegalStateException("the VMM does not die");
        }
        guest.dead = true;
        exited.complete(null);
        host.vms.remove(id, this);
    }

    @Override
    public Saved snapshot(String snapshotId, String tenant) {
        if (host.failSave.test(id)) throw new PlatformFailure.InternalFailure("the sandbox could not be saved", null);
        host.saved.put(snapshotId, guest.copy());
        return new Saved(1 << 20, 3 << 20, 1 << 19, Duration.ofMillis(7));
    }

    @Override
    public Saved pause(String snapshotId, String tenant) {
        Saved saved = snapshot(snapshotId, tenant);
        guest.dead = true; // it stands still
        return saved;
    }

    /// Whether its processors are stopped.
    public volatile boolean still;

    public volatile boolean failGoOn;

    @Override
    public void standStill() {
        still = true;
    }

    @Override
    public void goOn() {
        if (failGoOn) throw new PlatformFailure.InternalFailure("the microVM does not go on", null);
        still = false;
    }

    @Override
    public Timings timings() {
        return new Timings();
    }

    @Override
    public void saveDisk(String snapshotId) {
        snapshot(snapshotId, "");
    }

    @Override
    public Usage usage() {
        if (failUsage) throw new IllegalStateException("there is nothing to measure");
        return new Usage(1.5, 200, 30, 4000, 500);
    }
}
