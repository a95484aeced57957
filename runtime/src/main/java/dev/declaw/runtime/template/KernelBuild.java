package dev.declaw.runtime.template;

import dev.declaw.linux.Command;
import dev.declaw.linux.CommandFailedException;
import dev.declaw.linux.Exec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Gets the guest's kernel: the newest one of the distribution's packages for virtual machines, unpacked but not
/// installed on the host.
final class KernelBuild {
    static final String KERNEL = "vmlinux";
    static final String MODULES = "modules";
    static final String ORDER = "order";
    static final String PACKAGE = "package.txt";

    /// Raise when the builder makes something else of the same inputs.
    static final String FORMAT = "kernel-2";

    /// Meta packages whose dependency is the newest kernel: Debian's, then Ubuntu's.
    private static final List<String> META_PACKAGES =
            List.of("linux-image-cloud-amd64", "linux-image-kvm", "linux-image-virtual");

    private static final Pattern IMAGE = Pattern.compile("\\blinux-image-[0-9][a-z0-9.+-]*");
    private static final Duration DOWNLOAD_DEADLINE = Duration.ofMinutes(10);

    private final Consumer<String> progress;

    KernelBuild(Consumer<String> progress) {
        this.progress = progress;
    }

    void into(Path directory) throws IOException {
        String name = newest();
        progress.accept("kernel: downloading " + name);
        Path download = Files.createDirectory(directory.resolve("download"));
        Path tree = Files.createDirectory(directory.resolve("tree"));
        for (String item : List.of(name, name.replace("linux-image-", "linux-modules-"))) {
            // Ubuntu keeps the modules in a package of their own.
            if (item.equals(name) || known(item)) {
                Exec.run(Command.of("apt-get", "download", "-q", item)
                        .withDirectory(download)
                        .withDeadline(DOWNLOAD_DEADLINE));
            }
        }
        try (Stream<Path> packages = Files.list(download)) {
            for (Path item : packages.sorted().toList()) {
                Exec.run(Command.of("dpkg-deb", "-x", item.toString(), tree.toString())
                        .withDeadline(DOWNLOAD_DEADLINE));
                Files.writeString(directory.resolve(PACKAGE), item.getFileName() + "\n");
            }
        }
        progress.accept("kernel: unpacking");
        KernelImage.extract(only(tree.resolve("boot"), "vmlinuz-"), directory.resolve(KERNEL));
        Map<String, byte[]> modules = KernelModules.collect(only(modulesRoot(tree), ""));
        Path moduleDirectory = Files.createDirectory(directory.resolve(MODULES));
        for (Map.Entry<String, byte[]> module : modules.entrySet()) {
            Files.write(moduleDirectory.resolve(module.getKey() + ".ko"), module.getValue());
        }
        Files.write(
                moduleDirectory.resolve(ORDER),
                modules.keySet().stream().map(module -> module + ".ko").toList());
        for (Path done : List.of(download, tree)) {
            Exec.run(Command.of("rm", "-rf", "--one-file-system", "--", done.toString()));
        }
    }

    private static Path modulesRoot(Path tree) {
        Path merged = tree.resolve("usr/lib/modules");
        return Files.isDirectory(merged) ? merged : tree.resolve("lib/modules");
    }

    private static Path only(Path directory, String prefix) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(path -> path.getFileName().toString().startsWith(prefix))
                    .findFirst()
                    .orElseThrow(() -> new IOException("the kernel package has nothing in " + directory.getFileName()));
        }
    }

    private String newest() throws IOException {
        Optional<String> found = lookUp();
        if (found.isEmpty()) {
            progress.accept("kernel: fetching the package lists");
            Exec.run(Command.of("apt-get", "update", "-q").withDeadline(DOWNLOAD_DEADLINE));
            found = lookUp();
        }
        return found.orElseThrow(() -> new IOException("apt knows none of the kernels " + META_PACKAGES
                + "; enable the distribution's main and security sources"));
    }

    private static Optional<String> lookUp() {
        for (String meta : META_PACKAGES) {
            if (known(meta)) {
                String text = Exec.run(Command.of("apt-cache", "show", "--no-all-versions", meta))
                        .text();
                Matcher matcher = IMAGE.matcher(text.lines()
                        .filter(line -> line.startsWith("Depends:"))
                        .findFirst()
                        .orElse(""));
                if (matcher.find()) {
                    return Optional.of(matcher.group());
                }
            }
        }
        return Optional.empty();
    }

    private static boolean known(String name) {
        try {
            return !Exec.run(Command.of("apt-cache", "show", "--no-all-versions", name)).text().isBlank();
        } catch (CommandFailedException unknown) {
            return false;
        }
    }
}
