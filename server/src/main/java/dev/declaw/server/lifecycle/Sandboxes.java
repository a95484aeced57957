package dev.declaw.server.lifecycle;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.egress.control.EgressProxy;
import dev.declaw.model.audit.AuditSink;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.runtime.MicroVmHost;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.RandomTokens;
import dev.declaw.server.auth.Scope;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.custom.CommandGate;
import dev.declaw.server.custom.CustomPolicies;
import dev.declaw.server.store.AuditTable;
import dev.declaw.server.store.IdempotencyTable;
import dev.declaw.server.store.PauseTransitions;
import dev.declaw.server.store.SandboxRow;
import dev.declaw.server.store.SandboxTable;
import dev.declaw.server.metrics.ServerMetrics;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import dev.declaw.server.vault.Vault;
import dev.declaw.server.volumes.VolumeMounts;
import dev.declaw.server.store.SnapshotTable;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;

/// All sandboxes of this server, for its API: everything that is done to them goes through here. Owners see their own only.
/// Thread-safe; calls block and are meant for virtual threads.
public final class Sandboxes implements AutoCloseable {
    private static final int KILL_WAIT_SECONDS_MAX = 30;
    private static final int KILL_LOOKS_MAX = 100;
    private static final int KILL_LOOK_MILLIS = 20;
    private static final int CLOSE_ATTEMPTS_MAX = 15; // one per second

    private final SandboxTable table;
    private final ConcurrentMap<String, LiveSandbox> live = new ConcurrentHashMap<>();
    private final SandboxAudit audit;
    private final EgressSlots slots;
    private final ExecGates gates;
    private final Vault vault;
    private final PolicyChange policies;
    private final SandboxEnd end;
    private final SandboxCreation creation;
    private final SandboxRests rests;
    private final Adoption adoption;
    private final WarmPool pool;
    private final Reaper reaper;
    private final Settings settings;
    private final InstantSource clock;

    /// What the operator decides about sandboxes.
    ///
    /// @param sandboxesMax living sandboxes, warm ones not counted
    /// @param bootsMax creates that work at the same time; further ones wait in line
    /// @param timeoutSecondsMax longest life that a sandbox may ask for; 0 for no limit
    /// @param warmPool microVMs that wait for a create
    /// @param keepOnClose whether sandboxes outlive [Sandboxes#close]
    /// @param retention how long snapshots are kept
    public record Settings(int sandboxesMax, int bootsMax, long timeoutSecondsMax, WarmPoolSizes warmPool, boolean keepOnClose, Retention retention) {
        /// With so many waiting microVMs of the `base` template; snapshots are kept until somebody removes them.
        public Settings(int sandboxesMax, int bootsMax, long timeoutSecondsMax, int warmPool, boolean keepOnClose) {
            this(sandboxesMax, bootsMax, timeoutSecondsMax, WarmPoolSizes.fixed("base", warmPool), keepOnClose, Retention.NONE);
        }
    }

    /// The parts that sandboxes are made of and recorded in.
    public record Parts(
            MicroVmHost host,
            EgressProxy egress,
            SandboxTable sandboxes,
            IdempotencyTable idempotency,
            AuditTable auditTable,
            AuditSink audit,
            RandomTokens tokens,
            InstantSource clock,
            Tenants tenants,
            SnapshotTable snapshots,
            PauseTransitions transitions,
            VolumeMounts volumes,
            Vault vault,
            TemplateSource templates,
            CustomPolicies custom) {}

    public Sandboxes(Parts parts, Settings settings) {
        this.table = parts.sandboxes();
        this.clock = parts.clock();
        this.settings = settings;
        Places places = new Places(settings.sandboxesMax());
        audit = new SandboxAudit(parts.audit(), parts.tokens(), clock);
        vault = parts.vault();
        gates = new ExecGates(new CommandGate(parts.custom()));
        slots = new EgressSlots(parts.egress(), parts.vault(), parts.tenants(), gates, clock);
        policies = new PolicyChange(table, slots, audit, parts.custom(), gates);
        PauseSnapshots pauses = new PauseSnapshots(parts);
        end = new SandboxEnd(table, slots, parts.volumes(), audit, live, places, clock, pauses);
        pool = new WarmPool(parts.host(), slots, settings.warmPool(), parts.tokens(), clock);
        creation = new SandboxCreation(parts, settings, audit, slots, end, pool, live, places);
        SnapshotRetention retention = new SnapshotRetention(parts, settings.retention(), pauses, audit);
        SandboxPause pause = new SandboxPause(parts, audit, slots, end, pauses, live, places, retention);
        SandboxResume resume = new SandboxResume(parts, audit, slots, end, pauses, creation, live, places);
        rests = new SandboxRests(parts, pause, resume, pauses, live, audit);
        adoption = new Adoption(parts, pauses, slots, end, audit, live, places);
        reaper = new Reaper(live, table, parts.idempotency(), parts.auditTable(), end, slots, pause, retention, clock);
    }

