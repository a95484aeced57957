package dev.declaw.cli;

import dev.declaw.cli.mcp.McpServer;
import dev.declaw.cli.mcp.Tools;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.policy.NetworkRules;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `declaw mcp`
@Command(
        name = "mcp",
        mixinStandardHelpOptions = true,
        description = {
            "Offers sandboxes as tools of the Model Context Protocol, over standard input and output.",
            "Template, lifetime and policy are fixed here; the agent cannot change them, and reaches only sandboxes that this server made."
        })
final class McpCommand implements Callable<Integer> {
    @Mixin
    private Ask ask;

    @Option(names = {"-t", "--template"}, description = "Default ${DEFAULT-VALUE}.")
    private String template = "base";

    @Option(names = "--timeout", converter = Times.Reader.class, description = "How long a sandbox lives; default 1h.")
    private Duration timeout = Duration.ofHours(1);

    @Option(names = "--sandboxes", description = "At most this many at once; default ${DEFAULT-VALUE}.")
    private int sandboxesMax = 4;

    @Option(names = "--allow", paramLabel = "HOST", description = "Destinations that may be reached; default none.")
    private List<String> allow = new ArrayList<>();

    @Option(names = "--policy", paramLabel = "FILE", description = "Security policy, JSON; with network rules it replaces --allow.")
    private Path policy;

    @Override
    public Integer call() {
        Optional<JsonObject> security = Optional.ofNullable(policy).map(PolicyFile::read);
        boolean own = security.filter(parts -> parts.has("network")).isPresent();
        Optional<NetworkRules> network = own
                ? Optional.empty()
                : Optional.of(new NetworkRules(allow, List.of("*"), true, Optional.empty()));
        PrintStream protocol = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.setOut(System.err); // nothing but the protocol may be on standard output
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Tools tools = new Tools(ask.client(), new Tools.Settings(template, timeout, sandboxesMax, network, security))) {
            new McpServer(tools).serve(in, protocol);
        }
        return 0;
    }
}
