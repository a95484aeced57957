package dev.declaw.sdk;

import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.json.JsonObject;

/// A command in the background. Thread-safe.
public final class CommandHandle {
    private final Http http;
    private final String path;
    private final long pid;

    CommandHandle(Http http, String commands, long pid) {
        this.http = http;
        this.path = commands + "/" + pid;
        this.pid = pid;
    }

    public long pid() {
        return pid;
    }

    /// Waits for its end, as often as you like, also afterwards.
    public CommandResult await() {
        return Commands.result(http.send(Call.of("GET", path + "/wait").within(Http.LONG_MAX)));
    }

    /// Writes text to its standard input; adds no newline.
    public void write(String text) {
        http.send(Call.of("POST", path + "/stdin").with(new JsonObject().put("data", text)));
    }

    /// Ends it with SIGKILL.
    ///
    /// @return false when it had ended
    public boolean kill() {
        return http.send(Call.of("DELETE", path)).flag("killed");
    }
}
