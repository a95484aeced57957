package dev.declaw.cli;

import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.Templates;
import dev.declaw.sdk.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `declaw template`
@Command(
        name = "template",
        mixinStandardHelpOptions = true,
        subcommands = TemplateCommand.Build.class,
        description = "What sandboxes start from.")
final class TemplateCommand {
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

    /// `declaw template build`
    @Command(name = "build", mixinStandardHelpOptions = true, description = "Builds a template; its log comes as it is written.")
    static final class Build implements Callable<Integer> {
        @Mixin
        private Ask ask;

        @Parameters(paramLabel = "ALIAS")
        private String alias;

        @Option(names = {"-f", "--file"}, paramLabel = "DOCKERFILE", description = "Instead of the other options.")
        private Path dockerfile;

        @Option(names = "--from", description = "Template to start from; default ${DEFAULT-VALUE}.")
        private String base = "base";

        @Option(names = "--apt", paramLabel = "PACKAGE")
        private List<String> packages = new ArrayList<>();

        @Option(names = "--run", paramLabel = "COMMAND")
        private List<String> commands = new ArrayList<>();

        @Option(names = "--start", paramLabel = "COMMAND", description = "What runs in each sandbox from its start.")
        private String start;

        @Option(names = "--timeout", converter = Times.Reader.class, description = "How long to wait; default 1h.")
        private Duration timeout = Duration.ofHours(1);

        @Override
        public Integer call() {
            Templates.Build build = ask.client()
                    .templates()
                    .build(alias, steps(), timeout, line -> ask.hint(Table.printable(line, Integer.MAX_VALUE)));
            ask.say(alias + " " + build.status());
            ask.value(new JsonObject().put("build_id", build.id()).put("status", build.status()).put("alias", alias));
            return 0;
        }

        private Templates.Steps steps() {
            if (dockerfile != null) {
                if (!packages.isEmpty() || !commands.isEmpty() || start != null) {
                    throw new InvalidArgument("--file replaces --apt, --run and --start");
                }
                try {
                    return Templates.Steps.dockerfile(Files.readString(dockerfile));
                } catch (IOException e) {
                    throw new UncheckedIOException("reading " + dockerfile + " failed", e);
                }
            }
            Templates.Steps steps = Templates.Steps.from(base);
            for (String name : packages) steps = steps.apt(name);
            for (String command : commands) steps = steps.run(command);
            return start == null ? steps : steps.start(start);
        }
    }
}
