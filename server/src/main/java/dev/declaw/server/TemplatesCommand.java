package dev.declaw.server;

import dev.declaw.runtime.HostConfig;
import dev.declaw.runtime.LocalMicroVmHost;
import dev.declaw.server.config.ConfigException;
import dev.declaw.server.config.ConfigReader;
import dev.declaw.server.config.ServerConfig;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Builds the templates that sandboxes start from.
@Command(name = "templates", description = "Build the templates that sandboxes start from.", mixinStandardHelpOptions = true)
final class TemplatesCommand {
    @Command(
            name = "prepare",
            description = "Build what is missing of the built-in templates, one line per step; does nothing when all are there.",
            mixinStandardHelpOptions = true)
    int prepare() {
        try {
            ServerConfig config = ConfigReader.read(System.getenv());
            HostConfig host = Machine.hostConfig(config);
            // A state directory of its own: a server that is running holds the lock of the usual one.
            HostConfig apart = new HostConfig(
                    config.home().resolve("prepare"),
                    host.templateCache(),
                    host.envdBinary(),
                    host.memoryBudgetMib(),
                    host.diskReserveMib(),
                    host.bootDeadline(),
                    0);
            try (LocalMicroVmHost local = LocalMicroVmHost.withOwnStore(apart)) {
                local.prepareTemplates(line -> {
                    System.out.println(line);
                    System.out.flush();
                });
            }
            return 0;
        } catch (ConfigException e) {
            e.problems().forEach(problem -> System.err.println("declaw: " + problem));
            return ServerCommand.EXIT_USAGE;
        } catch (IOException | RuntimeException e) {
            System.err.println("declaw: the templates cannot be built: " + ServerCommand.reason(e));
            return ServerCommand.EXIT_FAILED;
        }
    }

    @Command(
            name = "build",
            description = "Let the running server build one of the templates that come with the product, and show the log.",
            mixinStandardHelpOptions = true)
    int build(@Parameters(paramLabel = "NAME", description = "for example python") String name) {
        try {
            if (!name.matches("[a-z][a-z-]{0,31}")) throw new IOException("a template of the product has a name such as python");
            return new TemplateBuild(ConfigReader.read(System.getenv())).run(name) ? 0 : ServerCommand.EXIT_FAILED;
        } catch (ConfigException e) {
            e.problems().forEach(problem -> System.err.println("declaw: " + problem));
            return ServerCommand.EXIT_USAGE;
        } catch (IOException | RuntimeException e) {
            System.err.println("declaw: the template cannot be built: " + ServerCommand.reason(e));
            return ServerCommand.EXIT_FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ServerCommand.EXIT_FAILED;
        }
    }
}
