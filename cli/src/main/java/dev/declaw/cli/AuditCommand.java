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

/// `declaw audit`
@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        description = "Shows what left a sandbox, what was refused and why; --verify checks that nothing was changed.")
final class AuditCommand implements Callable<Integer> {
    @Mixin
    private Ask ask;

    @Option(names = {"-f", "--follow"}, description = "Go on until the sandbox has ended.")
    private boolean follow;

    @Option(names = "--verify", description = "Check the hash chain.")
    private boolean verify;

    @Option(names = "--category")
    private String category;

    @Option(names = "--event")
    private String event;

    @Option(names = "--decision", description = "allow or deny.")
    private String decision;

    @Option(names = "--host")
    private String host;

    @Option(names = "--scanner")
    private String scanner;

    @Option(names = "--since", converter = Times.Reader.class, description = "Only the last 5m, 2h….")
    private Duration since;

    @Option(names = "--limit", description = "At most this many; default ${DEFAULT-VALUE}.")
    private int limit = 1000;

    @Parameters(paramLabel = "SANDBOX")
    private String id;

    @Override
    public Integer call() {
        Audit audit = ask.client().at(id).audit();
        if (verify) {
            Audit.Verification found = audit.verify();
            ask.say(found.intact()
                    ? Style.green("intact") + ": " + found.events() + " events, head " + found.head()
                    : Style.red("broken") + " at event " + found.brokenAt().orElse(0));
            ask.value(new dev.declaw.sdk.json.JsonObject()
                    .put("intact", found.intact())
                    .put("events", found.events())
                    .put("head", found.head()));
            return found.intact() ? 0 : ExitCodes.FAILURE;
        }
        Audit.Filter filter = filter();
        if (follow) {
            audit.follow(filter, one -> {
                ask.out().println(ask.json() ? one.raw().toString() : String.join("  ", cells(one)).stripTrailing());
                ask.out().flush();
            });
            return 0;
        }
        List<AuditEvent> events = audit.query(filter, limit);
        ask.value(events.stream().map(AuditEvent::raw).toList());
        if (ask.json()) return 0;
        Table table = new Table("TIME", "EVENT", "DECISION", "REASON", "WHAT");
        events.forEach(one -> table.row(cells(one).toArray()));
        table.print(ask.out());
        return 0;
    }

    private Audit.Filter filter() {
        Audit.Filter filter = Audit.Filter.all();
        if (category != null) filter = filter.category(category);
        if (event != null) filter = filter.event(event);
        if (decision != null) filter = filter.decision(decision);
        if (host != null) filter = filter.host(host);
        if (scanner != null) filter = filter.scanner(scanner);
        return since == null ? filter : filter.since(Instant.now().minus(since));
    }

    private static List<String> cells(AuditEvent event) {
        StringBuilder what = new StringBuilder();
        for (String name : List.of("method", "host", "path", "status", "scanner", "findings", "command_sha256", "pid", "exit_code")) {
            Object value = event.attributes().get(name);
            if (value != null) what.append(what.isEmpty() ? "" : " ").append(value);
        }
        return List.of(
                event.time(),
                event.event(),
                event.decision().orElse(""),
                event.reason().orElse(""),
                Table.printable(what.toString()));
    }
}
