package dev.declaw.cli;

import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `declaw ports`
@Command(
        name = "ports",
        mixinStandardHelpOptions = true,
        description = "Shows which ports of a sandbox listen, and their addresses from outside.")
final class PortsCommand implements Callable<Integer> {
    private static final int AGENT_PORT = 49983;
    private static final String LISTENING = "0A";

    @Mixin
    private Ask ask;

    @Parameters(index = "0", paramLabel = "SANDBOX")
    private String id;

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "PORT", description = "Default: those that listen.")
    private List<Integer> ports = new ArrayList<>();

    @Override
    public Integer call() {
        Sandbox sandbox = ask.client().at(id);
        if (ports.isEmpty()) ports.addAll(listening(sandbox));
        ask.value(ports.stream()
                .map(port -> new JsonObject().put("port", port).put("url", sandbox.host(port).toString()))
                .toList());
        if (ask.json()) return 0;
        // Addresses are for copying, so they are not cut.
        for (int port : ports) ask.say(port + "  " + sandbox.host(port));
        if (ports.isEmpty()) ask.hint("nothing listens in " + id);
        else ask.hint("  → curl -H \"X-API-Key: $DECLAW_API_KEY\" " + sandbox.host(ports.get(0)));
        return 0;
    }

    private static Set<Integer> listening(Sandbox sandbox) {
        String tables = sandbox.commands().run("cat /proc/net/tcp /proc/net/tcp6").stdout();
        return parse(tables);
    }

    /// Listening ports of `/proc/net/tcp`, without the guest agent's.
    static Set<Integer> parse(String tables) {
        Set<Integer> found = new TreeSet<>();
        for (String line : tables.split("\n")) {
            String[] fields = line.strip().split("\\s+");
            if (fields.length < 4 || !fields[3].equals(LISTENING) || !fields[1].matches("[0-9A-F]+:[0-9A-F]{4}")) continue;
            int port = Integer.parseInt(fields[1].substring(fields[1].indexOf(':') + 1), 16);
            if (port != AGENT_PORT && port > 0) found.add(port);
        }
        return found;
    }
}
