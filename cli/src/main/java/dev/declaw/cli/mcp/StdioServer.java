package dev.declaw.cli.mcp;

import dev.declaw.sdk.Declaw;
import dev.declaw.sdk.json.JsonException;
import dev.declaw.sdk.json.JsonObject;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// The protocol over lines of JSON (transport `stdio`): one client, which is whoever started the program. One thread reads;
/// answers are written whole, one at a time.
public final class StdioServer {
    private static final int LINE_CHARS_MAX = 16 * 1024 * 1024;
    private static final int END_SECONDS_MAX = 5;

    private final Declaw client;
    private final Settings settings;

    public StdioServer(Declaw client, Settings settings) {
        this.client = client;
        this.settings = settings;
    }

    /// Serves until the input ends. The sandboxes of the client end with it.
    public void serve(Reader in, PrintStream out) {
        Set<CompletableFuture<?>> answers = ConcurrentHashMap.newKeySet();
        try (Sandboxes sandboxes = new Sandboxes(client, settings);
                Session session = new Session(new Tools(sandboxes))) {
            Runtime.getRuntime().addShutdownHook(new Thread(sandboxes::close, "end")); // a signal ends the sandboxes too
            for (String line; (line = line(in)) != null; ) {
                if (line.isBlank()) continue;
                if (line.length() > LINE_CHARS_MAX) {
                    String why = "a message is longer than " + LINE_CHARS_MAX + " characters";
                    write(out, Session.failure(null, Session.INVALID_REQUEST, why));
                    continue;
                }
                CompletableFuture<?> answer = take(session, line, out);
                answers.add(answer);
                answer.whenComplete((done, failure) -> answers.remove(answer));
            }
            CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).get(END_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException("the input broke", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // The client has hung up, so what still runs is ended with the session.
        }
    }

    /// The next line; null at the end. What is over the limit is read and thrown away.
    private static String line(Reader in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c; (c = in.read()) != '\n'; ) {
            if (c < 0) return line.isEmpty() ? null : line.toString();
            if (line.length() <= LINE_CHARS_MAX) line.append((char) c);
        }
        return line.toString();
    }

    private static CompletableFuture<?> take(Session session, String line, PrintStream out) {
        JsonObject message;
        try {
            message = JsonObject.parse(line);
        } catch (JsonException e) {
            write(out, Session.failure(null, Session.PARSE_ERROR, e.getMessage()));
            return CompletableFuture.completedFuture(null);
        }
        if (Session.isRequest(message)) return session.ask(message).thenAccept(answer -> write(out, answer));
        session.take(message);
        return CompletableFuture.completedFuture(null);
    }

    private static void write(PrintStream out, JsonObject message) {
        synchronized (out) {
            out.print(message + "\n");
            out.flush();
        }
    }
}
