package dev.declaw.server.template;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.template.Template;
import dev.declaw.runtime.template.WarmUp;
import dev.declaw.server.lifecycle.TemplateSource;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One build, from its plan to the saved machine. The steps run in one machine, whose disk is saved after each; the template
/// is saved in another one that boots the last disk: nothing of what the steps left running or in memory is part of it.
/// Used by one thread.
final class BuildRun {
    private static final Duration READY_DEADLINE = Duration.ofMinutes(5);
    private static final Duration READY_TRY = Duration.ofSeconds(20);
    private static final Duration WARM_UP_DEADLINE = Duration.ofMinutes(2);
    private static final int READY_POLL_MILLIS = 1000;
    private static final int START_MILLIS = 2000;
    private static final int LAYERS_MAX = 30;
    private static final int TAIL_LINES = 20;
    private static final String SANDBOX_USER = "user";

    private final Parts parts;
    private final Progress progress;
    private final String owner;
    private final String buildId;
    private final BuildRequest request;
    private final Base base;
    private final BuildPlan.Result plan;
    private final Optional<BuildContexts.Held> context;
    private final long end;
    private final Template shape;

    /// What builds are made with.
    ///
    /// @param timeout of a whole build
    record Parts(
            dev.declaw.server.lifecycle.Sandboxes sandboxes,
            LayerCache cache,
            BuildEgress egress,
            dev.declaw.server.auth.RandomTokens tokens,
            java.time.InstantSource clock,
            Duration timeout) {}

    /// What the build tells while it runs.
    interface Progress {
        BuildLog log();

        /// @param number from 1; 0 for what is before the first
        void step(int number, int of);

        /// The machine that it works in now; empty when there is none.
        void machine(Optional<String> sandboxId);

        boolean canceled();
    }

    /// What is built on.
    ///
    /// @param key digest of what it consists of
    record Base(Template template, ImageConfig config, String key) {}

    /// What came out.
    ///
    /// @param digest over everything that it was built from
    record Result(String artifact, String digest, ImageConfig config, Template shape) {}

    BuildRun(
            Parts parts,
            Progress progress,
            String owner,
            String buildId,
            BuildRequest request,
            Base base,
            BuildPlan.Result plan,
            Optional<BuildContexts.Held> context) {
        this.parts = parts;
        this.progress = progress;
        this.owner = owner;
        this.buildId = buildId;
        this.request = request;
        this.base = base;
        this.plan = plan;
        this.context = context;
        this.end = System.nanoTime() + parts.timeout().toNanos();
        Template from = base.template();
        this.shape = from.sized(
                request.vcpus().orElse(from.vcpus()),
                request.memoryMib().orElse(from.memoryMib()),
                Math.max(request.diskMib().orElse(0), from.diskMib()));
    }

    /// @throws BuildException when a step fails, with its output
    Result run() throws BuildException, IOException, InterruptedException {
        try {
            return build();
        } catch (PlatformFailure.Gone | PlatformFailure.GuestUnreachable ended) {
            check(); // its time was over, or somebody canceled it
            throw ended;
        }
    }

    private Result build() throws BuildException, IOException, InterruptedException {
        if (request.diskMib().isPresent() && request.diskMib().get() < shape.diskMib()) {
            progress.log().add("disk_mb: the base has " + shape.diskMib() + " MiB, and a disk does not shrink");
        }
        List<String> keys = keys();
        String last = steps(keys);
        Template disk = last.isEmpty() ? shape : Template.saved(shape.name(), base.key(), last,
                shape.vcpus(), shape.memoryMib(), shape.diskMib());
        String digest = Keys.of(keys.isEmpty() ? base.key() : keys.getLast(), plan.config().json(),
                shape.vcpus() + " " + shape.memoryMib() + " " + shape.diskMib());
        return new Result(finish(disk), digest, plan.config(), shape);
    }

    /// What the disk after each step depends on.
    private List<String> keys() throws BuildException, IOException {
        List<String> keys = new ArrayList<>();
        String key = Keys.of("layer-1", owner, base.key(), Integer.toString(shape.diskMib()));
        for (int i = 0; i < plan.steps().size(); i++) {
            Step step = plan.steps().get(i);
            String content = "";
            if (step.action() instanceof Step.Copy copy) {
                progress.step(i + 1, plan.steps().size());
                content = archive(copy, step).select().digest();
            }
            key = Keys.of(key, step.action().key(), step.config().user(), step.config().workdir(),
                    new java.util.TreeMap<>(Builder.variables(step)).toString(), content);
            keys.add(key);
        }
        return keys;
    }

