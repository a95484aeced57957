package dev.declaw.server.lifecycle;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.runtime.MicroVm;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.server.custom.ExecGateLink;
import dev.declaw.server.store.SandboxRow;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// One sandbox that holds resources of this server: from the moment its creation starts until nothing of it is left.
/// Thread-safe. Its creator owns it until [#finishCreating]; after that whoever gets [#takeTeardown] may release it.
public final class LiveSandbox {
    /// Commands, streams and transfers that one sandbox may have under way.
    private static final int CALLS_MAX = 256;

    /// Measurements that are kept: an hour of them at one in ten seconds.
    private static final int SAMPLES_MAX = 360;

    private static final int PAUSE_TRIES_MAX = 5;

    private volatile SandboxRow row;
    private volatile SecurityPolicy policy;
    private final Map<String, String> environment;
    private final Map<String, String> sensitive;
    private final SandboxAudit audit;
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    private final Semaphore calls = new Semaphore(CALLS_MAX);
    private final AtomicLong uses = new AtomicLong();
    private final Lifecycle lifecycle;
    private long usesSeen;
    private Instant idleSince;

    /// Held while sockets, CA and guest are brought in line, so that a create and a restart of the proxy do not interleave.
    final ReentrantLock egressLock = new ReentrantLock();

    private volatile CompletableFuture<Void> identified = CompletableFuture.completedFuture(null);
    private volatile MicroVm vm;
    private volatile Optional<Instant> deadline;
    private volatile boolean leaving;
    private volatile boolean connected;
    private volatile boolean egressOpen;
    private volatile Optional<ExecGateLink> execGate = Optional.empty();
    private volatile List<String> gateWarnings = List.of();
    private volatile Optional<String> endReason = Optional.empty();
    private volatile Instant retryAfter = Instant.MIN;
    private volatile Optional<Usage> lastUsage = Optional.empty();
    private final Deque<Usage> samples = new ArrayDeque<>();
    private boolean creating = true;
    private boolean killRequested;
    private boolean tearing;
    private int pauseTries;

    /// @param at when it was measured
    /// @param cpuPercent load since the measurement before, 100 for one whole processor
    /// @param receivedBytes what the sandbox has received since this run began, calls of this server included
    /// @param sentBytes what it has sent
    public record Usage(
            Instant at,
            double cpuSeconds,
            double cpuPercent,
            long memoryMib,
            long diskMib,
            long receivedBytes,
            long sentBytes) {}

    LiveSandbox(SandboxRow row, SecurityPolicy policy, SandboxAudit audit) {
        this.row = Objects.requireNonNull(row);
        this.policy = Objects.requireNonNull(policy);
        this.sensitive = StoredJson.readMap(row.sensitiveEnvs());
        Map<String, String> all = StoredJson.readMap(row.envs());
        all.putAll(sensitive);
        this.environment = Map.copyOf(all);
        this.audit = audit;
        this.deadline = row.deadline();
        this.lifecycle = Lifecycle.of(row);
    }

    public String id() {
        return row.id();
    }

