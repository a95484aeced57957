package dev.declaw.cli;

import dev.declaw.sdk.Templates;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `declaw template`
@Command(
        name = "template",
        mixinStandardHelpOptions = true,
        subcommands = TemplateBuildCommand.class,
        description = "What sandboxes start from.")
final class TemplateCommand {
    private static final Duration FOLLOW_MAX = Duration.ofHours(6);

    /// Lists them.
    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists templates.")
    int list(@Mixin Ask ask) {
        List<Templates.Template> templates = ask.client().templates().list();
        ask.value(templates.stream().map(Templates.Template::raw).toList());
        Table table = new Table("TEMPLATE", "ALIAS", "CREATED");
        templates.forEach(one -> table.row(one.id(), one.alias(), Times.ago(Optional.of(one.createdAt()))));
        if (!ask.json()) table.print(ask.out());
        return 0;
    }

    /// Deletes one.
    @Command(name = "rm", mixinStandardHelpOptions = true, description = "Deletes a template.")
    int remove(@Mixin Ask ask, @Parameters(paramLabel = "TEMPLATE") String template) {
        ask.client().templates().delete(template);
        ask.say(template + " deleted");
        return 0;
    }

    /// Lists builds.
    @Command(name = "builds", mixinStandardHelpOptions = true, description = "Lists builds, newest first.")
    int builds(@Mixin Ask ask) {
        List<Templates.Build> builds = ask.client().templates().builds();
        ask.value(builds.stream().map(Templates.Build::raw).toList());
        Table table = new Table("BUILD", "ALIAS", "STATUS", "STEP", "STARTED");
        builds.forEach(one -> table.row(
                one.id(), one.alias(), one.status(), one.step() + "/" + one.steps(), Times.ago(one.raw().optionalText("created_at"))));
        if (!ask.json()) table.print(ask.out());
        return 0;
    }

    /// Follows the log of a build.
    @Command(name = "logs", mixinStandardHelpOptions = true, description = "Shows the log of a build, until it has ended.")
    int logs(@Mixin Ask ask, @Parameters(paramLabel = "BUILD") String build) {
        return TemplateBuildCommand.follow(ask, build, FOLLOW_MAX);
    }

    /// Stops a build.
    @Command(name = "cancel", mixinStandardHelpOptions = true, description = "Stops a build.")
    int cancel(@Mixin Ask ask, @Parameters(paramLabel = "BUILD") String build) {
        ask.client().templates().cancel(build);
        ask.say(build + " cancelled");
        return 0;
    }
}
