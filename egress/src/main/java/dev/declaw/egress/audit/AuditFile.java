package dev.declaw.egress.audit;

import dev.declaw.model.audit.AuditChain;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditJson;
import dev.declaw.model.audit.AuditSink;
import dev.declaw.model.audit.AuditUnavailableException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The audit log of a standalone proxy: one file of JSON lines, each an event with its sequence number and its hash in
/// front ([AuditChain]). A start continues the file after it has checked the end of it. Each event is one completed
/// write(2) before [#record] returns; those of [#recordLater] share one. One process at a time: the file is locked (fcntl(2)).
public final class AuditFile implements AuditSink, AutoCloseable {
    private static final int WAITING_MAX = 256;
    private static final int TAIL_BYTES = 1 << 20;
    private static final Pattern LINE = Pattern.compile("\\{\"seq\":([1-9][0-9]{0,17}),\"hash\":\"([0-9a-f]{64})\",(.+)");

    /// Not a channel: an interrupt of a calling thread must not close the log.
    private final RandomAccessFile file;

    // Guarded by this object's monitor.
    private long length;
    /// Whether the file's own position is there, so that a line costs one system call.
    private boolean atEnd;
    private long sequence;
    private String hash;
    /// JSON of the events that no decision waits for.
    private final List<String> waiting = new ArrayList<>();

    private AuditFile(RandomAccessFile file) {
        this.file = file;
    }

    /// Opens or makes the file. A last line without its end was never recorded and is cut off.
    ///
    /// @throws IOException when it cannot be written, is in use, or its last mebibyte is not an unbroken chain
    public static AuditFile open(Path path) throws IOException {
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
        try {
            if (file.getChannel().tryLock() == null) throw new IOException("another process writes " + path);
            AuditFile audit = new AuditFile(file);
            audit.continueChain(path);
            return audit;
        } catch (OverlappingFileLockException e) {
            file.close();
            throw new IOException("this process already writes " + path, e);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private synchronized void continueChain(Path path) throws IOException {
        long start = Math.max(0, file.length() - TAIL_BYTES);
        byte[] tail = new byte[(int) (file.length() - start)];
        file.seek(start);
        file.readFully(tail);
        int end = tail.length;
        while (end > 0 && tail[end - 1] != '\n') end--;
        length = start + end;
        file.setLength(length);
        file.seek(length);

        List<String> lines = new ArrayList<>(
                new String(tail, 0, end, StandardCharsets.UTF_8).lines().toList());
        if (start > 0 && !lines.isEmpty()) lines.removeFirst(); // its begin is not in the tail
        if (length > 0 && lines.isEmpty()) throw new IOException(path + " is no audit log");
        sequence = 0;
        hash = AuditChain.GENESIS;
        boolean linked = start == 0;
        for (String line : lines) {
            Matcher parts = LINE.matcher(line);
            if (!parts.matches()) throw new IOException(path + " is no audit log, or was changed");
            long number = Long.parseLong(parts.group(1));
            boolean intact = number == sequence + 1
                    && parts.group(2).equals(AuditChain.next(hash, number, "{" + parts.group(3)));
            if (linked && !intact) throw new IOException(path + " was changed at event " + number);
            sequence = number;
            hash = parts.group(2);
            linked = true;
        }
    }

    @Override
    public synchronized void record(AuditEvent event) {
        String json = AuditJson.write(event);
        if (waiting.isEmpty()) {
            write(List.of(json));
            return;
        }
        List<String> all = new ArrayList<>(waiting);
        all.add(json);
        write(all);
        waiting.clear();
    }

    @Override
    public synchronized void recordLater(AuditEvent event) {
        if (waiting.size() == WAITING_MAX) flush();
        waiting.add(AuditJson.write(event));
    }

    @Override
    public synchronized void flush() {
        if (waiting.isEmpty()) return;
        write(waiting);
        waiting.clear();
    }

    /// All of them in one system call, or none.
    private void write(List<String> events) {
        long number = sequence;
        String last = hash;
        StringBuilder lines = new StringBuilder(events.size() * 1024);
        for (String json : events) {
            last = AuditChain.next(last, ++number, json);
            lines.append("{\"seq\":").append(number).append(",\"hash\":\"").append(last).append("\",");
            lines.append(json, 1, json.length()).append('\n');
        }
        try {
            append(lines.toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new AuditUnavailableException("the audit log cannot be written", e);
        }
        sequence = number;
        hash = last;
    }

    /// At the known end, so that what a failed write left behind is overwritten by the next one.
    private void append(byte[] bytes) throws IOException {
        if (!atEnd) file.seek(length);
        atEnd = false;
        try {
            file.write(bytes);
        } catch (IOException e) {
            file.setLength(length);
            throw e;
        }
        length += bytes.length;
        atEnd = true;
    }

    @Override
    public synchronized void close() throws IOException {
        try (file) {
            flush();
        }
    }
}
