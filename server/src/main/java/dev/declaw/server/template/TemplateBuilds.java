package dev.declaw.server.template;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.MicroVmHost;
import dev.declaw.server.audit.AdminEvents;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.RandomTokens;
import dev.declaw.server.lifecycle.Sandboxes;
import dev.declaw.server.store.BuildRow;
import dev.declaw.server.store.BuildTable;
import dev.declaw.server.store.TemplateRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Builds of templates: a line per tenant, one for the server, and what came of each. Thread-safe; a virtual thread per build.
public final class TemplateBuilds implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TemplateBuilds.class);
    /// Names that stand for something else in the paths of the API.
    private static final Set<String> PATHS = Set.of("build", "builds", "build-contexts");

    private static final int TENANT_WAITING_MAX = 16;
    private static final int TENANT_BUILDS_KEPT_MAX = 100;
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(45);
    private static final int LOOK_MILLIS = 500;

    private final Parts parts;
    private final Settings settings;
    private final LayerCache cache;
    private final Semaphore all;
    private final Map<String, Semaphore> ofTenant = new ConcurrentHashMap<>();
    private final Map<String, RunningBuild> running = new ConcurrentHashMap<>();
    private final Map<String, ReentrantLock> builtIns = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /// The parts that builds are made of and recorded in.
    ///
    /// @param logs directory of the logs, which holds nothing else
    public record Parts(
            Sandboxes sandboxes,
            MicroVmHost host,
            Templates templates,
            BuildTable table,
            BuildContexts contexts,
            BuildEgress egress,
            RandomTokens tokens,
            InstantSource clock,
            AdminEvents admin,
            Path logs) {}

    /// What the operator decides about builds.
    ///
    /// @param buildsMax that work at the same time
    /// @param tenantBuildsMax of one tenant that work at the same time; further ones wait
    /// @param timeout of one build, its waiting not counted
    public record Settings(int buildsMax, int tenantBuildsMax, Duration timeout) {}

    public TemplateBuilds(Parts parts, Settings settings) {
        this.parts = parts;
        this.settings = settings;
        this.cache = new LayerCache(parts.table(), parts.host(), parts.clock());
        this.all = new Semaphore(settings.buildsMax(), true);
        parts.templates().onMissing(name -> Optional.of(submitBuiltIn(name).row().id()));
    }

    /// Ends what an earlier process left half done. Called once, when sandboxes are ready and before the first request.
    public void start() {
        parts.contexts().sweep();
        for (BuildRow row : parts.table().unfinished()) {
            row.sandboxId().ifPresent(id -> end(row.owner(), id));
            parts.table().put(new BuildRow(
                    row.id(), row.owner(), row.alias(), BuildRow.FAILED, Optional.empty(), Optional.empty(), row.step(), row.steps(),
                    Optional.of(new BuildRow.Failure("server_restarted", "the server was restarted while the build was under way; build it again", row.step())),
                    row.created(), Optional.of(parts.clock().instant())));
        }
    }

    private void end(String owner, String sandboxId) {
        try {
            parts.sandboxes().kill(owner, sandboxId);
        } catch (PlatformFailure gone) {
            LOG.debug("the machine {} of an interrupted build is gone already", sandboxId);
        }
    }

    /// Takes a build in; it begins when there is room.
    ///
    /// @throws PlatformFailure.InvalidRequest when it cannot be done as it is written, with the line
    /// @throws PlatformFailure.QuotaExceeded when too many wait
    public TemplateBuild submit(Caller caller, BuildRequest request) {
        String owner = caller.owner();
        if (closed) throw new PlatformFailure.NoCapacity("shutting_down", "this server is stopping");
        BuildPlan.From from;
        try {
            from = check(owner, request);
        } catch (BuildException e) {
            throw new PlatformFailure.InvalidRequest(e.code(), e.getMessage());
        }
        parts.templates().admit(owner);
        long waiting = running.values().stream().filter(build -> build.row().owner().equals(owner)).count();
        if (waiting >= TENANT_WAITING_MAX) {
            throw new PlatformFailure.QuotaExceeded("too_many_builds", waiting + " builds are waiting or under way; wait for one to end", 30);
        }
        Optional<BuildContexts.Held> context = request.contextId().map(id -> parts.contexts().hold(owner, id));
        try {
            parts.admin().record(caller, "template_build_requested", facts -> facts.text("name", request.alias().orElse("")));
            RunningBuild build = begin(owner, request.alias());
            Thread.ofVirtual().name(build.row().id()).start(() -> {
                try (AutoCloseable _ = () -> context.ifPresent(BuildContexts.Held::close)) {
                    inLine(build, () -> execute(build, request, from, context, ""));
                } catch (Exception e) {
                    LOG.error("the build {} ended badly", build.row().id(), e);
                }
            });
            return view(build);
        } catch (RuntimeException e) {
            context.ifPresent(BuildContexts.Held::close);
            throw e;
        }
    }

    /// What can be known without building.
    private BuildPlan.From check(String owner, BuildRequest request) throws BuildException {
        if (request.alias().filter(name -> BaseImages.BUILT_IN.contains(name) || PATHS.contains(name)).isPresent()) {
            throw new BuildException("alias_reserved", "alias: this name belongs to a template of the platform; choose another");
        }
        BuildPlan.From from = request.dockerfile().isPresent()
                ? BuildPlan.from(Dockerfile.parse(request.dockerfile().get()), request.args())
                : new BuildPlan.From(0, request.baseImage());
        BaseImages.Meaning meaning = BaseImages.of(from);
        BuildPlan.of(request, ImageConfig.NONE);
        if (!meaning.builtIn() && parts.templates().find(owner, meaning.name()).isEmpty()) {
            throw BaseImages.unknown(from, "there is no template of yours of this name, and images are not fetched; use declaw/NAME:latest "
                    + "with NAME one of " + String.join(", ", BaseImages.BUILT_IN));
        }
        return from;
    }

    private RunningBuild begin(String owner, Optional<String> alias) {
        String id = parts.tokens().resourceId("bld");
        try {
            RunningBuild build = new RunningBuild(parts.table(), new BuildLog(log(id), parts.clock()), new BuildRow(
                    id, owner, alias, BuildRow.QUEUED, Optional.empty(), Optional.empty(), 0, 0, Optional.empty(),
                    parts.clock().instant(), Optional.empty()));
            running.put(id, build);
            forgetOld(owner);
            return build;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path log(String id) {
        return parts.logs().resolve(id + ".log");
    }

    private void forgetOld(String owner) {
        parts.table().of(owner).stream().filter(BuildRow::ended).skip(TENANT_BUILDS_KEPT_MAX).forEach(row -> {
            parts.table().delete(row.id());
            try {
                Files.deleteIfExists(log(row.id()));
            } catch (IOException e) {
                LOG.warn("the log of {} could not be removed", row.id(), e);
            }
        });
    }

    private interface Work {
        TemplateRow run() throws BuildException, IOException, InterruptedException;
    }

    /// Waits for room, works, and records the end, whatever it is.
    private void inLine(RunningBuild build, Work work) {
        String owner = build.row().owner();
        Semaphore own = ofTenant.computeIfAbsent(owner, _ -> new Semaphore(settings.tenantBuildsMax(), true));
        try {
            await(build, own);
            try {
                await(build, all);
                try {
                    conclude(build, work);
                } finally {
                    all.release();
                }
            } finally {
                own.release();
            }
        } catch (BuildException e) {
            ended(build, () -> build.failed(e.code(), e.getMessage(), 0, parts.clock().instant()));
        } catch (InterruptedException e) {
            ended(build, () -> build.failed("server_stopped", "the server was stopped", 0, parts.clock().instant()));
        }
    }

    private static void await(RunningBuild build, Semaphore room) throws BuildException, InterruptedException {
        while (!room.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
            if (build.canceled()) throw new BuildException("build_canceled", "the build was canceled");
        }
    }

    private Optional<TemplateRow> conclude(RunningBuild build, Work work) {
        try {
            if (build.canceled()) throw new BuildException("build_canceled", "the build was canceled");
            build.building();
            TemplateRow made = work.run();
            ended(build, () -> build.completed(made.id(), parts.clock().instant()));
            return Optional.of(made);
        } catch (BuildException e) {
            fail(build, e.code(), e.getMessage());
        } catch (PlatformFailure e) {
            if (build.canceled()) fail(build, "build_canceled", "the build was canceled");
            else fail(build, e.code(), e.getMessage());
        } catch (InterruptedException e) {
            fail(build, "server_stopped", "the server was stopped");
        } catch (IOException | RuntimeException e) {
            LOG.error("the build {} failed", build.row().id(), e);
            fail(build, "internal", "the build failed for a reason within this server; its log tells it");
        }
        return Optional.empty();
    }

    private void fail(RunningBuild build, String code, String message) {
        message.lines().limit(1).forEach(line -> build.log().add("failed: " + line));
        ended(build, () -> build.failed(code, message, build.row().step(), parts.clock().instant()));
    }

    private void ended(RunningBuild build, Runnable record) {
        try {
            record.run();
        } finally {
            build.log().close();
            running.remove(build.row().id());
            build.done().countDown();
        }
    }

    private TemplateRow execute(
            RunningBuild build, BuildRequest request, BuildPlan.From from, Optional<BuildContexts.Held> context, String definition)
            throws BuildException, IOException, InterruptedException {
        String owner = build.row().owner();
        BuildRun.Base base = base(owner, from, build);
        BuildPlan.Result plan = BuildPlan.of(request, base.config());
        build.step(0, plan.steps().size());
        BuildRun.Result made = new BuildRun(
                        new BuildRun.Parts(parts.sandboxes(), cache, parts.egress(), parts.tokens(), parts.clock(), settings.timeout()),
                        build, owner, build.row().id(), request, base, plan, context)
                .run();
        TemplateRow row = parts.templates().add(new TemplateRow(
                parts.tokens().resourceId("tpl"), owner, build.row().alias(), 0, made.digest(),
                definition.isEmpty() ? "" : Keys.of(definition, base.key()), made.artifact(), made.config().json(),
                made.shape().vcpus(), made.shape().memoryMib(), made.shape().diskMib(), parts.clock().instant()));
        build.log().add("built " + row.id() + row.alias().map(alias -> ", version " + row.version() + " of " + alias).orElse(""));
        return row;
    }

    private BuildRun.Base base(String owner, BuildPlan.From from, RunningBuild build)
            throws BuildException, IOException, InterruptedException {
        BaseImages.Meaning meaning = BaseImages.of(from);
        meaning.note().ifPresent(build.log()::add);
        if (meaning.name().equals("base") && meaning.builtIn()) {
            var template = parts.templates().base().orElseThrow(() -> new BuildException(
                    "template_not_ready", "the template 'base' is not built on this server yet; its operator builds it with: templates prepare"));
            return new BuildRun.Base(template, ImageConfig.NONE, template.digest());
        }
        TemplateRow row = meaning.builtIn()
                ? builtIn(meaning.name(), build)
                : parts.templates().find(owner, meaning.name()).orElseThrow(() -> BaseImages.unknown(from, "it was deleted meanwhile"));
        return new BuildRun.Base(Templates.machine(row), ImageConfig.parse(row.config()), row.digest());
    }

    /// A built-in template as it is defined now, built within another build when it is not there.
    private TemplateRow builtIn(String name, RunningBuild forWhom) throws BuildException, IOException, InterruptedException {
        ReentrantLock lock = builtIns.computeIfAbsent(name, _ -> new ReentrantLock());
        while (!lock.tryLock(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
            if (forWhom.canceled()) throw new BuildException("build_canceled", "the build was canceled");
        }
        try {
            Optional<TemplateRow> there = BuiltInTemplates.current(parts.templates(), name);
            if (there.isPresent()) return there.get();
            RunningBuild build = begin(BuiltInTemplates.OWNER, Optional.of(name));
            forWhom.log().add("building the template '" + name + "' first, as " + build.row().id());
            return conclude(build, () -> executeBuiltIn(build, name)).orElseThrow(() -> new BuildException(
                    "base_failed", "the template '" + name + "' could not be built: " + build.row().error().map(BuildRow.Failure::message).orElse("")));
        } finally {
            lock.unlock();
        }
    }

    private TemplateRow executeBuiltIn(RunningBuild build, String name) throws BuildException, IOException, InterruptedException {
        BuildRequest request = BuiltInTemplates.request(name);
        BuildPlan.From from = BuildPlan.from(Dockerfile.parse(request.dockerfile().orElseThrow()), Map.of());
        return execute(build, request, from, Optional.empty(), BuiltInTemplates.definition(name));
    }

    /// Begins to build a template of the product, unless that is under way.
    ///
    /// @throws PlatformFailure.NotFound when there is none of this name
    public TemplateBuild buildBuiltIn(String name) {
        if (!BaseImages.BUILT_IN.contains(name) || name.equals("base")) {
            throw new PlatformFailure.NotFound("template_not_found", "there is no built-in template of this name to build");
        }
        return view(submitBuiltIn(name));
    }

    private synchronized RunningBuild submitBuiltIn(String name) {
        for (RunningBuild build : running.values()) {
            if (build.row().owner().equals(BuiltInTemplates.OWNER) && build.row().alias().equals(Optional.of(name))) return build;
        }
        if (closed) throw new PlatformFailure.NoCapacity("shutting_down", "this server is stopping");
        RunningBuild build = begin(BuiltInTemplates.OWNER, Optional.of(name));
        Thread.ofVirtual().name(build.row().id()).start(() -> inLine(build, () -> {
            ReentrantLock lock = builtIns.computeIfAbsent(name, _ -> new ReentrantLock());
            lock.lockInterruptibly();
            try {
                Optional<TemplateRow> there = BuiltInTemplates.current(parts.templates(), name);
                if (there.isPresent()) return there.get();
                return executeBuiltIn(build, name);
            } finally {
                lock.unlock();
            }
        }));
        return build;
    }

    private TemplateBuild view(RunningBuild build) {
        return TemplateBuild.of(build.row(), build.log().lines().stream().map(BuildLog.Line::line).toList());
    }

    /// @throws PlatformFailure.NotFound when the caller may see no such build
    public TemplateBuild get(String owner, String id) {
        RunningBuild now = running.get(id);
        if (now != null && visible(now.row(), owner)) return view(now);
        BuildRow row = row(owner, id);
        return TemplateBuild.of(row, BuildLog.read(log(id)).stream().map(BuildLog.Line::line).toList());
    }

    /// Newest first, without their lines.
    public List<TemplateBuild> list(String owner) {
        return parts.table().of(owner).stream().map(row -> TemplateBuild.of(row, List.of())).toList();
    }

    private BuildRow row(String owner, String id) {
        return parts.table().find(id)
                .filter(row -> visible(row, owner))
                .orElseThrow(() -> new PlatformFailure.NotFound("build_not_found", "there is no build of this id"));
    }

    /// Everybody may look at the builds of the product's templates.
    private static boolean visible(BuildRow row, String owner) {
        return row.owner().equals(owner) || row.owner().equals(BuiltInTemplates.OWNER);
    }

    /// Waits for the end of a build, for this long at most.
    public TemplateBuild await(String owner, String id, Duration longest) {
        RunningBuild now = running.get(id);
        if (now != null) {
            try {
                now.done().await(longest.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return get(owner, id);
    }

    /// A line of a log.
    ///
    /// @param seq counts from 1 without a gap
    /// @param step that it belongs to; 0 for none
    public record LogLine(long seq, String time, int step, String line) {}

    /// Lines behind a number; waits for some while the build goes on.
    public List<LogLine> logs(String owner, String id, long after, Duration longest) {
        RunningBuild now = running.get(id);
        if (now == null) row(owner, id);
        else if (!visible(now.row(), owner)) throw new PlatformFailure.NotFound("build_not_found", "there is no build of this id");
        List<BuildLog.Line> lines = now != null ? now.log().after(after, longest.toMillis()) : BuildLog.read(log(id));
        return lines.stream()
                .filter(line -> line.seq() > after)
                .map(line -> new LogLine(line.seq(), line.time(), line.step(), line.line()))
                .toList();
    }

    /// Removes a template of the caller's: all versions of an alias, or the one of an id. What was made of it lives on.
    ///
    /// @throws PlatformFailure.PermissionDenied when it belongs to the platform
    public void deleteTemplate(Caller caller, String name) {
        parts.templates().delete(
                caller.owner(), name, () -> parts.admin().record(caller, "template_deleted", facts -> facts.text("name", name)));
    }

    /// Ends a build that waits or is under way. Does nothing to one that has ended.
    ///
    /// @throws PlatformFailure.PermissionDenied for a build of the platform
    public TemplateBuild cancel(String owner, String id) {
        TemplateBuild found = get(owner, id);
        RunningBuild now = running.get(id);
        String of = now == null ? row(owner, id).owner() : now.row().owner();
        if (!of.equals(owner)) {
            throw new PlatformFailure.PermissionDenied("template_built_in", "this build belongs to the platform");
        }
        if (now == null) return found;
        now.cancel().ifPresent(machine -> end(owner, machine));
        return await(owner, id, Duration.ofSeconds(30));
    }

    /// Ends all builds.
    @Override
    public void close() {
        closed = true;
        List<RunningBuild> left = List.copyOf(running.values());
        left.forEach(build -> build.cancel().ifPresent(machine -> end(build.row().owner(), machine)));
        long end = System.nanoTime() + CLOSE_DEADLINE.toNanos();
        try {
            for (RunningBuild build : left) build.done().await(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
