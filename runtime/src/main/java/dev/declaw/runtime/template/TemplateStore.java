package dev.declaw.runtime.template;

import dev.declaw.runtime.storage.Digests;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The templates of this host and the kernel that they boot, built from definitions and kept under a cache directory. What is
/// kept is found by a digest of its inputs: another definition or other apt sources build another disk, another agent only
/// another initramfs. Newer packages alone build nothing; remove the cache to take them in.
public final class TemplateStore {
    private static final String ROOTFS = "rootfs";
    private static final String KERNEL = "kernel";
    private static final String BOOT = "boot";
    private static final String SNAPSHOT = "snapshot";
    private static final String INITRAMFS = "initramfs.cpio";
    private static final String BOOT_FORMAT = "boot-1";
    private static final int EXECUTABLE = 0755;
    private static final int READABLE = 0644;

    private final BuildCache cache;
    private final Path envdBinary;
    private final Path machineRoot;

    /// @param cacheDirectory where results are kept
    /// @param envdBinary the guest agent
    public TemplateStore(Path cacheDirectory, Path envdBinary) {
        this(cacheDirectory, envdBinary, Path.of("/"));
    }

    TemplateStore(Path cacheDirectory, Path envdBinary, Path machineRoot) {
        this.cache = new BuildCache(cacheDirectory);
        this.envdBinary = envdBinary;
        this.machineRoot = machineRoot;
    }

    /// Names of the templates that come with the product.
    public List<String> names() {
        return List.of("base");
    }

    /// Builds what is missing; each line of progress ends in the seconds since the start.
    public void prepare(Consumer<String> progress) throws IOException {
        long start = System.nanoTime();
        Consumer<String> timed = line -> progress.accept(line + " ("
                + Duration.ofNanos(System.nanoTime() - start).toSeconds() + " s)");
        bootImage(timed);
        for (String name : names()) {
            rootfs(TemplateDefinition.builtIn(name), timed);
        }
    }

    /// The built template of this name; empty when there is none or it has not been built yet.
    public Optional<Template> find(String name) throws IOException {
        if (!names().contains(name)) {
            return Optional.empty();
        }
        TemplateDefinition definition = TemplateDefinition.builtIn(name);
        String key = rootfsKey(definition, AptSources.read(machineRoot));
        if (!cache.has(ROOTFS, key)) {
            return Optional.empty();
        }
        Path directory = cache.path(ROOTFS, key);
        return Optional.of(new Template(
                name,
                Digests.ofTexts(key, Files.readString(directory.resolve(RootfsBuild.PACKAGES))),
                directory.resolve(RootfsBuild.DISK),
                definition.vcpus(),
                definition.memoryMib(),
                definition.diskMib()));
    }

    /// Where saved machines of a template that boots this image lie, one directory each; it need not exist.
    public Path snapshots(Template template, BootImage image) {
        return cache.path(SNAPSHOT, Digests.ofTexts(template.digest(), image.digest()));
    }

    /// A directory below [#snapshots] that `existing` finds, or a new one of this name. The build fills a directory that
    /// is moved to its place afterwards; one build at a time on this machine.
    public Path snapshot(Path result, BuildCache.Finder existing, BuildCache.Build build) throws IOException {
        return cache.get(existing, result, build);
    }

    /// Kernel and initramfs, built when they are missing.
    public BootImage bootImage(Consumer<String> progress) throws IOException {
        if (!Files.isRegularFile(envdBinary)) {
            throw new IOException("the guest agent is missing: " + envdBinary + "; build it first");
        }
        String kernelKey = Digests.ofTexts(KernelBuild.FORMAT, AptSources.read(machineRoot).text());
        Path kernel = cache.get(KERNEL, kernelKey, new KernelBuild(progress)::into);
        String bootKey = Digests.ofTexts(BOOT_FORMAT, kernelKey, Digests.ofFile(envdBinary));
        Path boot = cache.get(BOOT, bootKey, directory -> {
            progress.accept("initramfs: packing the guest agent and the kernel's modules");
            writeInitramfs(kernel.resolve(KernelBuild.MODULES), directory.resolve(INITRAMFS));
        });
        return new BootImage(bootKey, kernel.resolve(KernelBuild.KERNEL), boot.resolve(INITRAMFS));
    }

    private void rootfs(TemplateDefinition definition, Consumer<String> progress) throws IOException {
        AptSources sources = AptSources.read(machineRoot);
        String key = rootfsKey(definition, sources);
        cache.get(ROOTFS, key, new RootfsBuild(definition, sources, progress)::into);
    }

    private static String rootfsKey(TemplateDefinition definition, AptSources sources) {
        return Digests.ofTexts(RootfsBuild.FORMAT, definition.toString(), sources.release(), sources.text());
    }

    private void writeInitramfs(Path modules, Path target) throws IOException {
        try (CpioArchive archive = new CpioArchive(new BufferedOutputStream(Files.newOutputStream(target)))) {
            for (String directory : List.of("dev", "proc", "sys", "root", "modules")) {
                archive.directory(directory, EXECUTABLE);
            }
            archive.file("init", EXECUTABLE, Files.readAllBytes(envdBinary));
            List<String> order = Files.readAllLines(modules.resolve(KernelBuild.ORDER));
            for (String module : order) {
                archive.file("modules/" + module, READABLE, Files.readAllBytes(modules.resolve(module)));
            }
            archive.file("modules/order", READABLE, Files.readAllBytes(modules.resolve(KernelBuild.ORDER)));
        }
    }
}
