package dev.declaw.e2e.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.util.List;

/// How the demo looks on a terminal; plain text when it is none or NO_COLOR is set.
final class Print {
    private final PrintStream out;
    private final boolean colour =
            System.console() != null && System.console().isTerminal() && System.getenv("NO_COLOR") == null;

    Print(PrintStream out) {
        this.out = out;
    }

    void title(String text) {
        out.println(paint("1", text));
    }

    void section(String text) {
        out.println();
        out.println(paint("1", "── " + text + " " + "─".repeat(Math.max(0, 92 - text.length()))));
    }

    void note(String text) {
        out.println(paint("2", "· " + text));
    }

    void line(String text) {
        out.println("   " + text);
    }

    void blank() {
        out.println();
    }

    void block(String text) {
        text.lines().forEach(line -> out.println("   " + line));
    }

    void promise(boolean kept, String what) {
        out.println(kept ? paint("32", "   ✓ " + what) : paint("31", "   ✗ BROKEN: " + what));
    }

    /// One audit event as one line a person can read.
    void event(JsonNode event) {
        StringBuilder line = new StringBuilder("   ");
        line.append(event.path("timestamp").asText().replaceFirst("^.*T", "").replaceFirst("[.+Z].*$", ""));
        String decision = event.path("decision").asText();
        String mark = decision.equals("deny") ? paint("31", "deny ") : decision.equals("allow") ? paint("32", "allow") : "     ";
        line.append("  ").append(mark).append("  ").append(String.format("%-18s", event.path("event").asText()));
        for (String name : List.of("method", "host", "address", "port", "path", "reason", "rule", "findings", "status", "detail")) {
            JsonNode value = event.path(name);
            if (!value.isMissingNode()) {
                line.append(' ').append(name).append('=').append(value.isValueNode() ? value.asText() : value.toString());
            }
        }
        out.println(line);
    }

    private String paint(String code, String text) {
        return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
