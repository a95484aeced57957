package dev.declaw.sdk;

import dev.declaw.sdk.internal.Events;
import dev.declaw.sdk.json.JsonObject;
import java.util.Optional;
import java.util.function.Consumer;

/// Changes of a directory. One thread reads; any thread may close, which ends the read.
public final class Watch implements AutoCloseable {
    private final Events events;
    private volatile boolean closed;

    Watch(Events events) {
        this.events = events;
    }

    /// @param type `create`, `write`, `remove`, `rename`, `chmod`, or `overflow`: look at the directory again
    /// @param oldPath where a renamed entry was
    public record Change(String type, String path, Optional<String> oldPath, boolean directory) {}

    /// Waits for the next change; empty when the directory is gone or this was closed.
    public Optional<Change> next() {
        while (true) {
            Optional<Events.Event> event = events.next();
            if (event.isEmpty()) {
                if (closed) return Optional.empty();
                throw Events.cutOff("the watch");
            }
            JsonObject data = event.get().data();
            if (event.get().name().equals("end")) return Optional.empty();
            if (data.has("error")) throw new DeclawException(data.text("error"), data.text("code"), 0, "");
            if (data.has("type")) {
                return Optional.of(new Change(
                        data.text("type"), data.text("path"), data.optionalText("old_path"), data.flag("is_dir")));
            }
        }
    }

    /// Passes each change on until the directory is gone or this is closed, on this thread.
    public void drain(Consumer<Change> listener) {
        for (Optional<Change> change = next(); change.isPresent(); change = next()) listener.accept(change.get());
    }

    @Override
    public void close() {
        closed = true;
        events.close();
    }
}
