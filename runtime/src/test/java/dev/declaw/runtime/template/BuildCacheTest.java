package dev.declaw.runtime.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.linux.HostProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BuildCacheTest {
    @TempDir
    private Path root;

    private List<String> names() throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            return entries.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aResultIsBuiltOnceAndKept() throws IOException {
        AtomicInteger builds = new AtomicInteger();
        for (int i = 0; i < 2; i++) {
            Path result = new BuildCache(root).get("kind", "key", directory -> {
                builds.incrementAndGet();
                Files.writeString(directory.resolve("file"), "content");
            });
            assertThat(result).isEqualTo(root.resolve("kind/key"));
            assertThat(result.resolve("file")).hasContent("content");
        }
        assertThat(builds).hasValue(1);
        assertThat(names()).containsExactly("kind", "lock");
    }

    @Test
    void aBuildThatFailsLeavesNothingAndIsTriedAgain() throws IOException {
        BuildCache cache = new BuildCache(root);
        assertThatThrownBy(() -> cache.get("kind", "key", directory -> {
                    Files.writeString(directory.resolve("half"), "");
                    throw new IOException("out of luck");
                }))
                .hasMessage("out of luck");
        assertThat(cache.has("kind", "key")).isFalse();
        assertThat(names()).containsExactly("kind", "lock");
        cache.get("kind", "key", directory -> {});
        assertThat(cache.has("kind", "key")).isTrue();
    }

    @Test
    void whatAnInterruptedBuildLeftIsEndedAndRemovedByTheNext() throws Exception {
        Path leftover = Files.createDirectory(root.resolve("tmp-of-a-dead-process"));
        Files.writeString(leftover.resolve("half"), "");
        Process program = Exec.startPiped(Command.of("tail", "-f", leftover.resolve("half").toString()));
        HostProcess running = HostProcess.of(program.pid()).orElseThrow();

        new BuildCache(root).get("kind", "key", directory -> {});

        assertThat(running.alive()).isFalse();
        assertThat(names()).containsExactly("kind", "lock");
    }

    @Test
    void twoBuildsAtATimeBecomeOne() throws Exception {
        AtomicInteger builds = new AtomicInteger();
        AtomicInteger running = new AtomicInteger();
        Callable<Path> build = () -> new BuildCache(root).get("kind", "key", directory -> {
            assertThat(running.incrementAndGet()).isEqualTo(1);
            builds.incrementAndGet();
            Exec.run(Command.of("sleep", "0.3"));
            running.decrementAndGet();
        });
        List<Future<Path>> results = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 4; i++) {
                results.add(threads.submit(build));
            }
        }
        for (Future<Path> result : results) {
            assertThat(result.get()).isDirectory();
        }
        assertThat(builds).hasValue(1);
    }
}
