package dev.declaw.server;

import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/// The log: one line per record on stderr, whatever a message or an exception holds.
final class LineLog extends Formatter {
    private static final int FRAMES_MAX = 12;
    private static final int CAUSES_MAX = 5;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    /// What it warns of is written by whoever sends a malformed request, as often as he likes. Held, or it is forgotten.
    private static final Logger CALLERS = Logger.getLogger("org.eclipse.jetty.http.HttpParser");

    private LineLog() {}

    static void install() {
        Logger root = Logger.getLogger("");
        for (Handler handler : root.getHandlers()) root.removeHandler(handler);
        Handler handler = new ConsoleHandler();
        handler.setFormatter(new LineLog());
        root.addHandler(handler);
        root.setLevel(Level.INFO);
        handler.setFilter(record -> record.getLevel().intValue() > Level.INFO.intValue() || !isChatty(record.getLoggerName()));
        CALLERS.setLevel(Level.SEVERE);
    }

    /// Libraries that report their own start and stop.
    private static boolean isChatty(String logger) {
        return logger != null
                && (logger.startsWith("org.eclipse.jetty") || logger.startsWith("io.netty") || logger.startsWith("org.jdbi"));
    }

    @Override
    public String format(LogRecord record) {
        StringBuilder line = new StringBuilder()
                .append(TIME.format(record.getInstant()))
                .append(' ')
                .append(record.getLevel().getName())
                .append(' ')
                .append(shortName(record.getLoggerName()))
                .append(": ")
                .append(formatMessage(record));
        Throwable thrown = record.getThrown();
        for (int i = 0; thrown != null && i < CAUSES_MAX; i++) {
            line.append(i == 0 ? " | " : " | caused by ").append(thrown);
            StackTraceElement[] frames = thrown.getStackTrace();
            for (int f = 0; f < Math.min(frames.length, FRAMES_MAX); f++) line.append(" at ").append(frames[f]);
            thrown = thrown.getCause();
        }
        return oneLine(line) + "\n";
    }

    private static String shortName(String logger) {
        return logger == null ? "" : logger.substring(logger.lastIndexOf('.') + 1);
    }

    private static String oneLine(StringBuilder text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '\n') text.setCharAt(i, ' ');
            else if (Character.isISOControl(text.charAt(i))) text.setCharAt(i, '\ufffd');
        }
        return text.toString();
    }
}
