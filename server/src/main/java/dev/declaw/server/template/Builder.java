package dev.declaw.server.template;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient.ProcessSpec;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.guest.GuestProcess.Event;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.guest.ProcessRef;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.Scope;
import dev.declaw.server.lifecycle.CreateSandbox;
import dev.declaw.server.lifecycle.LiveSandbox;
import dev.declaw.server.lifecycle.Sandboxes;
import dev.declaw.server.lifecycle.TemplateSource;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/// The machine that a template is built in: a sandbox of the tenant under the build's policy. Used by one thread; closing
/// ends the sandbox.
final class Builder implements AutoCloseable {
    private static final String ROOT = "root";
    private static final int STDIN_BYTES = 512 * 1024;
    private static final Duration HOUSEKEEPING_DEADLINE = Duration.ofMinutes(5);

    private final Sandboxes sandboxes;
    private final String owner;
    private final String id;

    /// How a command ended.
    ///
    /// @param exitCode 124 when its time was over
    record Ended(int exitCode, boolean timedOut) {
        boolean succeeded() {
            return exitCode == 0;
        }
    }

    private Builder(Sandboxes sandboxes, String owner, String id) {
        this.sandboxes = sandboxes;
        this.owner = owner;
        this.id = id;
    }

    /// @param buildId stands in the sandbox's metadata
    /// @param life after which the sandbox ends by itself
    static Builder start(
            Sandboxes sandboxes,
            String owner,
            String buildId,
            TemplateSource.Start from,
            BuildEgress egress,
            Map<String, String> variables,
            Duration life) {
        CreateSandbox request = new CreateSandbox(
                from.name(),
                Math.max(1, life.toSeconds()),
                true,
                Map.of("declaw.build", buildId),
                variables,
                Optional.of(egress.network()),
                Optional.of(egress.security()),
                Optional.empty());
        return new Builder(sandboxes, owner, sandboxes.createBuilder(owner, request, from).info().id());
    }

    String id() {
        return id;
    }

    /// Runs a line of the shell to its end and gives each line that it writes to the log.
    Ended run(
            String command,
            String user,
            Optional<String> directory,
            Map<String, String> variables,
            Duration timeout,
            Consumer<String> log) {
        return with(sandbox -> {
            ProcessSpec spec = new ProcessSpec(command, user, directory, variables, Optional.of(timeout), false);
            try (GuestProcess process = sandbox.guest().start(spec)) {
                Ended ended = follow(process, log);
                sandbox.guest().kill(process.pid()); // what it left in its process group
                return ended;
            }
        });
    }

    /// Runs a line as root that belongs to the build itself.
    ///
    /// @throws PlatformFailure.Unprocessable when it fails
    void housekeep(String command, Map<String, String> variables) {
        StringBuilder output = new StringBuilder();
        Ended ended = run(command, ROOT, Optional.of("/"), variables, HOUSEKEEPING_DEADLINE, line -> {
            if (output.length() < 4096) output.append(line).append('\n');
        });
        if (!ended.succeeded()) {
            throw new PlatformFailure.Unprocessable(
                    "template_unfit", "the template's own programs do not do what a build needs: " + output.toString().strip());
        }
    }

    private static Ended follow(GuestProcess process, Consumer<String> log) {
        Lines out = new Lines(log);
        Lines err = new Lines(log);
        while (true) {
            switch (process.next()) {
                case Event.Stdout(byte[] bytes) -> out.take(bytes);
                case Event.Stderr(byte[] bytes) -> err.take(bytes);
                case Event.KeepAlive() -> {}
                case Event.Exited exited -> {
                    out.end();
                    err.end();
                    return new Ended(exited.exitCode(), exited.timedOut());
                }
            }
        }
    }

    /// Unpacks a tar stream below `/`.
    ///
    /// @param content writes the stream
    Ended unpack(Content content, Duration timeout, Consumer<String> log) {
        return with(sandbox -> {
            GuestClient guest = sandbox.guest();
            ProcessSpec spec = new ProcessSpec(
                    "exec tar -x -p --numeric-owner --keep-directory-symlink --no-overwrite-dir -C / -f -",
                    ROOT, Optional.of("/"), Map.of(), Optional.of(timeout), true);
            try (GuestProcess process = guest.start(spec)) {
                ProcessRef tar = ProcessRef.pid(process.pid());
                try (OutputStream out = new BufferedOutputStream(new Stdin(guest, tar), STDIN_BYTES)) {
                    content.write(out);
                } catch (PlatformFailure.Conflict closed) {
                    log.accept("tar took no more: " + closed.getMessage()); // its exit says why
                } catch (IOException e) {
                    throw new PlatformFailure.InternalFailure("a build context could not be read", e);
                }
                return follow(process, log);
            }
        });
    }

