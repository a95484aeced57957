package dev.declaw.cli;

import dev.declaw.cli.mcp.HttpServing;
import dev.declaw.cli.mcp.Settings;
import dev.declaw.cli.mcp.StdioServer;
import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.policy.NetworkRules;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `declaw mcp`
@Command(
        name = "mcp",
        mixinStandardHelpOptions = true,
        subcommands = McpRunCommand.class,
        description = {
            "Offers sandboxes as tools of the Model Context Protocol: over standard input and output, or with --http.",
            "Template, lifetime and policy are fixed here; the agent cannot change them, and reaches only sandboxes that it made.",
            "With --http each client needs DECLAW_MCP_TOKEN of this environment as its bearer token."
        })
final class McpCommand implements Callable<Integer> {
    private static final int TOKEN_CHARS_MIN = 16;

    @Mixin
    private Ask ask;

    @Option(names = {"-t", "--template"}, description = "Default ${DEFAULT-VALUE}.")
    private String template = "base";

    @Option(names = "--timeout", converter = Times.Reader.class, description = "How long a sandbox lives; default 1h.")
    private Duration timeout = Duration.ofHours(1);

    @Option(names = "--sandboxes", description = "At most this many at once, of all clients; default ${DEFAULT-VALUE}.")
    private int sandboxesMax = 4;

    @Option(names = "--allow", paramLabel = "HOST", description = "Destinations that may be reached; default none.")
    private List<String> allow = new ArrayList<>();

    @Option(names = "--policy", paramLabel = "FILE", description = "Security policy, JSON; with network rules it replaces --allow.")
    private Path policy;

    @Option(names = "--http", paramLabel = "ADDR:PORT", description = "Streamable HTTP at http://ADDR:PORT/mcp instead of stdio.")
    private String http;

    @Option(names = "--allow-origin", paramLabel = "ORIGIN", description = "Origin of web pages that may ask; default none.")
    private List<String> origins = new ArrayList<>();

    @Override
    public Integer call() {
        Settings settings = settings();
        if (http != null) return serveHttp(settings);
        PrintStream protocol = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.setOut(System.err); // nothing but the protocol may be on standard output
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        new StdioServer(ask.client(), settings).serve(in, protocol);
        return 0;
    }

    private Settings settings() {
        if (sandboxesMax < 1) throw new InvalidArgument("--sandboxes must be a number from 1");
        Optional<JsonObject> security = Optional.ofNullable(policy).map(PolicyFile::read);
        boolean own = security.filter(parts -> parts.has("network")).isPresent();
        Optional<NetworkRules> network = own
                ? Optional.empty()
                : Optional.of(new NetworkRules(allow, List.of("*"), true, Optional.empty()));
        return new Settings(template, timeout, sandboxesMax, network, security);
    }

    private int serveHttp(Settings settings) {
        String token = System.getenv("DECLAW_MCP_TOKEN");
        if (token == null || token.length() < TOKEN_CHARS_MIN || !token.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new InvalidArgument("DECLAW_MCP_TOKEN must hold the clients' bearer token, at least " + TOKEN_CHARS_MIN
                    + " characters: export DECLAW_MCP_TOKEN=$(openssl rand -hex 32)");
        }
        InetSocketAddress address = address(http);
        try (HttpServing serving = new HttpServing(ask.client(), settings, address, token, new HashSet<>(origins))) {
            Runtime.getRuntime().addShutdownHook(new Thread(serving::close, "end")); // Ctrl-C ends the sandboxes too
            ask.say("http://" + address.getHostString() + ":" + serving.address().getPort() + "/mcp");
            if (!address.getAddress().isLoopbackAddress()) {
                ask.hint("! this address is reachable from outside and speaks plain HTTP: put TLS in front of it");
            }
            new CountDownLatch(1).await(); // until a signal
        } catch (IOException e) {
            throw new UncheckedIOException(http + " cannot be listened on", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 0;
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        String port = text.substring(colon + 1);
        if (colon < 1 || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65535) {
            throw new InvalidArgument("'" + text + "' is no ADDR:PORT, for example 127.0.0.1:8090");
        }
        String host = text.substring(0, colon).replaceAll("^\\[|\\]$", "");
        InetSocketAddress address = new InetSocketAddress(host, Integer.parseInt(port));
        if (address.isUnresolved()) throw new InvalidArgument("there is no address '" + host + "' here");
        return address;
    }
}
