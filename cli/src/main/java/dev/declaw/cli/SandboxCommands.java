package dev.declaw.cli;

import dev.declaw.sdk.Declaw;
import dev.declaw.sdk.DeclawException;
import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.SandboxInfo;
import dev.declaw.sdk.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Short commands about whole sandboxes.
final class SandboxCommands {
    private SandboxCommands() {}

    /// `declaw ls`
    @Command(name = "ls", aliases = "list", mixinStandardHelpOptions = true, description = "Lists sandboxes, newest first.")
    static final class Ls implements Callable<Integer> {
        @Mixin
        private Ask ask;

        @Option(names = {"-a", "--all"}, description = "Ended ones too.")
        private boolean all;

        @Option(names = "--state", description = "running, paused or killed.")
        private String state;

        @Option(names = {"-m", "--metadata"}, paramLabel = "NAME=VALUE", description = "Only those with this text.")
        private Map<String, String> metadata = new LinkedHashMap<>();

        @Option(names = "--limit", description = "At most this many; default ${DEFAULT-VALUE}.")
        private int limit = 100;

        @Override
        public Integer call() {
            Optional<String> wanted = Optional.ofNullable(all ? "all" : state);
            Declaw.Page page = ask.client().list(wanted, metadata, limit, Optional.empty());
            ask.value(page.sandboxes().stream().map(SandboxInfo::raw).toList());
            if (ask.json()) return 0;
            Table table = new Table("SANDBOX", "STATE", "TEMPLATE", "STARTED", "ENDS", "METADATA");
            for (SandboxInfo info : page.sandboxes()) {
                StringBuilder texts = new StringBuilder();
                info.metadata().forEach((name, value) -> texts.append(texts.isEmpty() ? "" : " ").append(name).append('=').append(value));
                table.row(
                        info.id(), info.state(), info.template(), Times.ago(info.startedAt()), Times.until(info.endAt()), texts);
            }
            table.print(ask.out());
            if (page.total() > page.sandboxes().size()) {
                ask.hint(page.sandboxes().size() + " of " + page.total() + "; --limit shows more");
            }
            return 0;
        }
    }

    /// `declaw info`
    @Command(name = "info", mixinStandardHelpOptions = true, description = "Shows one sandbox.")
    static final class Info implements Callable<Integer> {
        @Mixin
        private Ask ask;

        @Parameters(paramLabel = "SANDBOX")
        private String id;

        @Override
        public Integer call() {
            SandboxInfo info = ask.client().at(id).info();
            ask.value(info.raw());
            ask.say("sandbox    " + info.id());
            ask.say("state      " + info.state() + info.endReason().map(reason -> " (" + reason + ")").orElse(""));
            ask.say("template   " + info.template());
            ask.say("started    " + info.startedAt().orElse("") + "  " + Times.ago(info.startedAt()));
            ask.say("ends       " + info.endAt().orElse("never") + "  " + Times.until(info.endAt()));
            info.metadata().forEach((name, value) -> ask.say("metadata   " + Table.printable(name + "=" + value)));
            JsonObject resources = info.raw().object("resources");
            ask.say("resources  " + resources.number("vcpus") + " vCPU, " + resources.number("memory_mb") + " MiB");
            if (info.raw().has("network")) ask.say("network    " + info.raw().object("network"));
            if (info.raw().has("security")) ask.say("security   " + info.raw().object("security"));
            if (info.running()) {
                List<JsonObject> metrics = ask.client().at(id).metrics();
                if (!metrics.isEmpty()) {
                    JsonObject last = metrics.get(metrics.size() - 1);
                    ask.say(String.format(
                            "uses       %.0f %% CPU, %.0f MiB memory, %.0f MiB disk",
                            last.decimal("cpu_usage_percent"), last.decimal("memory_usage_mb"), last.decimal("disk_usage_mb")));
                }
            }
            return 0;
        }
    }

    /// `declaw pause`
    @Command(name = "pause", mixinStandardHelpOptions = true, description = "Saves memory and disk and stops the sandbox.")
    static final class Pause implements Callable<Integer> {
        @Mixin
        private Ask ask;

        @Parameters(paramLabel = "SANDBOX", arity = "1..*")
        private List<String> ids;

        @Override
        public Integer call() {
            for (String id : ids) {
                Progress.during(ask, "pausing " + id, () -> ask.client().at(id).pause());
                ask.say(id + " paused");
            }
            return 0;
        }
    }

    /// `declaw resume`
    @Command(name = "resume", mixinStandardHelpOptions = true, description = "Goes on with a paused sandbox.")
    static final class Resume implements Callable<Integer> {
        @Mixin
        private Ask ask;

        @Parameters(paramLabel = "SANDBOX", arity = "1..*")
        private List<String> ids;

        @Override
        public Integer call() {
            for (String id : ids) {
                Progress.during(ask, "resuming " + id, () -> ask.client().at(id).resume());
                ask.say(id + " running");
            }
            return 0;
        }
    }

    /// `declaw fork`
    @Command(name = "fork", mixinStandardHelpOptions = true, description = "Makes copies of a running sandbox and prints their ids.")
    static final class Fork implements Callable<Integer> {
        @Mixin
        private Ask ask;

        @Parameters(index = "0", paramLabel = "SANDBOX")
        private String id;

        @Option(names = {"-n", "--count"}, description = "How many; default ${DEFAULT-VALUE}.")
        private int count = 1;

        @Option(names = "--snapshot", description = "As it was at this snapshot; default: as it is now.")
        private String snapshot;

        @Override
        public Integer call() {
            Sandbox origin = ask.client().at(id);
            List<Sandbox> forks = Progress.during(
                    ask, "forking " + id, () -> snapshot == null ? origin.fork(count) : origin.fork(count, snapshot));
            forks.forEach(Sandbox::keep);
            forks.forEach(fork -> ask.say(fork.id()));
            ask.value(forks.stream().map(Sandbox::id).toList());
            return 0;
        }
    }

    /// `declaw kill`
    @Command(name = "kill", aliases = "rm", mixinStandardHelpOptions = true, description = "Ends sandboxes.")
    static final class Kill implements Callable<Integer> {
        @Mixin
        private Ask ask;

        @Parameters(paramLabel = "SANDBOX", arity = "0..*")
        private List<String> ids = List.of();

        @Option(names = "--all", description = "All that run or are paused.")
        private boolean all;

        @Option(names = "--wait", description = "Return when they are gone.")
        private boolean wait;

        @Override
        public Integer call() {
            List<String> targets = all
                    ? ask.client().list(Optional.empty(), Map.of(), 1000, Optional.empty()).sandboxes().stream()
                            .map(SandboxInfo::id)
                            .toList()
                    : ids;
            if (targets.isEmpty() && !all) {
                throw new DeclawException.InvalidArgument("no sandbox is named; give ids, or --all");
            }
            int failed = 0;
            if (wait) {
                for (String id : targets) {
                    ask.say(id + (ask.client().at(id).killAndWait() ? " killed" : " had ended"));
                }
            } else {
                for (Map.Entry<String, Object> result : ask.client().killAll(targets).entrySet()) {
                    boolean error = result.getValue() instanceof JsonObject fields && fields.has("error");
                    if (error) failed++;
                    ask.say(result.getKey() + (error ? " " + ((JsonObject) result.getValue()).text("error") : " killed"));
                }
            }
            ask.value(new JsonObject().put("killed", targets.size() - failed).put("failed", failed));
            return failed == 0 ? 0 : ExitCodes.NOT_FOUND;
        }
    }
}
