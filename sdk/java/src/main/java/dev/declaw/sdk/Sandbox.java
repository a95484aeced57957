package dev.declaw.sdk;

import dev.declaw.sdk.async.AsyncSandbox;
import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.internal.Query;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.policy.NetworkRules;
import dev.declaw.sdk.policy.SecurityPolicy;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One sandbox: a microVM with its own kernel, disk and policy. Thread-safe.
///
/// A sandbox that this handle made is killed by [#close]; one that it connected to lives on.
///
/// ```java
/// try (Sandbox sandbox = Sandbox.create()) {
///     System.out.println(sandbox.commands().run("uname -a").stdout());
///     sandbox.files().write("/home/user/hello.txt", "hello");
/// }
/// ```
public final class Sandbox implements AutoCloseable {
    private static final int FORKS_MAX = 100;

    private final Http http;
    private final String id;
    private final String path;
    private final List<String> warnings;
    private final Commands commands;
    private final Files files;
    private final Audit audit;
    private volatile boolean killedAtClose;

    Sandbox(Http http, JsonObject answer, boolean killedAtClose) {
        this.http = http;
        this.id = answer.text("sandbox_id");
        this.path = "/sandboxes/" + id;
        this.warnings = List.copyOf(answer.texts("warnings"));
        this.killedAtClose = killedAtClose;
        this.commands = new Commands(http, path);
        this.files = new Files(http, path, "user");
        this.audit = new Audit(http, path);
    }

    /// One of the `base` template, with the platform's defaults, on the server that the environment names.
    public static Sandbox create() {
        return builder().create();
    }

    public static SandboxBuilder builder() {
        return Declaw.fromEnvironment().sandbox();
    }

    /// A handle for one that is there.
    public static Sandbox connect(String id) {
        return Declaw.fromEnvironment().connect(id);
    }

    public String id() {
        return id;
    }

    /// What the server says about the policy that its author may not have expected.
    public List<String> warnings() {
        return warnings;
    }

    public Commands commands() {
        return commands;
    }

    public Files files() {
        return files;
    }

    public Audit audit() {
        return audit;
    }

    public SandboxInfo info() {
        return SandboxInfo.of(http.get(path));
    }

    public boolean isRunning() {
        try {
            return http.get(path + "/status").flag("is_running");
        } catch (DeclawException.NotFound e) {
            return false;
        }
    }

    /// CPU, memory and disk as the server has measured them, newest last.
    public List<JsonObject> metrics() {
        return JsonObject.objectsOf(http.value(Call.of("GET", path + "/metrics")));
    }

    /// From now on it lives this long; zero: without an end, where the server allows it.
    public void setTimeout(Duration timeout) {
        JsonObject body = new JsonObject().put("timeout", Checks.seconds("timeout", timeout));
        http.send(Call.of("PATCH", path + "/timeout").with(body).asRepeatable());
    }

    /// Replaces the policy while it runs, the network rules, or both; what is empty stays. What is open and no longer allowed is
    /// cut.
    ///
    /// @return the policy's version, which stands in each audit event from now on
    public long setPolicy(Optional<SecurityPolicy> security, Optional<NetworkRules> network) {
        if (security.isEmpty() && network.isEmpty()) {
            throw new DeclawException.InvalidArgument("give a policy, network rules, or both");
        }
        JsonObject body = new JsonObject();
        security.ifPresent(policy -> body.put("security", policy.toJson()));
        network.ifPresent(rules -> body.put("network", rules.toJson()));
        return http.send(Call.of("PUT", path + "/policy").with(body)).number("policy_version");
    }

    /// Saves memory and disk and stops it. What runs in it goes on after [#resume].
    public void pause() {
        http.send(Call.of("POST", path + "/pause").within(Http.LONG_MAX));
    }

    public void resume() {
        http.send(Call.of("POST", path + "/resume").within(Http.LONG_MAX));
    }

    /// Saves memory and disk; it runs on.
    public Snapshot snapshot() {
        return Snapshot.of(http.send(Call.of("POST", path + "/snapshot").within(Http.LONG_MAX)));
    }

