package dev.declaw.runtime.template;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// The kernel modules that a guest needs before it has a disk, and those with which its agent ends connections, in the order in which they must be loaded. A driver that is
/// built into the kernel has no file and needs none.
final class KernelModules {
    /// virtio_ring comes before virtio although neither names the other as a dependency: some builds fail otherwise.
    private static final List<String> WANTED =
            List.of("virtio_ring", "virtio", "virtio_mmio", "virtio_blk", "virtio_net", "virtio-rng", "inet_diag", "tcp_diag");

    private static final byte[] DEPENDS = "\0depends=".getBytes(StandardCharsets.US_ASCII);

    private KernelModules() {}

    /// Uncompressed modules by name, in load order.
    ///
    /// @param tree the directory `lib/modules/<version>` of a kernel package
    /// @throws IOException when a module names a dependency that is neither there nor built in
    static Map<String, byte[]> collect(Path tree) throws IOException {
        Map<String, Path> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(tree)) {
            all.filter(path -> path.getFileName().toString().matches(".+\\.ko(\\.xz|\\.zst)?"))
                    .forEach(path -> files.put(name(path.getFileName().toString()), path));
        }
        Map<String, byte[]> ordered = new LinkedHashMap<>();
        for (String wanted : WANTED) {
            if (files.containsKey(name(wanted))) {
                add(name(wanted), files, ordered);
            }
        }
        return ordered;
    }

    /// The kernel treats `-` and `_` in a module's name alike.
    private static String name(String file) {
        return file.replaceFirst("\\.ko(\\.xz|\\.zst)?$", "").replace('-', '_');
    }

    private static void add(String module, Map<String, Path> files, Map<String, byte[]> ordered) throws IOException {
        if (ordered.containsKey(module)) {
            return;
        }
        Path file = files.get(module);
        if (file == null) {
            throw new IOException("the kernel package lacks the module " + module);
        }
        byte[] content = read(file);
        for (String dependency : depends(content)) {
            add(name(dependency), files, ordered);
        }
        ordered.put(module, content);
    }

    private static byte[] read(Path file) throws IOException {
        String path = file.toString();
        if (path.endsWith(".ko")) {
            return Files.readAllBytes(file);
        }
        String program = path.endsWith(".xz") ? "xz" : "zstd";
        return Exec.run(Command.of(program, "-d", "-c", "-q", path).withOutputBytesMax(64 << 20))
                .stdout();
    }

    /// The names in the `depends=` entry of the module's `.modinfo` section, a list of NUL-terminated strings.
    static List<String> depends(byte[] module) {
        for (int at = 0; at + DEPENDS.length < module.length; at++) {
            int matched = 0;
            while (matched < DEPENDS.length && module[at + matched] == DEPENDS[matched]) {
                matched++;
            }
            if (matched == DEPENDS.length) {
                int start = at + matched;
                int end = start;
                while (end < module.length && module[end] != 0) {
                    end++;
                }
                String names = new String(module, start, end - start, StandardCharsets.US_ASCII);
                return names.isEmpty() ? List.of() : List.of(names.split(","));
            }
        }
        return List.of();
    }
}