    private ContextArchive archive(Step.Copy copy, Step step) throws BuildException {
        return new ContextArchive(
                context.orElseThrow(() -> new BuildException(
                                "context_missing",
                                step.where() + " needs a build context: POST /templates/build-contexts takes it, context_id names it"))
                        .archive(),
                copy);
    }

    /// Runs the steps behind the last cached one.
    ///
    /// @return id of the last disk; empty text when there was no step
    private String steps(List<String> keys) throws BuildException, IOException, InterruptedException {
        int done = keys.size();
        String disk = "";
        while (done > 0 && disk.isEmpty()) {
            disk = request.cached() ? parts.cache().find(owner, keys.get(done - 1)).orElse("") : "";
            if (disk.isEmpty()) done--;
        }
        for (int i = 0; i < done; i++) announce(i, " (cached)");
        if (done == keys.size()) return disk;
        Template from = disk.isEmpty() ? shape : Template.saved(shape.name(), base.key(), disk,
                shape.vcpus(), shape.memoryMib(), shape.diskMib());
        try (Builder machine = start(from, new HashMap<>(parts.egress().variables()))) {
            for (int i = done; i < keys.size(); i++) {
                Step step = plan.steps().get(i);
                announce(i, "");
                act(machine, step, i + 1);
                if (!kept(i, keys.size())) continue;
                disk = parts.tokens().resourceId("bldlayer");
                machine.saveDisk(disk);
                parts.cache().put(owner, keys.get(i), disk);
            }
        } finally {
            progress.machine(Optional.empty());
        }
        return disk;
    }

    /// Whether the disk after a step is kept: a disk may lie on so many layers only, so of many steps only some are.
    private static boolean kept(int index, int steps) {
        int every = (steps + LAYERS_MAX - 1) / LAYERS_MAX;
        return (index + 1) % every == 0 || index == steps - 1;
    }

    private void announce(int index, String how) {
        progress.step(index + 1, plan.steps().size());
        progress.log().add("step " + (index + 1) + "/" + plan.steps().size() + ": " + plan.steps().get(index).text() + how);
    }

    private Builder start(Template from, Map<String, String> variables) throws BuildException {
        check();
        Builder machine = Builder.start(
                parts.sandboxes(), owner, buildId, new TemplateSource.Start("build", from, Map.of()), parts.egress(), variables, left());
        progress.machine(Optional.of(machine.id()));
        try {
            if (shape.diskMib() > base.template().diskMib()) machine.housekeep("resize2fs /dev/vda 2>&1", Map.of());
            check();
        } catch (RuntimeException | BuildException e) {
            machine.close();
            throw e;
        }
        return machine;
    }

    private void check() throws BuildException {
        if (progress.canceled()) throw new BuildException("build_canceled", "the build was canceled");
        if (left().isZero()) {
            throw new BuildException(
                    "build_timeout", "the build took longer than " + parts.timeout().toSeconds()
                            + " s, the limit of this server (DECLAW_BUILD_TIMEOUT_SECONDS)");
        }
    }

    private Duration left() {
        return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    }

    private void act(Builder machine, Step step, int number) throws BuildException, IOException {
        check();
        Tail tail = new Tail(progress.log());
        Builder.Ended ended =
                switch (step.action()) {
                    case Step.Run run -> machine.run(
                            run.command(), step.config().user(), Optional.of(step.config().directory().orElse("/")),
                            Builder.variables(step), left(), tail::add);
                    case Step.Directory directory -> machine.run(
                            "mkdir -p -- " + Words.quoted(directory.path()), "root", Optional.of("/"), Map.of(), left(), tail::add);
                    case Step.Copy copy -> copy(machine, copy, step, tail);
                };
        check();
        if (ended.succeeded()) return;
        throw new BuildException(
                "step_failed",
                "step " + number + " (" + step.where() + ") ended with exit code " + ended.exitCode() + tail.text());
    }

    private Builder.Ended copy(Builder machine, Step.Copy copy, Step step, Tail tail) throws BuildException, IOException {
        ContextArchive archive = archive(copy, step);
        Optional<String> single = archive.select().single();
        String target = copy.target();
        boolean directory = target.endsWith("/")
                || single.isEmpty()
                || machine.run("test -d " + Words.quoted(target), "root", Optional.of("/"), Map.of(), left(), _ -> {}).succeeded();
        List<Long> owner = owner(machine, copy, tail);
        String made = directory ? target : target.substring(0, target.lastIndexOf('/') + 1);
        String make = "mkdir -p -- " + Words.quoted(made);
        if (directory && copy.owner().isPresent()) {
            make = "test -d " + Words.quoted(made) + " || { " + make + " && chown " + owner.get(0) + ":" + owner.get(1) + " -- "
                    + Words.quoted(made) + "; }";
        }
        Builder.Ended prepared = machine.run(make, "root", Optional.of("/"), Map.of(), left(), tail::add);
        if (!prepared.succeeded()) return prepared;
        return machine.unpack(
                out -> archive.write(out, target, !directory, owner.get(0), owner.get(1), parts.clock().instant()), left(), tail::add);
    }

