package dev.declaw.server.api;

import java.util.List;

/// Errors of `commands/stream` for the Python client, which never looks at the status: a 4xx would look like a command that
/// succeeded without output (wire-api 4.3). It is told in the stream itself.
final class StreamedErrors {
    private static final int EXIT_CODE = 1;

    private StreamedErrors() {}

    static boolean apply(HttpCall call) {
        List<String> path = call.segments();
        boolean stream = call.method().equals("POST")
                && path.size() == 4
                && path.get(0).equals("sandboxes")
                && path.get(2).equals("commands")
                && path.get(3).equals("stream");
        return stream && call.keyHeaderOnly();
    }

    static void send(HttpCall call, Errors.Answer error) {
        EventStream stream = EventStream.open(call);
        stream.event("error", Json.object().put("error", error.body().path("message").textValue()));
        stream.event("exit", Json.object().put("exit_code", EXIT_CODE));
        stream.close();
    }
}
