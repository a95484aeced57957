package dev.declaw.cli;

import dev.declaw.sdk.Connection;
import dev.declaw.sdk.Declaw;
import dev.declaw.sdk.json.JsonWriter;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Options and output that all commands share: which server, and whether for people or for scripts.
final class Ask {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--json", description = "Print JSON, for scripts.")
    private boolean json;

    @Option(names = "--server", paramLabel = "HOST:PORT", description = "Server; default DECLAW_DOMAIN, or 127.0.0.1:8080.")
    private String server;

    private Declaw client;

    Declaw client() {
        if (client == null) {
            Connection fromEnvironment = Connection.fromEnvironment();
            client = new Declaw(server == null ? fromEnvironment : Connection.of(server, fromEnvironment.apiKey()));
        }
        return client;
    }

    boolean json() {
        return json;
    }

    PrintWriter out() {
        return spec.commandLine().getOut();
    }

    PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /// A line for people; nothing with `--json`.
    void say(String line) {
        if (!json) out().println(line);
        out().flush();
    }

    /// A value for scripts; nothing without `--json`.
    void value(Object value) {
        if (json) out().println(JsonWriter.indented(value));
        out().flush();
    }

    /// A hint that is not part of the output.
    void hint(String line) {
        if (!json) err().println(line);
        err().flush();
    }
}
