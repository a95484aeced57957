package dev.declaw.server.fake;

import dev.declaw.runtime.guest.GuestClient.ProcessSpec;
import dev.declaw.runtime.guest.GuestClient.ProcessTag;
import dev.declaw.runtime.guest.GuestClient.TerminalSize;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.guest.GuestProcess.Event;
import dev.declaw.runtime.guest.ProcessRef;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/// A process of [FakeGuest]: understands `echo`, `err`, `exit`, `sleep` (until killed), `cat`, `fill N`, `raw BASE64`, `hang`
/// (silent for good), `flood` (writes as fast as it is read), and `timeout`, joined by `;`. A terminal prints a prompt and echoes what is typed, until `exit`.
final class FakeProcess {
    static volatile int keepAliveMillis = 20;
    private static final int FLOOD_BYTES = 65536;

    final int pid;
    final String command;
    final ProcessRef.Kind kind;
    final String tag;
    final String fingerprint;
    private final List<Event> events = new ArrayList<>();
    private final Map<String, String> environment;
    private boolean ended;
    private boolean reading;

    FakeProcess(int pid, ProcessSpec spec, Map<String, String> environment) {
        this.pid = pid;
        this.kind = spec.kind();
        this.command = kind == ProcessRef.Kind.PTY ? "/bin/bash -l" : spec.command();
        this.tag = spec.tag().map(ProcessTag::name).orElse("");
        this.fingerprint = spec.tag().map(ProcessTag::fingerprint).orElse("");
        this.environment = environment;
        if (kind == ProcessRef.Kind.PTY) {
            reading = true;
            resized(spec.terminal().orElseThrow());
            return;
        }
        for (String part : command.split(";")) {
            if (!ended && !reading) run(part.strip());
        }
        if (!ended && !reading) end(0, false);
    }

    private void run(String part) {
        String[] words = part.split(" ", 2);
        String rest = words.length > 1 ? words[1] : "";
        switch (words[0]) {
            case "echo" -> add(new Event.Stdout((expand(rest) + "\n").getBytes(StandardCharsets.UTF_8)));
            case "err" -> add(new Event.Stderr((rest + "\n").getBytes(StandardCharsets.UTF_8)));
            case "raw" -> add(new Event.Stdout(Base64.getDecoder().decode(rest)));
            case "fill" -> add(new Event.Stdout("x".repeat(Integer.parseInt(rest)).getBytes(StandardCharsets.UTF_8)));
            case "exit" -> end(Integer.parseInt(rest), false);
            case "timeout" -> end(124, true);
            case "chmod", "true", "sync", "mkdir", "resize2fs" -> {} // the first is done by the guest
            case "exec" -> reading = true; // tar, which reads its input to the end
            case "sleep", "cat", "flood" -> reading = true;
            default -> {
                add(new Event.Stderr(("not found: " + part + "\n").getBytes(StandardCharsets.UTF_8)));
                end(127, false);
            }
        }
    }

    private String expand(String text) {
        String out = text;
        for (var variable : environment.entrySet()) out = out.replace("$" + variable.getKey(), variable.getValue());
        return out;
    }

    synchronized void input(byte[] bytes) {
        if (command.startsWith("cat") || kind == ProcessRef.Kind.PTY) add(new Event.Stdout(bytes));
        if (kind == ProcessRef.Kind.PTY && new String(bytes, StandardCharsets.UTF_8).startsWith("exit")) end(0, false);
    }

    synchronized void inputEnds() {
        if ((command.startsWith("cat") || command.startsWith("exec tar")) && !ended) end(0, false);
    }

    synchronized void resized(TerminalSize size) {
        add(new Event.Stdout((size.columns() + "x" + size.rows() + "$ ").getBytes(StandardCharsets.UTF_8)));
    }

    synchronized boolean kill() {
        if (ended) return false;
        end(137, false);
        return true;
    }

    synchronized boolean ended() {
        return ended;
    }

    private synchronized void add(Event event) {
        events.add(event);
        notifyAll();
    }

    private synchronized void end(int code, boolean timedOut) {
        ended = true;
        add(new Event.Exited(code, timedOut, false));
    }

    private synchronized Event at(FakeGuest guest, int index) {
        if (command.equals("flood") && !ended) {
            guest.flooded.addAndGet(FLOOD_BYTES);
            return new Event.Stdout(new byte[FLOOD_BYTES]);
        }
        try {
            if (events.size() <= index) wait(keepAliveMillis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return events.size() > index ? events.get(index) : new Event.KeepAlive();
    }

    private static int size(Event event) {
        return switch (event) {
            case Event.Stdout(byte[] bytes) -> bytes.length;
            case Event.Stderr(byte[] bytes) -> bytes.length;
            default -> 0;
        };
    }

    /// Resumes only behind whole events, which is what the tests ask for.
    GuestProcess follow(FakeGuest guest, long after) {
        return new GuestProcess() {
            private int next;
            private long position;

            @Override
            public long position() {
                return position;
            }

            @Override
            public int pid() {
                return pid;
            }

            @Override
            public Event next() {
                guest.requireAnswering();
                while (true) {
                    Event event = at(guest, next);
                    if (!(event instanceof Event.KeepAlive) && !command.equals("flood")) next++;
                    position += size(event);
                    if (size(event) == 0 || position > after) return event;
                }
            }

            @Override
            public void close() {}
        };
    }
}