    /// Numbers of the owner and group that a COPY names; the guest knows their names.
    private List<Long> owner(Builder machine, Step.Copy copy, Tail tail) throws BuildException {
        if (copy.owner().isEmpty()) return List.of(0L, 0L);
        String[] names = copy.owner().get().split(":", 2);
        long user = number(machine, names[0], "passwd", 3, tail);
        long group = names.length > 1 ? number(machine, names[1], "group", 3, tail)
                : names[0].matches("[0-9]+") ? user : number(machine, names[0], "passwd", 4, tail);
        return List.of(user, group);
    }

    private long number(Builder machine, String name, String database, int field, Tail tail) throws BuildException {
        if (name.matches("[0-9]{1,6}")) return Long.parseLong(name);
        StringBuilder found = new StringBuilder();
        machine.run("getent " + database + " " + Words.quoted(name) + " | cut -d: -f" + field, "root", Optional.of("/"), Map.of(), left(),
                line -> found.append(line.strip()));
        if (!found.toString().matches("[0-9]{1,6}")) {
            throw new BuildException("copy_owner_unknown", "--chown: the template has no " + (database.equals("passwd") ? "user " : "group ") + name);
        }
        return Long.parseLong(found.toString());
    }

    /// Boots the finished disk, starts what is to run in every sandbox, and saves the machine.
    private String finish(Template disk) throws BuildException, InterruptedException {
        progress.step(plan.steps().size(), plan.steps().size());
        BuildLog log = progress.log();
        log.step(0);
        log.add("booting the template");
        ImageConfig config = plan.config();
        String artifact = parts.tokens().resourceId("template");
        try (Builder machine = start(disk, config.env())) {
            if (!config.start().isEmpty()) awaitStart(machine, config);
            machine.run(WarmUp.SCRIPT, SANDBOX_USER, Optional.empty(), Map.of(), WARM_UP_DEADLINE, _ -> {});
            check();
            log.add("saving the template");
            machine.saveMachine(artifact);
        } finally {
            progress.machine(Optional.empty());
        }
        return artifact;
    }

    private void awaitStart(Builder machine, ImageConfig config) throws BuildException, InterruptedException {
        BuildLog log = progress.log();
        log.add("start: " + config.start());
        Tail tail = new Tail(log);
        Builder.Started started =
                machine.launch(config.start(), config.user(), config.directory(), config.env(), tail::add);
        long began = System.nanoTime();
        while (true) {
            check();
            if (started.ended().isPresent() && !started.ended().get().succeeded()) {
                throw new BuildException(
                        "start_failed", "the start command ended with exit code " + started.ended().get().exitCode() + tail.text());
            }
            long waited = (System.nanoTime() - began) / 1_000_000;
            if (config.ready().isEmpty()) {
                if (waited >= START_MILLIS || started.ended().isPresent()) return;
                Thread.sleep(START_MILLIS / 10);
                continue;
            }
            Tail answer = new Tail(null);
            if (machine.run(config.ready(), config.user(), config.directory(), config.env(), READY_TRY, answer::add).succeeded()) {
                log.add("ready after " + (System.nanoTime() - began) / 1_000_000 + " ms");
                return;
            }
            if (waited > READY_DEADLINE.toMillis()) {
                throw new BuildException(
                        "not_ready", "ready_cmd did not succeed within " + READY_DEADLINE.toSeconds() + " s; it said last:" + answer.text());
            }
            Thread.sleep(READY_POLL_MILLIS);
        }
    }

    /// Passes lines on to the log and remembers the last ones.
    private static final class Tail {
        private final java.util.ArrayDeque<String> lines = new java.util.ArrayDeque<>();
        private final BuildLog log;

        Tail(BuildLog log) {
            this.log = log;
        }

        synchronized void add(String line) {
            lines.addLast(line);
            if (lines.size() > TAIL_LINES) lines.removeFirst();
            if (log != null) log.add(line);
        }

        synchronized String text() {
            return lines.isEmpty() ? " and said nothing" : ":\n" + String.join("\n", lines);
        }
    }
}