    /// Takes over what an earlier process left running, ends what cannot be taken over, then starts the timers and the
    /// warm pool. Called once, before the first request.
    public void start() {
        adoption.run();
        reaper.start();
        pool.start();
    }

    /// A new sandbox, ready for commands.
    ///
    /// @param warnings what its policy does less or more of than its author may think
    public record Created(SandboxInfo info, List<String> warnings) {}

    /// @throws dev.declaw.model.policy.PolicyException when the policy cannot be enforced as it stands
    /// @throws PlatformFailure when it cannot be created; then nothing of it is left
    public Created create(String owner, CreateSandbox request) {
        return creation.create(owner, request);
    }

    /// As [#create], for a machine that a template is built in: its kernel boots from the disk of the template, and nothing
    /// runs in it.
    public Created createBuilder(String owner, CreateSandbox request, TemplateSource.Start from) {
        return creation.createBuilder(owner, request, from);
    }

    /// @throws PlatformFailure.NotFound when the owner has no such sandbox, or forgot it more than a day ago
    public SandboxInfo info(String owner, String id) {
        return SandboxInfo.of(row(owner, id));
    }

    public SandboxPage list(String owner, SandboxQuery query) {
        return query.run(table, owner);
    }

    /// Who owns a sandbox, for whoever holds its traffic token: a capability for its ports and nothing else.
    public Optional<String> ownerByTrafficToken(String id, String token) {
        byte[] given = token.getBytes(StandardCharsets.UTF_8);
        return table.find(id)
                .filter(row -> MessageDigest.isEqual(trafficToken(row.accessToken()).getBytes(StandardCharsets.UTF_8), given))
                .map(SandboxRow::owner);
    }

    /// The traffic token as the sandbox object shows it.
    public static String trafficToken(String accessToken) {
        return "traffic-" + accessToken;
    }

    /// Runs work with a running sandbox; a paused one is resumed when it asked for that and the caller may do more than look. When the
    /// sandbox ends meanwhile, the caller learns that, and not that its guest cannot be reached.
    ///
    /// @throws PlatformFailure when it was killed (`Gone`), or is not running (`Conflict`)
    public <T> T use(Caller caller, String id, Function<LiveSandbox, T> work) {
        SandboxRow row = row(caller.owner(), id);
        LiveSandbox sandbox = running(caller.scopes().contains(Scope.SANDBOXES) ? rests.awake(row) : row);
        try (LiveSandbox.Call _ = sandbox.enter()) {
            return work.apply(sandbox);
        } catch (PlatformFailure.GuestUnreachable e) {
            if (sandbox.leaving()) throw SandboxRests.paused(id);
            if (sandbox.vmExited() || sandbox.endReason().isPresent()) throw gone(id, e);
            throw e;
        }
    }

    private LiveSandbox running(SandboxRow row) {
        return switch (row.state()) {
            case KILLING, KILLED -> throw gone(row.id(), null);
            case CREATING ->
                throw new PlatformFailure.Conflict("sandbox_not_running", row.id() + " is still being created; try again", 1);
            case PAUSED, PAUSING -> throw SandboxRests.paused(row.id());
            case RESUMING ->
                throw new PlatformFailure.Conflict("sandbox_not_running", row.id() + " is being resumed; try again", 1);
            case UNKNOWN ->
                throw new PlatformFailure.Conflict("sandbox_not_running", row.id() + " is " + row.state().wire());
            case RUNNING -> {
                LiveSandbox sandbox = live.get(row.id());
                if (sandbox == null) throw gone(row.id(), null); // it ended between the two looks
                yield sandbox;
            }
        };
    }

    private static PlatformFailure gone(String id, Throwable cause) {
        PlatformFailure gone =
                new PlatformFailure.Gone("sandbox_killed", id + " was killed or has ended; create a new sandbox");
        if (cause != null) gone.addSuppressed(cause);
        return gone;
    }

