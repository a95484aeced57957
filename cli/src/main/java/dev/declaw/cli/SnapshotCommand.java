package dev.declaw.cli;

import dev.declaw.sdk.Snapshot;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `declaw snapshot`
@Command(name = "snapshot", mixinStandardHelpOptions = true, description = "Saves memory and disk of sandboxes, and goes back.")
final class SnapshotCommand {
    /// Takes one.
    @Command(name = "create", mixinStandardHelpOptions = true, description = "Saves a sandbox, which runs on; prints the snapshot's id.")
    int create(@Mixin Ask ask, @Parameters(paramLabel = "SANDBOX") String id) {
        Snapshot snapshot = Progress.during(ask, "saving " + id, () -> ask.client().at(id).snapshot());
        ask.say(snapshot.id());
        ask.value(snapshot.raw());
        return 0;
    }

    /// Lists them.
    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists a sandbox's snapshots, newest first.")
    int list(@Mixin Ask ask, @Parameters(paramLabel = "SANDBOX") String id) {
        var snapshots = ask.client().at(id).snapshots();
        ask.value(snapshots.stream().map(Snapshot::raw).toList());
        Table table = new Table("SNAPSHOT", "SOURCE", "CREATED");
        snapshots.forEach(one -> table.row(one.id(), one.source(), Times.ago(Optional.of(one.createdAt()))));
        if (!ask.json()) table.print(ask.out());
        return 0;
    }

    /// Goes back to one.
    @Command(name = "restore", mixinStandardHelpOptions = true, description = "Brings a sandbox back to a snapshot; default the newest.")
    int restore(
            @Mixin Ask ask,
            @Parameters(index = "0", paramLabel = "SANDBOX") String id,
            @Parameters(index = "1", arity = "0..1", paramLabel = "SNAPSHOT") String snapshot) {
        Progress.during(ask, "restoring " + id, () -> ask.client().at(id).restore(Optional.ofNullable(snapshot)));
        ask.say(id + " restored");
        return 0;
    }

    /// Deletes one.
    @Command(name = "rm", mixinStandardHelpOptions = true, description = "Deletes a snapshot.")
    int remove(
            @Mixin Ask ask,
            @Parameters(index = "0", paramLabel = "SANDBOX") String id,
            @Parameters(index = "1", paramLabel = "SNAPSHOT") String snapshot) {
        ask.client().at(id).deleteSnapshot(snapshot);
        ask.say(snapshot + " deleted");
        return 0;
    }
}
