package dev.declaw.sdk;

import dev.declaw.sdk.internal.Events;
import dev.declaw.sdk.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/// Output of a running process, piece by piece, until it ends. One thread iterates; any thread may close, which ends the
/// iteration. After the last piece [#exitCode] is there.
///
/// ```java
/// try (OutputStreamed output = sandbox.commands().stream("make")) {
///     for (Output piece : output) System.out.print(piece.text());
///     System.out.println(output.exitCode().getAsInt());
/// }
/// ```
public final class OutputStreamed implements Iterable<Output>, AutoCloseable {
    private final Events events;
    private final String what;
    private final boolean base64;
    private volatile boolean closed;
    private volatile OptionalInt exitCode = OptionalInt.empty();
    private long lastEntry;

    OutputStreamed(Events events, String what, boolean base64) {
        this.events = events;
        this.what = what;
        this.base64 = base64;
    }

    /// Can be iterated over once.
    ///
    /// @throws DeclawException.ConnectionFailed from the iterator, when the stream ends before the process does
    @Override
    public Iterator<Output> iterator() {
        return new Iterator<>() {
            private Optional<Output> next;

            @Override
            public boolean hasNext() {
                if (next == null) next = read();
                return next.isPresent();
            }

            @Override
            public Output next() {
                if (!hasNext()) throw new NoSuchElementException();
                Output piece = next.orElseThrow();
                next = null;
                return piece;
            }
        };
    }

    /// The next piece; empty when the process has ended or this was closed.
    public Optional<Output> read() {
        while (exitCode.isEmpty()) {
            Optional<Events.Event> event = events.next();
            if (event.isEmpty()) {
                if (closed) return Optional.empty();
                throw Events.cutOff(what);
            }
            JsonObject data = event.get().data();
            if (data.has("exit_code")) {
                exitCode = OptionalInt.of((int) data.number("exit_code"));
                close();
            } else if (data.has("error")) {
                throw new DeclawException(data.text("error"), data.optionalText("code").orElse("command_error"), 0, "");
            } else if (data.has("data")) {
                lastEntry = Math.max(lastEntry, data.number("entry_id"));
                String stream = data.optionalText("type").orElse(event.get().name());
                return Optional.of(new Output(
                        stream.equals("stderr") ? Output.Stream.STDERR : Output.Stream.STDOUT, bytes(data.text("data"))));
            }
        }
        return Optional.empty();
    }

    private byte[] bytes(String data) {
        return base64 ? Base64.getDecoder().decode(data) : data.getBytes(StandardCharsets.UTF_8);
    }

    /// Passes each piece on until the end, on this thread.
    ///
    /// @return the exit code; empty when this was closed before
    public OptionalInt drain(Consumer<Output> listener) {
        for (Output piece : this) listener.accept(piece);
        return exitCode;
    }

    /// How it ended; empty before its end was read.
    public OptionalInt exitCode() {
        return exitCode;
    }

    long lastEntry() {
        return lastEntry;
    }

    @Override
    public void close() {
        closed = true;
        events.close();
    }
}
