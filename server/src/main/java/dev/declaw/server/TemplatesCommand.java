package dev.declaw.server;

import dev.declaw.runtime.HostConfig;
import dev.declaw.runtime.LocalMicroVmHost;
import dev.declaw.server.config.ConfigException;
import dev.declaw.server.config.ConfigReader;
import dev.declaw.server.config.ServerConfig;
import java.io.IOException;
import picocli.CommandLine.Command;

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
                    host.bootDeadline());
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
}
