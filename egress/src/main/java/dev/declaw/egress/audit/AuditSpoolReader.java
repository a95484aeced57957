package dev.declaw.egress.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.declaw.model.audit.AuditEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;

/// The server's end of a spool: complete events in the order in which they were recorded. It keeps no state: the caller
/// stores the position in the same transaction as the events, so each event is taken exactly once.
///
/// The writer is the proxy, which reads hostile bytes: its lines are parsed strictly, and what is no event is counted
/// and skipped. Not thread-safe.
public final class AuditSpoolReader {
    /// @param segment number of the segment, 0 for the begin of the spool
    /// @param offset first byte that was not taken yet
    public record Position(long segment, long offset) {
        public static final Position START = new Position(0, 0);
    }

    /// @param events in order
    /// @param next where to go on after the events were stored
    /// @param skippedLines lines that are no events, torn ones at the end of a dead process's segment included
    public record Batch(List<AuditEvent> events, Position next, int skippedLines) {
        public Batch {
            events = List.copyOf(events);
        }
    }

    private static final int READ_BYTES = 1 << 20;
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final Path directory;

    public AuditSpoolReader(Path directory) {
        this.directory = directory;
    }

    /// Reads on from a position: at most `eventsMax` events and one mebibyte. No events and an unchanged position mean
    /// that there is nothing new.
    public Batch poll(Position from, int eventsMax) throws IOException {
        // Listed before it is read: when a later segment exists by now, the bytes of this one are final.
        NavigableMap<Long, Long> segments = SpoolSegments.sizes(directory);
        if (segments.isEmpty()) return new Batch(List.of(), from, 0);
        // A position behind the last segment belongs to a spool that somebody removed: the new one is read from its begin.
        Long beginning = segments.ceilingKey(from.segment());
        long number = beginning == null ? segments.firstKey() : beginning;
        long offset = number == from.segment() ? from.offset() : 0;
        boolean last = segments.higherKey(number) == null;

        byte[] bytes = read(number, offset);
        List<AuditEvent> events = new ArrayList<>();
        int skipped = 0;
        int lineStart = 0;
        while (events.size() < eventsMax) {
            int lineEnd = indexOfNewline(bytes, lineStart);
            if (lineEnd < 0) break;
            AuditEvent event = parse(bytes, lineStart, lineEnd);
            if (event == null) skipped++;
            else events.add(event);
            lineStart = lineEnd + 1;
        }
        if (lineStart > 0) return new Batch(events, new Position(number, offset + lineStart), skipped);
        if (bytes.length == READ_BYTES) return new Batch(events, new Position(number, offset + bytes.length), 1);
        if (last) return new Batch(events, new Position(number, offset), 0);
        int torn = bytes.length == 0 ? 0 : 1;
        return new Batch(events, new Position(segments.higherKey(number), 0), torn);
    }

    /// Deletes the segments before a position. Call it after the position was stored.
    public void discardBefore(Position position) throws IOException {
        for (long number : SpoolSegments.sizes(directory).headMap(position.segment()).keySet()) {
            Files.deleteIfExists(SpoolSegments.path(directory, number));
        }
    }

    private byte[] read(long number, long offset) throws IOException {
        Path path = SpoolSegments.path(directory, number);
        try (SeekableByteChannel channel =
                Files.newByteChannel(path, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            channel.position(offset);
            long available = Math.max(0, channel.size() - offset);
            ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(READ_BYTES, available));
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {}
            byte[] bytes = new byte[buffer.position()];
            buffer.flip().get(bytes);
            return bytes;
        } catch (NoSuchFileException deletedMeanwhile) {
            return new byte[0];
        }
    }

    private static int indexOfNewline(byte[] bytes, int from) {
        for (int i = from; i < bytes.length; i++) {
            if (bytes[i] == '\n') return i;
        }
        return -1;
    }

    private static AuditEvent parse(byte[] bytes, int from, int to) {
        if (to - from > AuditSpool.LINE_BYTES_MAX) return null;
        try {
            return AuditEvent.fromJson(JSON.readTree(bytes, from, to - from));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            return null;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("an array cannot fail to be read", e);
        }
    }
}