    /// What is written to a stream.
    interface Content {
        void write(OutputStream out) throws IOException;
    }

    /// Standard input of a process in the guest.
    private static final class Stdin extends OutputStream {
        private final GuestClient guest;
        private final ProcessRef process;

        Stdin(GuestClient guest, ProcessRef process) {
            this.guest = guest;
            this.process = process;
        }

        @Override
        public void write(int one) {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            guest.writeStdin(process, java.util.Arrays.copyOfRange(bytes, offset, offset + length));
        }

        @Override
        public void close() {
            guest.closeStdin(process);
        }
    }

    /// A process that outlives the build: it runs in every sandbox of the template.
    final class Started {
        private final AtomicReference<Ended> ended = new AtomicReference<>();

        /// How it ended; empty while it runs.
        Optional<Ended> ended() {
            return Optional.ofNullable(ended.get());
        }
    }

    /// Starts a line of the shell and follows it as long as the machine lives.
    Started launch(
            String command, String user, Optional<String> directory, Map<String, String> variables, Consumer<String> log) {
        Started started = new Started();
        GuestProcess process = with(sandbox -> sandbox.guest()
                .start(new ProcessSpec(command, user, directory, variables, Optional.empty(), false)));
        Thread.ofVirtual().name("start-command-" + id).start(() -> {
            try (process) {
                started.ended.set(follow(process, log));
            } catch (PlatformFailure theMachineEnded) {
                // it was saved, or the build failed
            }
        });
        return started;
    }

    /// Everything on the disk until now, under this id.
    void saveDisk(String artifact) {
        housekeep("sync", Map.of());
        with(sandbox -> {
            sandbox.saveDisk(artifact);
            return null;
        });
    }

    /// The whole machine, under this id; only [#close] may follow.
    void saveMachine(String artifact) {
        with(sandbox -> {
            sandbox.saveMachine(artifact);
            return null;
        });
    }

    private <T> T with(java.util.function.Function<LiveSandbox, T> work) {
        return sandboxes.use(new Caller(owner, "builds", "template build", Set.of(Scope.SANDBOXES), Optional.empty()), id, work);
    }

    @Override
    public void close() {
        try {
            sandboxes.kill(owner, id);
        } catch (PlatformFailure.NotFound forgotten) {
            // it ended long ago
        }
    }

    static Map<String, String> variables(Step step) {
        Map<String, String> all = new HashMap<>(step.args());
        all.putAll(step.config().env());
        return all;
    }

    /// Cuts output into lines; a carriage return begins a line anew, as progress bars do.
    private static final class Lines {
        private static final int LINE_CHARS_MAX = 8192;

        private final CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .onUnmappableCharacter(CodingErrorAction.REPLACE);
        private final StringBuilder line = new StringBuilder();
        private final Consumer<String> log;
        private ByteBuffer undecoded = ByteBuffer.allocate(0);
        private boolean returned;

        Lines(Consumer<String> log) {
            this.log = log;
        }

        void take(byte[] chunk) {
            ByteBuffer in = ByteBuffer.allocate(undecoded.remaining() + chunk.length);
            in.put(undecoded).put(chunk).flip();
            CharBuffer out = CharBuffer.allocate(in.remaining() + 2);
            decoder.decode(in, out, false);
            undecoded = in;
            out.flip();
            while (out.hasRemaining()) take(out.get());
        }

        private void take(char c) {
            if (c == '\n') {
                send();
                return;
            }
            if (returned) line.setLength(0);
            returned = c == '\r';
            if (!returned) line.append(c);
            if (line.length() >= LINE_CHARS_MAX) send();
        }

        private void send() {
            log.accept(line.toString());
            line.setLength(0);
            returned = false;
        }

        void end() {
            if (!line.isEmpty()) send();
        }
    }
}
