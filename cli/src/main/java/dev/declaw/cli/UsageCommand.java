package dev.declaw.cli;

import dev.declaw.sdk.json.JsonObject;
import java.time.LocalDate;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `declaw usage`
@Command(name = "usage", mixinStandardHelpOptions = true, description = "Shows what the account used.")
final class UsageCommand implements Callable<Integer> {
    @Mixin
    private Ask ask;

    @Option(names = "--from", paramLabel = "DATE", description = "First day, for example 2026-01-31.")
    private LocalDate start;

    @Option(names = "--to", paramLabel = "DATE", description = "Last day.")
    private LocalDate end;

    @Override
    public Integer call() {
        JsonObject usage = ask.client().account().usage(Optional.ofNullable(start), Optional.ofNullable(end));
        ask.value(usage);
        ask.say("sandboxes  " + usage.number("sandbox_count"));
        ask.say("seconds    " + usage.number("total_seconds"));
        if (usage.number("total_cost_micros") > 0) ask.say("cost       " + usage.text("total_cost_usd") + " USD");
        return 0;
    }
}
