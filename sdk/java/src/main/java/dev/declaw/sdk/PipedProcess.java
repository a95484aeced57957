package dev.declaw.sdk;

import dev.declaw.sdk.internal.Events;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.internal.Query;
import dev.declaw.sdk.json.JsonObject;
import java.util.Base64;

/// A process with separate pipes, byte for byte: MCP servers, language servers, interpreters. It lives until it ends, is
/// killed, or the sandbox ends; the server keeps the newest output, so that reading can begin again. Thread-safe.
public final class PipedProcess {
    private final Http http;
    private final String path;
    private final String id;

    PipedProcess(Http http, String sandbox, String id) {
        this.http = http;
        this.path = sandbox + "/stdio/" + id;
        this.id = id;
    }

    public String id() {
        return id;
    }

    /// What it prints, from the first byte that the server has kept.
    public OutputStreamed output() {
        return output(0);
    }

    /// What came after a stream that broke off.
    public OutputStreamed outputAfter(OutputStreamed former) {
        return output(former.lastEntry());
    }

    private OutputStreamed output(long lastEntry) {
        Query query = new Query().with("last_entry_id", lastEntry > 0 ? lastEntry : null);
        return new OutputStreamed(new Events(http.open(Call.of("GET", path + "/stream" + query))), "the process", true);
    }

    public void write(byte[] bytes) {
        JsonObject body = new JsonObject().put("data", Base64.getEncoder().encodeToString(bytes));
        http.send(Call.of("POST", path + "/stdin").with(body));
    }

    /// It reads an end of file. Safe to repeat.
    public void closeInput() {
        http.send(Call.of("POST", path + "/stdin/close").asRepeatable());
    }

    /// @return false when it had ended
    public boolean kill() {
        return http.send(Call.of("DELETE", path)).flag("killed");
    }
}
