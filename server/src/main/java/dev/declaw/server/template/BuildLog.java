package dev.declaw.server.template;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The lines of one build: the newest are kept in memory for those who follow, and all up to a limit in a file, so that what
/// a build said before the server died can still be read. Thread-safe.
final class BuildLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BuildLog.class);
    static final int LINES_MAX = 2000;
    private static final int LINE_CHARS_MAX = 4096;
    private static final int FILE_LINES_MAX = 50_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Deque<Line> lines = new ArrayDeque<>();
    private final InstantSource clock;
    private final BufferedWriter file;
    private long last;
    private int step;
    private boolean ended;

    /// @param seq counts from 1 without a gap
    /// @param step that it belongs to; 0 for none
    record Line(long seq, String time, int step, String line) {}

    /// @param path file that must not exist
    BuildLog(Path path, InstantSource clock) throws IOException {
        this.clock = clock;
        Files.createDirectories(
                path.getParent(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        this.file = Files.newBufferedWriter(path, StandardOpenOption.CREATE_NEW);
    }

    /// Lines from now on belong to this step.
    synchronized void step(int number) {
        step = number;
    }

    synchronized void add(String text) {
        if (ended) return;
        String cut = text.length() <= LINE_CHARS_MAX ? text : text.substring(0, LINE_CHARS_MAX) + "…";
        String clean = cut.replaceAll("\\x1b\\[[0-9;?]*[A-Za-z]", "").replaceAll("[\\p{Cntrl}&&[^\\t]]", "\uFFFD");
        Line line = new Line(++last, clock.instant().toString(), step, clean);
        lines.addLast(line);
        if (lines.size() > LINES_MAX) lines.removeFirst();
        if (last <= FILE_LINES_MAX) write(line);
        notifyAll();
    }

    private void write(Line line) {
        try {
            file.write(JSON.writeValueAsString(line));
            file.newLine();
            file.flush();
        } catch (IOException e) {
            LOG.warn("a line of a build could not be kept", e);
        }
    }

    /// The newest lines, oldest first.
    synchronized List<Line> lines() {
        return List.copyOf(lines);
    }

    /// Lines behind a number, as soon as there are some, or none when the log ends or the time is over.
    synchronized List<Line> after(long seq, long waitMillisMax) {
        long end = System.nanoTime() + waitMillisMax * 1_000_000;
        try {
            while (last <= seq && !ended) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0) break;
                wait(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return lines.stream().filter(line -> line.seq() > seq).toList();
    }

    synchronized boolean ended() {
        return ended;
    }

    /// No more lines follow.
    @Override
    public synchronized void close() {
        ended = true;
        notifyAll();
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("the log of a build could not be closed", e);
        }
    }

    /// The newest lines of a log whose build has ended.
    static List<Line> read(Path path) {
        Deque<Line> newest = new ArrayDeque<>();
        try (Stream<String> all = Files.lines(path)) {
            for (String text : (Iterable<String>) all::iterator) {
                newest.addLast(parse(text, newest.size()));
                if (newest.size() > LINES_MAX) newest.removeFirst();
            }
        } catch (NoSuchFileException none) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new ArrayList<>(newest);
    }

    private static Line parse(String text, int seq) {
        try {
            return JSON.readValue(text, Line.class);
        } catch (JsonProcessingException cutOff) {
            return new Line(seq + 1L, Instant.EPOCH.toString(), 0, "(this line was not written to its end)");
        }
    }
}