    /// The agent inside; only while the sandbox runs. Waits until the guest has its identity.
    ///
    /// @throws PlatformFailure when it could not get it
    public GuestClient guest() {
        try {
            identified.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof PlatformFailure known) throw known;
            throw new PlatformFailure.InternalFailure("the guest could not be given its identity", e.getCause());
        }
        return vm().guest();
    }

    /// The guest gets its identity in the background, until this is complete.
    void identified(CompletableFuture<Void> when) {
        identified = when;
    }

    CompletableFuture<Void> identified() {
        return identified;
    }

    /// Records what is done with the sandbox, unless its policy switched that off.
    ///
    /// @throws dev.declaw.model.audit.AuditUnavailableException when it cannot be recorded: then it must not be done (I6)
    public void record(AuditCategory category, String event, Consumer<AuditEvent.Builder> facts) {
        if (policy.auditEnabled() || category == AuditCategory.LIFECYCLE) audit.record(id(), category, event, facts);
    }

    /// The text as it may be recorded: without the values of secret variables, those of the sandbox and those of one call,
    /// and without personal data, whatever the policy does with it in traffic.
    public String mask(String text, Map<String, String> ofCall) {
        return PersonalData.mask(SecretValues.mask(text, policy.envSecurity(), List.of(environment, ofCall), sensitive.values()));
    }

    /// Takes one of the calls that the sandbox may have under way; the caller releases it by closing the result.
    ///
    /// @throws PlatformFailure.QuotaExceeded when all are taken
    public Call enter() {
        if (!calls.tryAcquire()) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_many_calls", "this sandbox has " + CALLS_MAX + " calls under way; wait for one to end", 1);
        }
        uses.incrementAndGet();
        return calls::release;
    }

    /// What it asked for about its own end.
    Lifecycle lifecycle() {
        return lifecycle;
    }

    /// Since when nobody uses it, as seen by whoever asks again and again; now, when a call is under way or was since the
    /// last time.
    synchronized Instant idleSince(Instant now) {
        long seen = uses.get();
        if (idleSince == null || seen != usesSeen || calls.availablePermits() < CALLS_MAX) idleSince = now;
        usesSeen = seen;
        return idleSince;
    }

    /// One call that is under way.
    public interface Call extends AutoCloseable {
        @Override
        void close();
    }

    /// Saves what is on its disk under this id; what runs goes on.
    public void saveDisk(String artifact) {
        vm().saveDisk(artifact);
    }

    /// Saves the whole machine under this id. It stands still from then on: its end must follow.
    public void saveMachine(String artifact) {
        leaving(true);
        vm().pause(artifact, row.owner());
    }

    SandboxRow row() {
        return row;
    }

    /// Version of the policy in force.
    public int policyVersion() {
        return row.policyVersion();
    }

    /// What it was created with, parsed.
    public SecurityPolicy policy() {
        return policy;
    }

    /// Another policy is in force from now on. Called under [#egressLock].
    void replacePolicy(SandboxRow changed, SecurityPolicy changedPolicy) {
        row = changed;
        policy = changedPolicy;
    }

    Map<String, String> environment() {
        return environment;
    }

    MicroVm vm() {
        MicroVm attached = vm;
        if (attached == null) throw new IllegalStateException("no microVM is attached yet");
        return attached;
    }

    Optional<MicroVm> attachedVm() {
        return Optional.ofNullable(vm);
    }

    void attach(MicroVm booted) {
        vm = booted;
    }

    boolean vmExited() {
        MicroVm attached = vm;
        return attached != null && attached.exited().toCompletableFuture().isDone();
    }

    /// True when its microVM has ended, or is about to.
    public boolean ending() {
        return leaving() || vmExited() || endReason().isPresent();
    }

    Optional<Instant> deadline() {
        return deadline;
    }

    void deadline(Optional<Instant> moved) {
        deadline = moved;
    }

    /// Why it ends; empty while it lives on.
    Optional<String> endReason() {
        return endReason;
    }

    void ends(String reason) {
        endReason = Optional.of(reason);
    }

    /// True from the moment the guest has its identity until the sandbox ends.
    boolean connected() {
        return connected;
    }

    void connected(boolean now) {
        connected = now;
    }

    /// What answers the guest before a program starts; empty where programs start without a question.
    Optional<ExecGateLink> execGate() {
        return execGate;
    }

    /// What the owner should know about the gate.
    List<String> gateWarnings() {
        return gateWarnings;
    }

    void execGate(Optional<ExecGateLink> link, List<String> warnings) {
        execGate = link;
        gateWarnings = List.copyOf(warnings);
    }

    boolean egressOpen() {
        return egressOpen;
    }

    void egressOpen(boolean open) {
        egressOpen = open;
    }

    /// True when nothing was tried in vain a moment ago.
    boolean mayRetry(Instant now) {
        return !now.isBefore(retryAfter);
    }

    void retryAfter(Instant instant) {
        retryAfter = instant;
    }

    /// Completes when nothing of the sandbox is left.
    CompletableFuture<Void> gone() {
        return gone;
    }

    /// The creator lets go. True when somebody asked for a kill in the meantime: the creator must then tear it down.
    synchronized boolean finishCreating() {
        creating = false;
        return killRequested;
    }

    /// Takes the sandbox for a pause, a save or a restore, as its creator had it: whoever gets true ends that with
    /// [#finishCreating]. False when somebody else has it, or it ends.
    synchronized boolean beginTransition() {
        if (creating || tearing || gone.isDone() || endReason.isPresent()) return false;
        creating = true;
        killRequested = false;
        return true;
    }

    /// Counts a try to pause it at its deadline; false after the last.
    synchronized boolean mayTryPause() {
        return ++pauseTries <= PAUSE_TRIES_MAX;
    }

    /// True while its microVM ends on purpose: then that is not the end of the sandbox.
    boolean leaving() {
        return leaving;
    }

    void leaving(boolean now) {
        leaving = now;
    }

    synchronized boolean creating() {
        return creating;
    }

    /// True for the one caller that may tear the sandbox down now. While it is being created, the creator is told instead.
    synchronized boolean takeTeardown() {
        if (creating) {
            killRequested = true;
            return false;
        }
        if (tearing || gone.isDone()) return false;
        tearing = true;
        return true;
    }

    /// Gives the teardown back after it failed, for the sweeper to try again.
    synchronized void releaseTeardown() {
        tearing = false;
    }

    synchronized Usage usage(Instant now) {
        MicroVm.Usage measured = vm().usage();
        Instant since = lastUsage.map(Usage::at).orElse(row.started().orElse(row.created()));
        double before = lastUsage.map(Usage::cpuSeconds).orElse(0.0);
        double seconds = Math.max(0.001, java.time.Duration.between(since, now).toNanos() / 1e9);
        double percent = Math.max(0, (measured.cpuSeconds() - before) / seconds * 100);
        Usage usage = new Usage(now, measured.cpuSeconds(), percent, measured.memoryMib(),
                measured.diskMib(), measured.receivedBytes(), measured.sentBytes());
        lastUsage = Optional.of(usage);
        samples.addLast(usage);
        if (samples.size() > SAMPLES_MAX) samples.removeFirst();
        return usage;
    }

    /// What was measured from `start` to `end`, both inclusive, oldest first.
    synchronized List<Usage> samples(Instant start, Instant end) {
        return samples.stream()
                .filter(sample -> !sample.at().isBefore(start) && !sample.at().isAfter(end))
                .toList();
    }

    /// Whether the last measurement is older than this.
    synchronized boolean sampleDue(Instant before) {
        return lastUsage.map(usage -> usage.at().isBefore(before)).orElse(true);
    }

    @Override
    public String toString() {
        return id();
    }
}