    /// Newest first.
    public List<Snapshot> snapshots() {
        return http.get(path + "/snapshots").objects("snapshots").stream().map(Snapshot::of).toList();
    }

    public void deleteSnapshot(String snapshotId) {
        http.send(Call.of("DELETE", path + "/snapshots/" + Checks.id("snapshotId", snapshotId)));
    }

    /// Goes back to a snapshot, under the same id; without one to the newest. Works after its end too.
    public void restore(Optional<String> snapshotId) {
        snapshotId.ifPresent(snapshot -> Checks.id("snapshotId", snapshot));
        Query query = new Query().with("snapshot_id", snapshotId);
        http.send(Call.of("POST", path + "/restore" + query).within(Http.LONG_MAX));
    }

    /// Makes sandboxes that start as this one is now, each with an identity of its own. All are made, or none.
    public List<Sandbox> fork(int count) {
        Checks.count("count", count, FORKS_MAX);
        return fork(count, snapshot().id());
    }

    /// Makes sandboxes that start as this one was then.
    public List<Sandbox> fork(int count, String snapshotId) {
        Checks.count("count", count, FORKS_MAX);
        JsonObject origin = http.get(path);
        JsonObject body = new JsonObject().put("snapshot_id", Checks.id("snapshotId", snapshotId));
        body.put("timeout", origin.number("timeout"));
        for (String name : List.of("metadata", "envs", "network", "security", "lifecycle")) {
            if (!origin.object(name).isEmpty()) body.put(name, origin.object(name));
        }
        List<Sandbox> forks = new ArrayList<>();
        try {
            while (forks.size() < count) forks.add(SandboxBuilder.send(http, body));
            return forks;
        } catch (RuntimeException failure) {
            for (Sandbox made : forks) {
                try {
                    made.kill();
                } catch (DeclawException e) {
                    failure.addSuppressed(e);
                }
            }
            throw failure;
        }
    }

    public Terminal openTerminal(Terminal.Options options) {
        return Terminal.open(http, path, options);
    }

    /// A handle for a terminal that is there. Makes no request.
    public Terminal terminal(long pid) {
        return new Terminal(http, path, pid);
    }

    /// Starts a process with pipes of its own.
    public PipedProcess startPiped(String command) {
        return startPiped(command, "user", Map.of(), Optional.empty());
    }

    public PipedProcess startPiped(String command, String user, Map<String, String> variables, Optional<String> directory) {
        JsonObject body = new JsonObject().put("cmd", Checks.command(command)).put("user", user);
        if (!variables.isEmpty()) body.put("envs", JsonObject.of(Checks.variables(variables)));
        directory.ifPresent(where -> body.put("cwd", Checks.path(where)));
        return new PipedProcess(
                http, path, http.send(Call.of("POST", path + "/stdio").with(body).withKey()).text("cmd_id"));
    }

    /// A handle for a process with pipes that is there. Makes no request.
    public PipedProcess piped(String processId) {
        return new PipedProcess(http, path, Checks.id("processId", processId));
    }

    /// Address of a port of the sandbox for HTTP from outside; send the API key with it.
    public URI host(int port) {
        return http.uri(path + "/ports/" + Checks.port(port));
    }

    /// Ends it. Returns at once; the rest happens in the background.
    public void kill() {
        killedAtClose = false;
        http.send(Call.of("DELETE", path + "?async=true"));
    }

    /// Ends it and returns when it is gone.
    ///
    /// @return false when it had ended
    public boolean killAndWait() {
        killedAtClose = false;
        return http.send(Call.of("DELETE", path).within(Duration.ofMinutes(5))).flag("killed");
    }

    /// Lets it live when this is closed.
    public Sandbox keep() {
        killedAtClose = false;
        return this;
    }

    /// The same without waiting.
    public AsyncSandbox async() {
        return new AsyncSandbox(this);
    }

    @Override
    public void close() {
        if (!killedAtClose) return;
        try {
            kill();
        } catch (DeclawException.NotFound e) {
            // It has ended by itself, which is what was wanted.
        }
    }

    @Override
    public String toString() {
        return "Sandbox[" + id + "]";
    }
}
