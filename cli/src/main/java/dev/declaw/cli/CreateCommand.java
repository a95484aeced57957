package dev.declaw.cli;

import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.SandboxBuilder;
import dev.declaw.sdk.Volumes;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.policy.NetworkRules;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `declaw create`
@Command(name = "create", mixinStandardHelpOptions = true, description = "Makes a sandbox and prints its id.")
final class CreateCommand implements Callable<Integer> {
    @Mixin
    private Ask ask;

    @Spec
    private CommandSpec spec;

    @Option(names = {"-t", "--template"}, description = "Name or id; default ${DEFAULT-VALUE}.")
    private String template = "base";

    @Option(names = "--snapshot", description = "Start as a copy of this snapshot instead.")
    private String snapshot;

    @Option(names = "--timeout", converter = Times.Reader.class, description = "How long it lives (90s, 5m, 2h); default 5m; 0: no end.")
    private Duration timeout = Duration.ofMinutes(5);

    @Option(names = {"-e", "--env"}, paramLabel = "NAME=VALUE", description = "Variable of every command; NAME alone takes it from here.")
    private List<String> variables = new ArrayList<>();

    @Option(names = {"-m", "--metadata"}, paramLabel = "NAME=VALUE", description = "Text to find it by.")
    private Map<String, String> metadata = new LinkedHashMap<>();

    @Option(names = "--allow", paramLabel = "HOST", description = "Destination that may be reached: host, *.suffix, CIDR, ~regex.")
    private List<String> allow = new ArrayList<>();

    @Option(names = "--deny", paramLabel = "HOST", description = "Destination that may not; with --allow alone everything else.")
    private List<String> deny = new ArrayList<>();

    @Option(names = "--no-internet", description = "No destination at all.")
    private boolean noInternet;

    @Option(names = "--policy", paramLabel = "FILE", description = "Security policy, JSON (see `declaw policy lint`).")
    private Path policy;

    @Option(names = "--secret", paramLabel = "NAME=SECRET", description = "Variable that stands for a secret of the vault.")
    private Map<String, String> secrets = new LinkedHashMap<>();

    @Option(names = {"-v", "--volume"}, paramLabel = "ID:PATH[:MODE]", description = "Volume; MODE copy, mount or mount-ro.")
    private List<String> volumes = new ArrayList<>();

    @Option(names = "--pause-on-timeout", description = "Pause instead of ending when its time is over.")
    private boolean pauseOnTimeout;

    @Option(names = "--auto-resume", description = "Wake up when it is used while paused.")
    private boolean autoResume;

    @Override
    public Integer call() {
        SandboxBuilder builder = ask.client().sandbox().timeout(timeout);
        if (snapshot == null) builder.template(template);
        else builder.snapshot(snapshot);
        if (!variables.isEmpty()) builder.variables(Variables.read(variables, spec));
        if (!metadata.isEmpty()) builder.metadata(metadata);
        network().ifPresent(builder::network);
        if (policy != null) builder.securityJson(PolicyFile.read(policy));
        secrets.forEach(builder::secret);
        volumes.forEach(text -> builder.volume(attachment(text)));
        if (pauseOnTimeout || autoResume) {
            builder.lifecycle(
                    pauseOnTimeout ? SandboxBuilder.OnTimeout.PAUSE : SandboxBuilder.OnTimeout.KILL, autoResume);
        }
        Sandbox sandbox = builder.create().keep();
        sandbox.warnings().forEach(warning -> ask.hint("! " + warning));
        ask.say(sandbox.id());
        ask.value(new JsonObject().put("sandbox_id", sandbox.id()).put("warnings", sandbox.warnings()));
        ask.hint("  → declaw shell " + sandbox.id());
        return 0;
    }

    private Optional<NetworkRules> network() {
        if (noInternet) {
            if (!allow.isEmpty() || !deny.isEmpty()) {
                throw new ParameterException(spec.commandLine(), "--no-internet contradicts --allow and --deny");
            }
            return Optional.of(NetworkRules.denyAll());
        }
        if (allow.isEmpty() && deny.isEmpty()) return Optional.empty();
        List<String> closed = deny.isEmpty() ? List.of("*") : deny;
        return Optional.of(new NetworkRules(allow, closed, true, Optional.empty()));
    }

    private Volumes.Attachment attachment(String text) {
        String[] parts = text.split(":");
        String mode = parts.length > 2 ? parts[2] : "copy";
        for (Volumes.Mode known : Volumes.Mode.values()) {
            if (parts.length >= 2 && parts.length <= 3 && known.wire().equals(mode)) {
                return new Volumes.Attachment(parts[0], parts[1], known, Optional.empty());
            }
        }
        throw new ParameterException(spec.commandLine(), "'" + text + "' is not ID:PATH[:copy|mount|mount-ro]");
    }
}