    /// Sets the remaining life to this many seconds from now; 0 takes the deadline away.
    public SandboxInfo setTimeout(String owner, String id, long timeoutSeconds) {
        creation.checkTimeout(timeoutSeconds);
        LiveSandbox sandbox = running(row(owner, id));
        Optional<Instant> deadline = SandboxCreation.deadline(clock.instant(), timeoutSeconds);
        audit.lifecycle(id, "timeout_set", facts -> facts.number("timeout_seconds", timeoutSeconds));
        if (!table.moveDeadline(id, sandbox.row().executionId(), timeoutSeconds, deadline)) throw gone(id, null);
        sandbox.deadline(deadline);
        return info(owner, id);
    }

    /// Replaces the policy of a running sandbox; what it forbids of what is open is cut within a second.
    ///
    /// @param security empty to keep the one there is; a JSON null takes it away
    /// @param network likewise
    public PolicyUpdated updatePolicy(String owner, String id, Optional<JsonNode> security, Optional<JsonNode> network) {
        LiveSandbox sandbox = running(row(owner, id));
        List<String> warnings = policies.apply(sandbox, security, network);
        return new PolicyUpdated(sandbox.row().policyVersion(), warnings);
    }

    /// @param version of the policy that is in force now; stands in every event
    public record PolicyUpdated(int version, List<String> warnings) {}

    public CommandGate commandGate() {
        return gates.gate();
    }

    /// Pausing, resuming, snapshots.
    public SandboxRests rests() {
        return rests;
    }

    /// Decides that a sandbox ends and returns at once; what it holds is released in the background.
    public void killLater(String owner, String id) {
        for (int attempt = 0; attempt < KILL_LOOKS_MAX; attempt++) {
            LiveSandbox sandbox = live.get(id);
            SandboxRow row = row(owner, id);
            if (sandbox != null && end.decide(sandbox, "killed")) {
                end.tearDownLater(sandbox);
                return;
            }
            if (rests.endPaused(row) || hasEnded(row)) return;
            awaitTransition(); // paused or brought back between the two looks: it has another run now
        }
        throw inProgress(id);
    }

    private static boolean hasEnded(SandboxRow row) {
        return row.state() == SandboxState.KILLED || row.state() == SandboxState.KILLING;
    }

