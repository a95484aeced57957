package dev.declaw.cli;

import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.ColorScheme;

/// Colours: only on a terminal, and never with `NO_COLOR` (no-color.org).
final class Style {
    private static final Ansi ANSI =
            LocalTerminal.shows() && !given("NO_COLOR") ? Ansi.ON : Ansi.OFF;

    private Style() {}

    private static boolean given(String variable) {
        String value = System.getenv(variable);
        return value != null && !value.isEmpty();
    }

    static ColorScheme scheme() {
        return Help.defaultColorScheme(ANSI);
    }

    static String bold(String text) {
        return ANSI == Ansi.ON ? "\u001b[1m" + text + "\u001b[0m" : text;
    }

    static String red(String text) {
        return ANSI == Ansi.ON ? "\u001b[31m" + text + "\u001b[0m" : text;
    }

    static String green(String text) {
        return ANSI == Ansi.ON ? "\u001b[32m" + text + "\u001b[0m" : text;
    }
}
