package dev.declaw.runtime.guest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.runtime.guest.GuestClient.ProcessInfo;
import dev.declaw.runtime.guest.GuestClient.ProcessSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The calls about processes whose requests or answers need more than a line. Thread-safe.
final class ProcessCalls {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int STDIN_BYTES_MAX = 1 << 20;

    private final Exchange exchange;
    private final Duration deadline;
    private final Duration longDeadline;

    /// @param longDeadline for a process that reads its input slowly
    ProcessCalls(Exchange exchange, Duration deadline, Duration longDeadline) {
        this.exchange = exchange;
        this.deadline = deadline;
        this.longDeadline = longDeadline;
    }

    GuestProcess start(ProcessSpec spec) {
        byte[] body = body(spec, true).toString().getBytes(StandardCharsets.UTF_8);
        InputStream stream = exchange.stream("POST", "/processes", body, deadline);
        try {
            return FollowedProcess.started(stream);
        } catch (IOException failure) {
            closeQuietly(stream);
            throw Exchange.unreachable(failure);
        }
    }

    int launch(ProcessSpec spec) {
        try {
            return FrameReader.pid(
                    exchange.json("POST", "/processes", body(spec, false), deadline).path("pid"));
        } catch (IOException failure) {
            throw Exchange.unreachable(failure);
        }
    }

    private static ObjectNode body(ProcessSpec spec, boolean follow) {
        ObjectNode body = JSON.createObjectNode()
                .put("kind", spec.kind().wire())
                .put("cmd", spec.command())
                .put("user", spec.user())
                .put("cwd", spec.workingDirectory().orElse(""))
                .put("timeout_millis", spec.timeout().map(Duration::toMillis).orElse(0L))
                .put("stdin", spec.stdin())
                .put("follow", follow);
        spec.terminal().ifPresent(size -> body.putObject("terminal")
                .put("cols", size.columns())
                .put("rows", size.rows()));
        spec.tag().ifPresent(tag -> body.put("tag", tag.name()).put("fingerprint", tag.fingerprint()));
        ObjectNode environment = body.putObject("env");
        spec.environment().forEach(environment::put);
        return body;
    }

    GuestProcess follow(ProcessRef process, long after) {
        String target = process.target("events");
        if (after > 0) {
            target += (target.indexOf('?') < 0 ? "?" : "&") + "after=" + after;
        }
        int pid = Character.isDigit(process.name().charAt(0)) ? Integer.parseInt(process.name()) : 0;
        return FollowedProcess.of(pid, exchange.stream("GET", target, new byte[0], deadline));
    }

    List<ProcessInfo> list() {
        JsonNode list = exchange.json("GET", "/processes", null, deadline).path("processes");
        try {
            if (!list.isArray() || list.size() > WireLimits.PROCESSES_MAX) {
                throw new GuestProtocolException("not a list of processes");
            }
            List<ProcessInfo> processes = new ArrayList<>(list.size());
            for (JsonNode entry : list) {
                processes.add(new ProcessInfo(
                        FrameReader.pid(entry.path("pid")),
                        GuestText.clean(entry.path("cmd").asText(), WireLimits.TEXT_CHARACTERS_MAX),
                        kind(entry.path("kind").asText())));
            }
            return processes;
        } catch (IOException failure) {
            throw Exchange.unreachable(failure);
        }
    }

    private static ProcessRef.Kind kind(String wire) throws GuestProtocolException {
        return switch (wire) {
            case "", "command" -> ProcessRef.Kind.COMMAND;
            case "stdio" -> ProcessRef.Kind.STDIO;
            case "pty" -> ProcessRef.Kind.PTY;
            default -> throw new GuestProtocolException("a process of an unknown kind");
        };
    }

    void writeStdin(ProcessRef process, byte[] bytes) {
        int from = 0;
        do {
            byte[] part = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + STDIN_BYTES_MAX));
            exchange.bytes("POST", process.target("stdin"), part, longDeadline);
            from += part.length;
        } while (from < bytes.length);
    }

    private static void closeQuietly(InputStream stream) {
        try {
            stream.close();
        } catch (IOException ignored) {
            // The failure that led here is the one to tell.
        }
    }
}
