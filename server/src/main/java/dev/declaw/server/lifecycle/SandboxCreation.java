package dev.declaw.server.lifecycle;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.model.policy.SensitiveVariables;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.runtime.MicroVm;
import dev.declaw.runtime.Timings;
import dev.declaw.server.store.SandboxRow;
import dev.declaw.server.vault.Vault;
import dev.declaw.server.volumes.VolumeMounts;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// How a sandbox comes to life. Each step's release is registered before the next step: from the moment a place is taken
/// until the sandbox runs, every failure ends in [SandboxEnd], so nothing of a failed create is left. Thread-safe.
final class SandboxCreation {
    private static final int LINE_WAIT_SECONDS_MAX = 60;
    private static final int FIRST_POLICY_VERSION = 1;

    private final Sandboxes.Parts parts;
    private final Sandboxes.Settings settings;
    private final SandboxAudit audit;
    private final EgressSlots slots;
    private final SandboxEnd end;
    private final WarmPool pool;
    private final ConcurrentMap<String, LiveSandbox> live;
    private final Places places;
    private final Quotas quotas;
    private final Semaphore boots;
    private volatile boolean refusing;

    SandboxCreation(
            Sandboxes.Parts parts,
            Sandboxes.Settings settings,
            SandboxAudit audit,
            EgressSlots slots,
            SandboxEnd end,
            WarmPool pool,
            ConcurrentMap<String, LiveSandbox> live,
            Places places) {
        this.parts = parts;
        this.settings = settings;
        this.audit = audit;
        this.slots = slots;
        this.end = end;
        this.pool = pool;
        this.live = live;
        this.places = places;
        this.quotas = new Quotas(parts.tenants(), live, parts.clock());
        this.boots = new Semaphore(settings.bootsMax(), true);
    }

    /// From now on every create is refused.
    void refuse() {
        refusing = true;
    }

    /// How many have left the line and not arrived.
    int booting() {
        return settings.bootsMax() - boots.availablePermits();
    }

    boolean refusing() {
        return refusing;
    }

    /// A place among the living, and in line, for a sandbox that is brought back. Closing it leaves the line, and the place
    /// unless it was kept.
    final class Admission implements AutoCloseable {
        private final Turn turn;
        private boolean kept;

        Admission(Turn turn) {
            this.turn = turn;
        }

        void keepPlace() {
            kept = true;
        }

        /// Lets the next one boot.
        void leaveLine() {
            turn.leave();
        }

        @Override
        public void close() {
            leaveLine();
            if (!kept) places.release();
        }
    }

    /// @param replaced id of the running sandbox whose room it takes; empty for none
    /// @throws PlatformFailure when there is none
    Admission admit(String owner, int memoryMib, String replaced) {
        if (refusing) throw new PlatformFailure.NoCapacity("shutting_down", "this server is stopping");
        if (!slots.ready()) {
            throw new PlatformFailure.NoCapacity("egress_not_ready", "the egress proxy is starting; try again in a moment");
        }
        quotas.admit(owner, memoryMib, replaced);
        if (!places.tryTake()) throw noPlace();
        try {
            Turn turn = new Turn();
            turn.take();
            return new Admission(turn);
        } catch (RuntimeException e) {
            places.release();
            throw e;
        }
    }

    /// Takes the step that adds a sandbox to the living, unless others took its room while it stood in line.
    LiveSandbox withinQuota(String owner, int memoryMib, String replaced, Supplier<LiveSandbox> step) {
        synchronized (quotas.lock()) {
            quotas.admit(owner, memoryMib, replaced);
            return step.get();
        }
    }

    private PlatformFailure noPlace() {
        return new PlatformFailure.QuotaExceeded(
                "too_many_sandboxes",
                "this server runs " + settings.sandboxesMax() + " sandboxes, its limit: kill one, or raise DECLAW_SANDBOXES_MAX",
                5);
    }

    Sandboxes.Created create(String owner, CreateSandbox request) {
        return create(owner, request, () -> origin(owner, request));
    }

    /// A machine that a template is built in: the kernel boots from the template's disk.
    Sandboxes.Created createBuilder(String owner, CreateSandbox request, TemplateSource.Start from) {
        return create(owner, request, () -> SandboxOrigin.of(from, true));
    }

