package dev.declaw.egress.audit;

import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditJson;
import dev.declaw.model.audit.AuditSink;
import dev.declaw.model.audit.AuditUnavailableException;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.NavigableMap;
import java.util.Set;

/// Where the proxy's events wait for the server: JSON lines in numbered segments of one directory, appended here and
/// consumed by [AuditSpoolReader].
///
/// Each event is one completed write(2) before [#record] returns (those of [#recordLater] share one), so it survives the death of this process (not of the
/// machine: nothing is synced to the disk). A start never appends to a segment of an earlier process: what that one
/// tore off stays the end of its file. After an error the half line is cut off, or else the segment is given up, so a
/// reader never sees two events in one line.
public final class AuditSpool implements AuditSink, AutoCloseable {
    /// @param segmentBytesMax size at which the next segment is begun
    /// @param spoolBytesMax all segments that were not consumed yet; at this size nothing more is recorded
    public record Limits(long segmentBytesMax, long spoolBytesMax) {
        public static final Limits DEFAULT = new Limits(16L << 20, 256L << 20);

        public Limits {
            if (segmentBytesMax < 1 || spoolBytesMax < segmentBytesMax) {
                throw new IllegalArgumentException("a spool holds at least one segment");
            }
        }
    }

    static final int LINE_BYTES_MAX = 64 * 1024;
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path directory;
    private final Limits limits;

    // Guarded by this object's monitor.
    private FileOutputStream segment;
    private long segmentNumber;
    private long segmentBytes;
    private long spoolBytes;
    /// Lines of the events that no decision waits for.
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();

    private AuditSpool(Path directory, Limits limits) {
        this.directory = directory;
        this.limits = limits;
    }

    /// Begins a new segment in an existing directory, which needs to be writable from now on.
    public static AuditSpool open(Path directory, Limits limits) throws IOException {
        AuditSpool spool = new AuditSpool(directory, limits);
        synchronized (spool) {
            spool.measure();
            spool.beginSegment();
        }
        return spool;
    }

    @Override
    public void record(AuditEvent event) {
        byte[] line = encode(event);
        synchronized (this) {
            if (waiting.size() == 0) {
                write(line);
                return;
            }
            int before = waiting.size();
            waiting.writeBytes(line);
            byte[] lines = waiting.toByteArray();
            waiting.reset();
            try {
                write(lines);
            } catch (AuditUnavailableException e) {
                waiting.write(lines, 0, before); // the caller hears that its own was not recorded
                throw e;
            }
        }
    }

    @Override
    public void recordLater(AuditEvent event) {
        byte[] line = encode(event);
        synchronized (this) {
            if (waiting.size() + line.length > waitingBytesMax()) flush();
            waiting.writeBytes(line);
        }
    }

    @Override
    public synchronized void flush() {
        if (waiting.size() == 0) return;
        write(waiting.toByteArray());
        waiting.reset();
    }

    private long waitingBytesMax() {
        return Math.min(LINE_BYTES_MAX, limits.segmentBytesMax());
    }

    /// Whole lines, all of them in one system call, or none.
    private void write(byte[] lines) {
        try {
            if (spoolBytes + lines.length > limits.spoolBytesMax()) {
                measure();
                if (spoolBytes + lines.length > limits.spoolBytesMax()) {
                    throw new AuditUnavailableException("the audit spool is full", null);
                }
            }
            if (segment == null || segmentBytes + lines.length > limits.segmentBytesMax()) beginSegment();
            append(lines);
        } catch (IOException e) {
            throw new AuditUnavailableException("the audit spool cannot be written", e);
        }
    }

    private static byte[] encode(AuditEvent event) {
        byte[] line = (AuditJson.write(event) + "\n").getBytes(StandardCharsets.UTF_8);
        if (line.length > LINE_BYTES_MAX) throw new AuditUnavailableException("an audit event is too large", null);
        return line;
    }

    /// A plain stream and not a channel: an interrupt of the calling thread must not close the spool.
    private void append(byte[] line) throws IOException {
        try {
            segment.write(line);
        } catch (IOException e) {
            cutOff();
            throw e;
        }
        segmentBytes += line.length;
        spoolBytes += line.length;
    }

    private void cutOff() {
        try {
            segment.getChannel().truncate(segmentBytes);
        } catch (IOException e) {
            closeSegment();
        }
    }

    private void beginSegment() throws IOException {
        closeSegment();
        long number = segmentNumber + 1;
        Path path = SpoolSegments.path(directory, number);
        Files.createFile(path, OWNER_ONLY);
        segmentNumber = number;
        segment = new FileOutputStream(path.toFile(), true);
        segmentBytes = 0;
    }

    private void closeSegment() {
        if (segment == null) return;
        try {
            segment.close();
        } catch (IOException e) {
            // Each line was written in full before it counted; there is nothing left to flush.
        }
        segment = null;
    }

    private void measure() throws IOException {
        NavigableMap<Long, Long> sizes = SpoolSegments.sizes(directory);
        spoolBytes = sizes.values().stream().mapToLong(Long::longValue).sum();
        if (!sizes.isEmpty()) segmentNumber = Math.max(segmentNumber, sizes.lastKey());
    }

    @Override
    public synchronized void close() {
        try {
            flush();
        } catch (AuditUnavailableException e) {
            // Only ends of what was allowed are lost with it, as with a killed process.
        }
        closeSegment();
    }
}
