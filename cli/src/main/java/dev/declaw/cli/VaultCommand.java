package dev.declaw.cli;

import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.Vault;
import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `declaw vault`. A value is typed or piped in, never an argument: those are visible to everybody on the machine.
@Command(name = "vault", mixinStandardHelpOptions = true, description = "Secrets that the proxy puts into requests, and no sandbox sees.")
final class VaultCommand {
    /// Keeps one.
    @Command(name = "set", mixinStandardHelpOptions = true, description = "Keeps a secret; its value is read from the input.")
    int set(
            @Mixin Ask ask,
            @Parameters(paramLabel = "NAME") String name,
            @Option(names = "--hosts", paramLabel = "REGEX", description = "Hosts it may go to, for example 'api\\.openai\\.com'.")
                    List<String> hosts,
            @Option(names = "--header", description = "Header it goes into; default Authorization: Bearer.") String header,
            @Option(names = "--provider", description = "A provider that the server knows, with its hosts.") String provider) {
        if ((hosts == null) == (provider == null)) throw new InvalidArgument("give --hosts, or --provider");
        String value = value();
        Vault vault = ask.client().vault();
        Vault.Secret secret = provider != null
                ? vault.createFor(provider, value)
                : vault.create(name, value, hosts.stream()
                        .map(one -> header == null ? Vault.Scope.bearer(one) : Vault.Scope.header(one, header))
                        .toList());
        ask.say(secret.name() + " kept");
        ask.value(secret.raw());
        return 0;
    }

    /// Replaces a value.
    @Command(name = "rotate", mixinStandardHelpOptions = true, description = "Replaces a secret's value, read from the input.")
    int rotate(@Mixin Ask ask, @Parameters(paramLabel = "NAME") String name) {
        ask.client().vault().rotate(name, value());
        ask.say(name + " rotated");
        return 0;
    }

    /// Lists them.
    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists secrets, without their values.")
    int list(@Mixin Ask ask) {
        List<Vault.Secret> secrets = ask.client().vault().list();
        ask.value(secrets.stream().map(Vault.Secret::raw).toList());
        Table table = new Table("NAME", "HOSTS", "ROTATED");
        secrets.forEach(one -> table.row(one.name(), String.join(" ", one.hosts()), Times.ago(one.rotatedAt())));
        if (!ask.json()) table.print(ask.out());
        return 0;
    }

    /// Deletes one.
    @Command(name = "rm", mixinStandardHelpOptions = true, description = "Deletes a secret.")
    int remove(@Mixin Ask ask, @Parameters(paramLabel = "NAME") String name) {
        ask.client().vault().delete(name);
        ask.say(name + " deleted");
        return 0;
    }

    private static String value() {
        Console console = System.console();
        if (LocalTerminal.types() && console != null) {
            char[] typed = console.readPassword("value: ");
            return typed == null ? "" : new String(typed);
        }
        try {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            String line = in.readLine();
            return line == null ? "" : line;
        } catch (IOException e) {
            throw new UncheckedIOException("reading the value failed", e);
        }
    }
}
