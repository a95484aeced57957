package dev.declaw.cli;

import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.Files;
import dev.declaw.sdk.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `declaw cp`
@Command(
        name = "cp",
        mixinStandardHelpOptions = true,
        description = "Copies files and directories to and from a sandbox: `declaw cp notes.txt SANDBOX:/home/user/`.")
final class CopyCommand implements Callable<Integer> {
    private static final int DEPTH_MAX = 64;

    @Mixin
    private Ask ask;

    @Option(names = {"-u", "--user"}, description = "Whose files they are in the sandbox; default ${DEFAULT-VALUE}.")
    private String user = "user";

    @Parameters(index = "0", paramLabel = "FROM")
    private String from;

    @Parameters(index = "1", paramLabel = "TO")
    private String to;

    private long files;
    private long bytes;

    private record Remote(String id, String path) {
        /// `SANDBOX:PATH`; null for a local path. A Windows drive is one letter, an id is longer.
        static Remote of(String text) {
            int colon = text.indexOf(':');
            boolean remote = colon > 1 && text.substring(0, colon).matches("[A-Za-z0-9_-]+") && !text.startsWith("./");
            return remote ? new Remote(text.substring(0, colon), text.substring(colon + 1)) : null;
        }
    }

    @Override
    public Integer call() {
        Remote source = Remote.of(from);
        Remote target = Remote.of(to);
        if ((source == null) == (target == null)) {
            throw new InvalidArgument("one side is a file here and the other SANDBOX:PATH");
        }
        Progress.during(ask, "copying", () -> copy(source, target));
        ask.say(files + (files == 1 ? " file, " : " files, ") + bytes + " bytes");
        ask.value(new JsonObject().put("files", files).put("bytes", bytes));
        return 0;
    }

    private void copy(Remote source, Remote target) {
        try {
            if (source == null) upload(Path.of(from), target);
            else download(source, Path.of(to));
        } catch (IOException e) {
            throw new UncheckedIOException("copying failed", e);
        }
    }

    private void upload(Path source, Remote target) throws IOException {
        if (!java.nio.file.Files.exists(source)) throw new InvalidArgument(source + " is not there");
        Files remote = ask.client().at(target.id()).files().as(user);
        boolean into = target.path().isEmpty() || target.path().endsWith("/")
                || remote.exists(target.path()) && remote.info(target.path()).directory();
        String base = into ? target.path() + (target.path().isEmpty() || target.path().endsWith("/") ? "" : "/") + source.toAbsolutePath().normalize().getFileName() : target.path();
        try (Stream<Path> all = java.nio.file.Files.walk(source, DEPTH_MAX)) {
            for (Path file : (Iterable<Path>) all.filter(java.nio.file.Files::isRegularFile)::iterator) {
                String rest = source.relativize(file).toString();
                bytes += remote.upload(file, rest.isEmpty() ? base : base + "/" + rest);
                files++;
            }
        }
    }

    private void download(Remote source, Path target) throws IOException {
        Files remote = ask.client().at(source.id()).files().as(user);
        Path base = java.nio.file.Files.isDirectory(target)
                ? target.resolve(Path.of(source.path()).getFileName().toString())
                : target;
        if (!remote.info(source.path()).directory()) {
            bytes += remote.download(source.path(), base);
            files++;
            return;
        }
        String root = source.path().replaceAll("/+$", "");
        List<Files.Entry> entries = remote.list(root, DEPTH_MAX);
        java.nio.file.Files.createDirectories(base);
        for (Files.Entry entry : entries) {
            Path local = base.resolve(entry.path().substring(entry.path().indexOf(root) + root.length() + 1)).normalize();
            // A sandbox is not trusted: no name in it may lead out of the directory that was asked for.
            if (!local.startsWith(base.normalize())) throw new InvalidArgument("'" + entry.path() + "' leads out of " + base);
            if (entry.directory()) {
                java.nio.file.Files.createDirectories(local);
            } else {
                java.nio.file.Files.createDirectories(local.getParent());
                bytes += remote.download(entry.path(), local);
                files++;
            }
        }
    }
}