    private Sandboxes.Created create(String owner, CreateSandbox request, Supplier<SandboxOrigin> from) {
        Timings timings = new Timings();
        if (refusing) throw new PlatformFailure.NoCapacity("shutting_down", "this server is stopping");
        PolicyReader.Result policy = readPolicy(request);
        List<String> custom = parts.custom().check(policy.policy());
        checkTimeout(request.timeoutSeconds());
        parts.volumes().check(owner, request.volumes());
        Vault.Bound bound = bind(owner, request);
        SandboxOrigin origin = from.get();
        timings.mark("checks");
        if (!slots.ready()) {
            throw new PlatformFailure.NoCapacity("egress_not_ready", "the egress proxy is starting; try again in a moment");
        }
        quotas.admitRate(owner);
        quotas.admit(owner, origin.memoryMib()); // early, so that nobody stands in line in vain; counts again at the end of it
        if (!places.tryTake()) throw noPlace();
        LiveSandbox sandbox = null;
        Turn turn = new Turn();
        try {
            pool.asked(origin.template());
            Optional<WarmPool.Warm> warm = origin.pooled().flatMap(pool::claim);
            if (warm.isEmpty()) {
                turn.take();
                warm = origin.pooled().flatMap(pool::claim); // one may have got ready meanwhile
            }
            timings.mark("line");
            sandbox = register(owner, request, policy.policy(), origin, warm);
            timings.mark("row");
            SandboxInfo info = bringUp(sandbox, origin, request, bound, turn, timings);
            List<String> warnings = new ArrayList<>(policy.warnings());
            warnings.addAll(custom);
            warnings.addAll(sandbox.gateWarnings());
            warnings.addAll(VolumeMounts.warnings(request.volumes()));
            return new Sandboxes.Created(info, warnings);
        } finally {
            turn.leave();
            if (sandbox == null) places.release();
        }
    }

    private SandboxOrigin origin(String owner, CreateSandbox request) {
        if (request.snapshotId().isPresent()) {
            String id = request.snapshotId().get();
            return parts.snapshots()
                    .find(id)
                    .filter(row -> row.owner().equals(owner) && row.complete())
                    .map(row -> new SandboxOrigin(
                            row.template(), row.vcpus(), row.memoryMib(), Optional.empty(), request.snapshotId(),
                            Map.of(), false))
                    .or(() -> OtherServers.snapshot(parts.host(), owner, id).map(stored -> new SandboxOrigin(
                            stored.template(), stored.vcpus(), stored.memoryMib(), Optional.empty(), Optional.of(id),
                            Map.of(), false)))
                    .orElseThrow(() -> new PlatformFailure.NotFound("snapshot_not_found", "there is no snapshot of this id"));
        }
        return SandboxOrigin.of(parts.templates().resolve(owner, request.template()), false);
    }

    private PolicyReader.Result readPolicy(CreateSandbox request) {
        PolicyReader.Result read =
                PolicyReader.read(request.security().orElse(null), request.network().orElse(null));
        for (String variable : read.policy().envSecurity().sensitive()) {
            if (request.envs().containsKey(variable) || request.vaultReferences().containsKey(variable)) {
                throw new PolicyException(
                        "security.env_security.sensitive_vars", "and envs or vault_refs both set " + variable + "; choose one");
            }
        }
        if (!request.secure() && read.policy().needsCertificateAuthority()) {
            throw new PolicyException("secure", "is false, but security switches content scanning on; send only one of them");
        }
        return read;
    }

    private Vault.Bound bind(String owner, CreateSandbox request) {
        Vault.Bound bound = parts.vault().bind(owner, request.vaultReferences());
        if (!request.secure() && !bound.uses().isEmpty()) {
            throw new PolicyException("secure", "is false, but vault_refs takes a proxy that reads requests; send only one of them");
        }
        for (String variable : request.vaultReferences().keySet()) {
            if (request.envs().containsKey(variable)) {
                throw new PolicyException("vault_refs", "and envs both set " + variable + "; choose one");
            }
        }
        return bound;
    }

    void checkTimeout(long seconds) {
        long max = settings.timeoutSecondsMax();
        if (max > 0 && (seconds > max || seconds == 0)) {
            throw new PlatformFailure.PermissionDenied(
                    "timeout_too_long",
                    "the longest timeout of this server is " + max + " s (DECLAW_TIMEOUT_SECONDS_MAX; 0 there allows any)");
        }
    }

    static Optional<Instant> deadline(Instant from, long timeoutSeconds) {
        return timeoutSeconds == 0 ? Optional.empty() : Optional.of(from.plus(Duration.ofSeconds(timeoutSeconds)));
    }

    /// A place among those that boot. Used by one thread.
    private final class Turn {
        private boolean taken;

