package dev.declaw.cli;

import dev.declaw.sdk.Volumes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `declaw volume`
@Command(name = "volume", mixinStandardHelpOptions = true, description = "Storage that outlives sandboxes.")
final class VolumeCommand {
    /// Makes one.
    @Command(name = "create", mixinStandardHelpOptions = true, description = "Makes a volume, empty or from a gzipped tar archive.")
    int create(
            @Mixin Ask ask,
            @Parameters(paramLabel = "NAME") String name,
            @Option(names = "--from", paramLabel = "TAR.GZ") Path archive) {
        Volumes.Volume volume;
        if (archive == null) {
            volume = ask.client().volumes().create(name);
        } else {
            try (InputStream in = Files.newInputStream(archive)) {
                volume = Progress.during(ask, "sending", () -> ask.client().volumes().create(name, in));
            } catch (IOException e) {
                throw new UncheckedIOException("reading " + archive + " failed", e);
            }
        }
        ask.say(volume.id());
        ask.value(volume.raw());
        return 0;
    }

    /// Lists them.
    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists volumes, or the files of one.")
    int list(
            @Mixin Ask ask,
            @Parameters(index = "0", arity = "0..1", paramLabel = "VOLUME") String id,
            @Parameters(index = "1", arity = "0..1", paramLabel = "PATH", defaultValue = "/") String path) {
        if (id != null) {
            Table table = new Table("NAME", "BYTES");
            ask.client().volumes().files(id, path)
                    .forEach(entry -> table.row(entry.name() + (entry.directory() ? "/" : ""), entry.size()));
            table.print(ask.out());
            return 0;
        }
        List<Volumes.Volume> volumes = ask.client().volumes().list();
        ask.value(volumes.stream().map(Volumes.Volume::raw).toList());
        Table table = new Table("VOLUME", "NAME", "BYTES", "BACKEND", "CREATED");
        volumes.forEach(one -> table.row(
                one.id(), one.name(), one.sizeBytes(), one.backend(), Times.ago(Optional.of(one.createdAt()))));
        if (!ask.json()) table.print(ask.out());
        return 0;
    }

    /// Writes a file into one.
    @Command(name = "put", mixinStandardHelpOptions = true, description = "Writes a file into a volume.")
    int put(
            @Mixin Ask ask,
            @Parameters(index = "0", paramLabel = "FILE") Path file,
            @Parameters(index = "1", paramLabel = "VOLUME") String id,
            @Parameters(index = "2", paramLabel = "PATH") String path) {
        try (InputStream in = Files.newInputStream(file)) {
            ask.client().volumes().write(id, path, in, Optional.empty());
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + file + " failed", e);
        }
        return 0;
    }

    /// Reads a file of one.
    @Command(name = "get", mixinStandardHelpOptions = true, description = "Fetches a file of a volume.")
    int get(
            @Mixin Ask ask,
            @Parameters(index = "0", paramLabel = "VOLUME") String id,
            @Parameters(index = "1", paramLabel = "PATH") String path,
            @Parameters(index = "2", paramLabel = "FILE") Path file) {
        try (InputStream in = ask.client().volumes().read(id, path)) {
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("writing " + file + " failed", e);
        }
        return 0;
    }

    /// Deletes some.
    @Command(name = "rm", mixinStandardHelpOptions = true, description = "Deletes volumes.")
    int remove(@Mixin Ask ask, @Parameters(paramLabel = "VOLUME", arity = "1..*") List<String> ids) {
        for (String id : ids) {
            ask.client().volumes().delete(id);
            ask.say(id + " deleted");
        }
        return 0;
    }
}
