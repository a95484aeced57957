package dev.declaw.cli;

import dev.declaw.sdk.Audit;
import dev.declaw.sdk.AuditEvent;
import dev.declaw.sdk.CommandResult;
import dev.declaw.sdk.Sandbox;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `declaw logs`
@Command(
        name = "logs",
        mixinStandardHelpOptions = true,
        description = "Shows what happened in a sandbox, or waits for a background command and prints its output.")
final class LogsCommand implements Callable<Integer> {
    @Mixin
    private Ask ask;

    @Option(names = {"-f", "--follow"}, description = "Go on until the sandbox has ended.")
    private boolean follow;

    @Parameters(index = "0", paramLabel = "SANDBOX")
    private String id;

    @Parameters(index = "1", arity = "0..1", paramLabel = "PID", description = "A command that runs, or ran, in the background.")
    private Long pid;

    @Override
    public Integer call() {
        Sandbox sandbox = ask.client().at(id);
        if (pid != null) {
            CommandResult result = sandbox.commands().connect(pid).await();
            ask.out().print(result.stdout());
            ask.out().flush();
            ask.err().print(result.stderr());
            ask.err().flush();
            return result.exitCode();
        }
        Audit.Filter all = Audit.Filter.all();
        if (follow) sandbox.audit().follow(all, this::print);
        else sandbox.audit().query(all).forEach(this::print);
        return 0;
    }

    private void print(AuditEvent event) {
        if (ask.json()) {
            ask.out().println(event.raw());
        } else {
            StringBuilder line = new StringBuilder(event.time()).append("  ").append(event.event());
            event.decision().ifPresent(decision -> line.append("  ").append(decision));
            event.reason().ifPresent(reason -> line.append("  ").append(reason));
            event.attributes().forEach((name, value) -> line.append("  ").append(name).append('=').append(value));
            String text = Table.printable(line.toString(), Integer.MAX_VALUE);
            ask.out().println(event.decision().filter("deny"::equals).isPresent() ? Style.red(text) : text);
        }
        ask.out().flush();
    }
}
