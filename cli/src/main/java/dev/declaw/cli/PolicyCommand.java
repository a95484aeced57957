package dev.declaw.cli;

import dev.declaw.sdk.DeclawException;
import dev.declaw.sdk.Policies;
import dev.declaw.sdk.json.JsonObject;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `declaw policy`
@Command(name = "policy", mixinStandardHelpOptions = true, description = "Asks the server about a policy before a sandbox has it.")
final class PolicyCommand {
    /// Checks one.
    @Command(
            name = "lint",
            mixinStandardHelpOptions = true,
            description = "Says whether a policy is accepted, and which parts do less or more than one may think.")
    int lint(@Mixin Ask ask, @Parameters(paramLabel = "FILE") Path file) {
        try {
            Policies.Verdict verdict = ask.client().policies().lint(PolicyFile.read(file));
            verdict.warnings().forEach(warning -> ask.say("! " + warning));
            ask.say(Style.green("accepted") + (verdict.warnings().isEmpty() ? "" : ", with warnings"));
            ask.value(new JsonObject().put("accepted", true).put("warnings", verdict.warnings()));
            return 0;
        } catch (DeclawException.InvalidPolicy refused) {
            ask.value(new JsonObject().put("accepted", false).put("message", refused.getMessage()));
            if (ask.json()) return ExitCodes.USAGE;
            throw refused;
        }
    }

    /// Explains one.
    @Command(
            name = "explain",
            mixinStandardHelpOptions = true,
            description = "Says what would happen to a connection to a host or address, and which rule decides.")
    int explain(
            @Mixin Ask ask,
            @Parameters(index = "0", paramLabel = "FILE") Path file,
            @Parameters(index = "1", paramLabel = "HOST") String host) {
        Policies.Explanation found = ask.client().policies().explain(PolicyFile.read(file), host);
        ask.say((found.allowed() ? Style.green("allow") : Style.red("deny")) + " " + host + "  " + found.reason()
                + found.rule().map(rule -> "  (rule " + rule + ")").orElse(""));
        if (!found.scanners().isEmpty()) ask.say("scanned by " + String.join(", ", found.scanners()));
        ask.value(found.raw());
        return found.allowed() ? 0 : ExitCodes.REFUSED;
    }
}