        /// Stands in line.
        void take() {
            try {
                taken = boots.tryAcquire(LINE_WAIT_SECONDS_MAX, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (!taken) {
                throw new PlatformFailure.NoCapacity(
                        "create_queue_full", "too many sandboxes are being created at this moment; try again");
            }
        }

        /// Lets the next one boot; does nothing when there is nothing to leave.
        void leave() {
            if (taken) boots.release();
            taken = false;
        }
    }

    /// Records the sandbox as CREATING. A warm microVM brings its id and its token with it.
    private LiveSandbox register(
            String owner, CreateSandbox request, SecurityPolicy policy, SandboxOrigin origin, Optional<WarmPool.Warm> warm) {
        Map<String, String> environment = origin.environment(request.envs());
        SandboxId id = warm.map(machine -> machine.vm().id())
                .orElseGet(() -> origin.pooled().map(parts.host()::reserve).orElseGet(parts.tokens()::sandboxId));
        try {
            SensitiveVariables sensitive = SensitiveVariables.of(request.security().orElse(null));
            SandboxRow row = new SandboxRow(
                    id.value(),
                    owner,
                    origin.template(),
                    SandboxState.CREATING,
                    parts.tokens().executionId(),
                    request.timeoutSeconds(),
                    parts.clock().instant(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    warm.map(WarmPool.Warm::guestToken).orElseGet(parts.tokens()::guestToken),
                    parts.tokens().accessToken(),
                    origin.vcpus(),
                    origin.memoryMib(),
                    FIRST_POLICY_VERSION,
                    StoredJson.writeMap(request.metadata()),
                    StoredJson.writeMap(environment),
                    StoredJson.writeMap(sensitive.values()),
                    request.network().map(JsonNode::toString),
                    Optional.ofNullable(sensitive.policy()).map(JsonNode::toString),
                    request.lifecycle().map(JsonNode::toString));
            LiveSandbox sandbox = new LiveSandbox(row, policy, audit);
            warm.ifPresent(machine -> sandbox.attach(machine.vm()));
            synchronized (quotas.lock()) {
                quotas.admit(owner, origin.memoryMib());
                live.put(sandbox.id(), sandbox); // before the row, so that whoever sees the row finds it
            }
            try {
                parts.sandboxes().insert(row);
            } catch (RuntimeException e) {
                live.remove(sandbox.id());
                throw e;
            }
            return sandbox;
        } catch (RuntimeException e) {
            warm.ifPresent(pool::release);
            parts.host().release(id);
            throw e;
        }
    }

    private SandboxInfo bringUp(
            LiveSandbox sandbox, SandboxOrigin origin, CreateSandbox request, Vault.Bound bound, Turn turn, Timings timings) {
        try {
            boolean warm = sandbox.attachedVm().isPresent();
            if (!warm) {
                sandbox.attach(start(new SandboxId(sandbox.id()), origin));
                timings.include(sandbox.vm().timings());
            }
            parts.vault().attach(sandbox.id(), bound);
            if (warm) {
                slots.claim(sandbox);
                timings.mark("claim");
            } else {
                slots.connect(sandbox, origin.snapshotId().isEmpty());
                timings.mark("identity");
            }
            turn.leave(); // what comes now takes as long as the guest lets it: others wait no longer
            if (!request.volumes().isEmpty()) {
                parts.volumes().attach(sandbox.row().owner(), sandbox.id(), request.volumes(), sandbox.guest());
                timings.mark("volumes");
            }
            Instant started = parts.clock().instant();
            audit.lifecycle(
                    sandbox.id(),
                    "vm_created",
                    facts -> facts.text("template", origin.template())
                            .text("start", warm ? "warm" : origin.snapshotId().isPresent() ? "fork" : "boot")
                            .text("detail", timings.toString())
                            .number("create_millis", Duration.between(sandbox.row().created(), started).toMillis()));
            Optional<Instant> deadline = deadline(started, sandbox.row().timeoutSeconds());
            sandbox.deadline(deadline);
            if (refusing || !parts.sandboxes().started(sandbox.id(), sandbox.row().executionId(), started, deadline)) {
                throw killedMeanwhile(sandbox);
            }
        } catch (RuntimeException | Error e) {
            sandbox.finishCreating();
            end.abandon(sandbox, "create_failed");
            throw e;
        }
        if (sandbox.finishCreating()) {
            end.tearDown(sandbox);
            throw killedMeanwhile(sandbox);
        }
        watch(sandbox, end);
        sandbox.identified().whenComplete((_, failure) -> {
            if (failure != null) Thread.startVirtualThread(() -> end.abandon(sandbox, "create_failed"));
        });
        return SandboxInfo.of(parts.sandboxes().find(sandbox.id()).orElseThrow(() -> killedMeanwhile(sandbox)));
    }

    private MicroVm start(SandboxId id, SandboxOrigin origin) {
        if (origin.bare()) return makingRoom(() -> parts.host().bootDisk(id, origin.built().orElseThrow()));
        return makingRoom(() -> origin.snapshotId().isPresent()
                ? parts.host().resume(id, origin.snapshotId().get())
                : parts.host().boot(id, origin.built().orElseThrow()));
    }

    /// Where memory is short, machines that wait for a create make room.
    MicroVm makingRoom(Supplier<MicroVm> start) {
        while (true) {
            try {
                return start.get();
            } catch (PlatformFailure.NoCapacity full) {
                if (!full.code().equals("no_memory") || !pool.giveUpOne()) throw full;
            }
        }
    }

    /// Creates that stand in line.
    int waiting() {
        return boots.getQueueLength();
    }

    static PlatformFailure killedMeanwhile(LiveSandbox sandbox) {
        return new PlatformFailure.Gone("sandbox_killed", sandbox.id() + " was killed in the meantime");
    }

    /// Ends the sandbox when its microVM ends by itself.
    static void watch(LiveSandbox sandbox, SandboxEnd end) {
        sandbox.vm().exited().thenRun(() -> Thread.ofVirtual()
                .name("exited-" + sandbox.id())
                .start(() -> {
                    if (!sandbox.leaving()) end.abandon(sandbox, "vm_exited");
                }));
    }
}
