package dev.declaw.cli;

import dev.declaw.sdk.Audit;
import dev.declaw.sdk.AuditEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `declaw tail`
@Command(
        name = "tail",
        mixinStandardHelpOptions = true,
        description = "Shows what is let through and what is refused, as it happens, until the sandbox has ended.")
final class TailCommand implements Callable<Integer> {
    @Mixin
    private Ask ask;

    @Option(names = "--denied", description = "Only what is refused.")
    private boolean denied;

    @Option(names = "--host", description = "Only what goes to this host.")
    private String host;

    @Option(names = "--since", converter = Times.Reader.class, description = "Begin this long ago; default 1m.")
    private Duration since = Duration.ofMinutes(1);

    @Parameters(paramLabel = "SANDBOX")
    private String id;

    @Override
    public Integer call() {
        Audit.Filter filter = Audit.Filter.all().since(Instant.now().minus(since));
        if (denied) filter = filter.decision("deny");
        if (host != null) filter = filter.host(host);
        ask.client().at(id).audit().follow(filter, this::print);
        return 0;
    }

    private void print(AuditEvent event) {
        if (event.decision().isEmpty()) return;
        ask.out().println(ask.json() ? event.raw().toString() : line(event));
        ask.out().flush();
    }

    /// Time, verdict, what was asked for, and why; then what the scanners found.
    private static String line(AuditEvent event) {
        String decision = event.decision().orElse("");
        StringBuilder what = new StringBuilder();
        for (String name : List.of("method", "host", "port", "path", "status", "scanner", "stages", "findings")) {
            Object value = event.attributes().get(name);
            if (value == null || name.equals("port") && !what.isEmpty()) continue;
            what.append(name.equals("path") || what.isEmpty() ? "" : " ").append(value);
        }
        String clock = Times.parse(java.util.Optional.of(event.time())).map(at -> at.toString().substring(11, 19)).orElse(event.time());
        String verdict = decision.equals("deny") ? Style.red("✗ deny ") : decision.equals("allow") ? Style.green("✓ allow") : "· " + decision;
        String reason = event.reason().map(text -> "  " + text).orElse("");
        return clock + "  " + verdict + "  " + Table.printable(what + reason, Integer.MAX_VALUE);
    }
}
