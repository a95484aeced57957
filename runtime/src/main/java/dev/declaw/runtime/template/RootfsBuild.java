package dev.declaw.runtime.template;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Builds the base disk of a template: an ext4 image that is never written again.
///
/// mmdebstrap(1) runs in its own mount and PID namespaces: however it ends, no mount and no process of it is left, and what
/// is removed afterwards can only be its files.
final class RootfsBuild {
    static final String DISK = "disk.ext4";
    static final String PACKAGES = "packages.txt";

    /// Raise when the builder makes something else of the same inputs.
    static final String FORMAT = "rootfs-1";

    private static final Duration DOWNLOAD_DEADLINE = Duration.ofMinutes(15);
    private static final Duration IMAGE_DEADLINE = Duration.ofMinutes(3);
    private static final List<String> EXCLUDED = List.of(
            "/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*");

    private final TemplateDefinition definition;
    private final AptSources sources;
    private final Consumer<String> progress;

    RootfsBuild(TemplateDefinition definition, AptSources sources, Consumer<String> progress) {
        this.definition = definition;
        this.sources = sources;
        this.progress = progress;
    }

    void into(Path directory) throws IOException {
        Path tree = directory.resolve("tree");
        Path sourcesFile = directory.resolve("apt.sources");
        Files.writeString(sourcesFile, sources.text());
        progress.accept("template " + definition.name() + ": installing " + definition.packages().size()
                + " packages of " + sources.release());
        Exec.run(
                Command.of(bootstrap(tree, sourcesFile)).withDeadline(DOWNLOAD_DEADLINE),
                line -> {
                    if (line.startsWith("I: ")) {
                        progress.accept("template " + definition.name() + ": " + line.substring(3));
                    }
                });
        Files.writeString(
                directory.resolve(PACKAGES),
                Exec.run(Command.of("dpkg-query", "--admindir=" + tree.resolve("var/lib/dpkg"), "-W"))
                        .text());
        finish(tree);
        progress.accept("template " + definition.name() + ": writing the disk image");
        Path disk = directory.resolve(DISK);
        Exec.run(Command.of(
                        "mkfs.ext4", "-q", "-F", "-d", tree.toString(), "-O", "^has_journal", "-m", "0", "-L", "rootfs",
                        disk.toString(), definition.diskMib() + "M")
                .withDeadline(IMAGE_DEADLINE));
        Exec.run(Command.of("rm", "-rf", "--one-file-system", "--", tree.toString()).withDeadline(IMAGE_DEADLINE));
        Files.delete(sourcesFile);
    }

    private List<String> bootstrap(Path tree, Path sourcesFile) {
        List<String> command = new ArrayList<>(List.of(
                "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--",
                "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", "--skip=check/empty",
                "--include=" + String.join(",", definition.packages()),
                "--aptopt=Apt::Install-Recommends \"false\"",
                "--aptopt=Acquire::Languages \"none\"",
                "--dpkgopt=force-unsafe-io"));
        EXCLUDED.forEach(path -> command.add("--dpkgopt=path-exclude=" + path));
        acquireOptions().forEach(option -> command.add("--aptopt=" + option));
        String user = definition.userName();
        command.add("--customize-hook=chroot \"$1\" useradd --create-home --user-group --shell /bin/bash --uid "
                + definition.userId() + " " + user);
        definition.directories()
                .forEach(path -> command.add(
                        "--customize-hook=chroot \"$1\" install -d -o " + user + " -g " + user + " " + path));
        command.addAll(List.of(sources.release(), tree.toString(), sourcesFile.toString()));
        return command;
    }

    /// How this machine's apt reaches its mirrors (proxies, date checks): mmdebstrap does not read the host's apt.conf.
    private static List<String> acquireOptions() {
        return Exec.run(Command.of("apt-config", "dump"))
                .text()
                .lines()
                .filter(line -> line.matches(
                        "Acquire::(Check-Valid-Until|Check-Date|Retries|https?::(Proxy|Timeout)[^ ]*) \"[^\"]*\";"))
                .toList();
    }

    /// What concerns only the build goes; what the guest needs and no package brings comes.
    private void finish(Path tree) throws IOException {
        Files.deleteIfExists(tree.resolve("etc/apt/apt.conf.d/99mmdebstrap"));
        Files.writeString(tree.resolve("etc/hostname"), "sandbox\n");
        Files.writeString(tree.resolve("etc/hosts"), "127.0.0.1 localhost sandbox\n::1 localhost\n");
        Files.deleteIfExists(tree.resolve("etc/resolv.conf"));
        Files.writeString(tree.resolve("etc/resolv.conf"), "nameserver 10.0.0.1\n");
        Path sudoers = tree.resolve("etc/sudoers.d/" + definition.userName());
        if (Files.isDirectory(sudoers.getParent())) {
            Files.writeString(sudoers, definition.userName() + " ALL=(ALL:ALL) NOPASSWD: ALL\n");
            Exec.run(Command.of("chmod", "0440", sudoers.toString()));
        }
        if (sources.text().contains("@")) {
            // A mirror's password is the host's business: the guest gets no sources at all then.
            Exec.run(Command.of("rm", "-rf", "--", tree.resolve("etc/apt/sources.list.d").toString(),
                    tree.resolve("etc/apt/sources.list").toString()));
        }
    }
}