    private static void awaitTransition() {
        try {
            TimeUnit.MILLISECONDS.sleep(KILL_LOOK_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static PlatformFailure inProgress(String id) {
        return new PlatformFailure.Conflict(
                "kill_in_progress", id + " is being killed and not gone yet; ask again in a moment", 2);
    }

    /// Ends a sandbox and returns when nothing of it is left.
    ///
    /// @return false when it had ended, or was ending, already
    public boolean kill(String owner, String id) {
        LiveSandbox sandbox = live.get(id);
        SandboxRow row = row(owner, id);
        boolean decided = false;
        for (int look = 0; look < KILL_LOOKS_MAX && !decided; look++) {
            if (sandbox == null && rests.endPaused(row)) return true;
            decided = sandbox != null && end.decide(sandbox, "killed");
            if (decided || hasEnded(row)) break;
            awaitTransition(); // paused or brought back between the two looks: it has another run now
            sandbox = live.get(id);
            row = row(owner, id);
        }
        if (sandbox == null) return false;
        for (int second = 0; second < KILL_WAIT_SECONDS_MAX; second++) {
            end.tearDown(sandbox); // does nothing while somebody else does it; tries again when that failed
            if (gone(sandbox, 1)) return decided;
        }
        throw inProgress(id);
    }

    private static boolean gone(LiveSandbox sandbox, int secondsMax) {
        try {
            sandbox.gone().get(secondsMax, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformFailure.InternalFailure("interrupted while a sandbox was killed", e);
        } catch (ExecutionException e) {
            throw new PlatformFailure.InternalFailure("the end of a sandbox failed", e);
        }
    }

    /// What the sandbox has used of the host since this run of it began, an hour back at most, and what it uses now; oldest
    /// first. A sandbox that does not run uses nothing, and is not woken for the question.
    public List<LiveSandbox.Usage> usage(String owner, String id, Optional<Instant> start, Optional<Instant> end) {
        SandboxRow row = row(owner, id);
        if (row.state() == SandboxState.KILLED || row.state() == SandboxState.KILLING) throw gone(id, null);
        LiveSandbox sandbox = live.get(id);
        if (row.state() != SandboxState.RUNNING || sandbox == null) return List.of();
        sandbox.usage(clock.instant());
        return sandbox.samples(start.orElse(Instant.MIN), end.orElse(Instant.MAX));
    }

    /// True for a sandbox that still exists and may add to its audit log.
    public boolean living(String id) {
        return live.containsKey(id);
    }

    /// Whether the policy of this sandbox wants its events recorded; true when it is not known.
    public boolean auditEnabled(String id) {
        LiveSandbox sandbox = live.get(id);
        return sandbox == null || sandbox.policy().auditEnabled();
    }

    /// Sandboxes of an owner that hold resources now.
    public int living(Tenants.Tenant owner) {
        return (int) live.values().stream().filter(sandbox -> sandbox.row().owner().equals(owner.id())).count();
    }

    /// Sandboxes that this server takes at once, of all owners.
    public int sandboxesMax() {
        return settings.sandboxesMax();
    }

    /// Tells the proxy what a secret that was changed or deleted is now, for every running sandbox that uses it. A way out whose
    /// proxy cannot be told is shut until it can.
    ///
    /// @return how many sandboxes that were
    public int refreshSecret(String owner, String secretId) {
        return refresh(owner, sandbox -> vault.uses(sandbox.id(), secretId));
    }

    /// Tells the proxy the limits that a tenant has now.
    public void refreshLimits(String owner) {
        refresh(owner, _ -> true);
    }

    private int refresh(String owner, Predicate<LiveSandbox> concerned) {
        int told = 0;
        for (LiveSandbox sandbox : live.values()) {
            if (!sandbox.row().owner().equals(owner) || !concerned.test(sandbox)) continue;
            sandbox.egressLock.lock();
            try {
                slots.update(sandbox);
            } finally {
                sandbox.egressLock.unlock();
            }
            told++;
        }
        return told;
    }

    /// Counts for the health report.
    public Map<String, Integer> counts() {
        Map<String, Integer> counts = new LinkedHashMap<>();
        counts.put("sandboxes", live.size());
        counts.put("warm", pool.available());
        counts.put("waiting", creation.waiting());
        return counts;
    }

    /// Adds what monitoring wants to know about sandboxes.
    public void measured(ServerMetrics metrics) {
        SandboxGauges.add(metrics, table, settings.sandboxesMax(), pool, creation, slots);
    }

    /// True when new sandboxes can be created.
    public boolean ready() {
        return slots.ready();
    }

    /// The proxy was replaced by a new process that serves nothing: gives every slot to it again.
    public void egressRestarted() {
        List<Thread> reopening = new ArrayList<>();
        for (LiveSandbox sandbox : live.values()) {
            if (sandbox.endReason().isPresent()) continue;
            reopening.add(Thread.ofVirtual().name("reopen-" + sandbox.id()).start(() -> slots.reopen(sandbox)));
        }
        joinAll(reopening, Duration.ofSeconds(KILL_WAIT_SECONDS_MAX));
    }

    private SandboxRow row(String owner, String id) {
        return table.find(id)
                .filter(row -> row.owner().equals(owner))
                .orElseThrow(() -> new PlatformFailure.NotFound("sandbox_not_found", "there is no sandbox " + printable(id)));
    }

    private static String printable(String id) {
        return id.matches("[a-zA-Z0-9_-]{1,64}") ? id : "of this id";
    }

    private static void joinAll(List<Thread> threads, Duration each) {
        try {
            for (Thread thread : threads) thread.join(each);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Stops timers and warm pool and kills all sandboxes, unless they are to be kept for the next start.
    @Override
    public void close() {
        creation.refuse();
        reaper.close();
        pool.close();
        if (settings.keepOnClose()) return;
        List<Thread> kills = new ArrayList<>();
        for (LiveSandbox sandbox : live.values()) {
            kills.add(Thread.ofVirtual().name("teardown-" + sandbox.id()).start(() -> {
                for (int attempt = 0; attempt < CLOSE_ATTEMPTS_MAX; attempt++) {
                    end.abandon(sandbox, "server_stopped");
                    if (gone(sandbox, 1)) return;
                }
            }));
        }
        joinAll(kills, Duration.ofSeconds(2L * CLOSE_ATTEMPTS_MAX));
    }

    /// States that a list shows when nothing else is asked for.
    static EnumSet<SandboxState> visibleStates() {
        return EnumSet.complementOf(EnumSet.of(SandboxState.KILLED, SandboxState.KILLING));
    }
}
