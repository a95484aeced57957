package dev.declaw.cli;

import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.TemplateSteps;
import dev.declaw.sdk.Templates;
import dev.declaw.sdk.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `declaw template build`
@Command(
        name = "build",
        mixinStandardHelpOptions = true,
        description = {
            "Builds a template; its log comes as it is written. Ctrl-C leaves the build running: `declaw template logs BUILD`.",
            "COPY takes from the directory CONTEXT, which is sent but for what its .dockerignore leaves out."
        })
final class TemplateBuildCommand implements Callable<Integer> {
    @Mixin
    private Ask ask;

    @Parameters(index = "0", paramLabel = "ALIAS")
    private String alias;

    @Parameters(index = "1", arity = "0..1", paramLabel = "CONTEXT", description = "Directory; its Dockerfile is used unless -f names another.")
    private Path context;

    @Option(names = {"-f", "--file"}, paramLabel = "DOCKERFILE", description = "Instead of the options for steps.")
    private Path dockerfile;

    @Option(names = "--build-arg", paramLabel = "NAME=VALUE", description = "Value of an ARG of the Dockerfile.")
    private Map<String, String> arguments = new LinkedHashMap<>();

    @Option(names = "--from", paramLabel = "TEMPLATE", description = "Template to start from; default base.")
    private String base;

    @Option(names = "--apt", paramLabel = "PACKAGE")
    private List<String> packages = new ArrayList<>();

    @Option(names = "--copy", paramLabel = "FROM:TO", description = "File or directory of the context.")
    private List<String> copies = new ArrayList<>();

    @Option(names = "--run", paramLabel = "COMMAND")
    private List<String> commands = new ArrayList<>();

    @Option(names = "--start", paramLabel = "COMMAND", description = "What runs in each sandbox from its start.")
    private String start;

    @Option(names = "--ready", paramLabel = "COMMAND", description = "Ends with 0 once what --start started is ready.")
    private String ready;

    @Option(names = {"-d", "--detach"}, description = "Start it and print its id.")
    private boolean detach;

    @Option(names = "--timeout", converter = Times.Reader.class, description = "How long to wait; default 1h.")
    private Duration timeout = Duration.ofHours(1);

    @Override
    public Integer call() {
        Templates templates = ask.client().templates();
        TemplateSteps steps = steps();
        if (context != null) {
            Templates.BuildContext[] sent = new Templates.BuildContext[1];
            Progress.during(ask, "sending " + context, () -> sent[0] = templates.upload(context));
            ask.hint("context " + sent[0].digest() + ", " + sent[0].sizeBytes() + " bytes");
            steps = steps.context(sent[0]);
        }
        Templates.Build build = templates.start(alias, steps);
        if (detach) {
            ask.say(build.id());
            ask.value(build.raw());
            ask.hint("  → declaw template logs " + build.id());
            return 0;
        }
        return follow(ask, build.id(), timeout);
    }

    /// Shows a build's log until it has ended.
    static int follow(Ask ask, String id, Duration limit) {
        Templates.Build build = ask.client().templates().follow(
                id, 0, limit, line -> ask.hint(Table.printable(line.line(), Integer.MAX_VALUE)));
        ask.value(build.raw());
        if (!build.failed()) {
            ask.say(build.alias() + " " + build.status());
            ask.hint("  → declaw create -t " + build.alias());
            return 0;
        }
        build.error().ifPresent(error -> ask.err().println(Style.red("✗ ") + Table.printable(error.message(), Integer.MAX_VALUE)
                + (error.step().isEmpty() ? "" : "\n  in " + Table.printable(error.step(), Integer.MAX_VALUE))
                + " [" + error.code() + "]"));
        if (build.error().isEmpty()) ask.err().println(Style.red("✗ ") + build.alias() + " " + build.status());
        ask.err().flush();
        return ExitCodes.FAILURE;
    }

    private TemplateSteps steps() {
        Path file = dockerfile;
        boolean stepped = base != null || !packages.isEmpty() || !commands.isEmpty() || !copies.isEmpty();
        if (file == null && !stepped && context != null && Files.exists(context.resolve("Dockerfile"))) {
            file = context.resolve("Dockerfile");
        }
        if (file != null && stepped) throw new InvalidArgument("--file replaces --from, --apt, --copy and --run");
        if (file == null && !arguments.isEmpty()) throw new InvalidArgument("--build-arg needs a Dockerfile");
        if (!copies.isEmpty() && context == null) throw new InvalidArgument("--copy needs CONTEXT, the directory to copy from");
        TemplateSteps steps = file == null ? TemplateSteps.from(base == null ? "base" : base) : TemplateSteps.dockerfile(read(file));
        for (String name : packages) steps = steps.apt(name);
        for (String copy : copies) {
            int colon = copy.lastIndexOf(":/");
            if (colon < 1) throw new InvalidArgument("'" + copy + "' is not FROM:TO with an absolute TO");
            steps = steps.copy(copy.substring(0, colon), copy.substring(colon + 1));
        }
        for (String command : commands) steps = steps.run(command);
        for (Map.Entry<String, String> argument : arguments.entrySet()) steps = steps.argument(argument.getKey(), argument.getValue());
        if (start != null) steps = steps.start(start);
        return ready == null ? steps : steps.ready(ready);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + file + " failed", e);
        }
    }
}
