package dev.declaw.runtime.archive;

import dev.declaw.runtime.objects.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;

/// Stores files as chunks of [Entry#CHUNK_BYTES]: one that is zero is left out, one that is known is named again, and the
/// others are packed, sealed and sent while the next ones are read. Used by one thread; at most [#IN_FLIGHT_MAX] packs are in
/// memory beside the one that is being filled.
final class PackWriter {
    static final int FRAME_CHUNKS = 64;
    static final int PACK_FRAMES = 8;
    private static final int PACK_CHUNKS = FRAME_CHUNKS * PACK_FRAMES;
    private static final int READ_BYTES = 1 << 20;
    private static final int IN_FLIGHT_MAX = 3;
    private static final int NAME_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final ObjectStore store;
    private final MasterKeys keys;
    private final String writer;
    private final String tenant;
    private final Map<ByteBuffer, Entry.Known> known;
    private final Map<ByteBuffer, Entry.Place> own = new HashMap<>();
    private final Map<String, Integer> borrowed = new HashMap<>();
    private final Semaphore inFlight = new Semaphore(IN_FLIGHT_MAX);

    /// The packs of the entry in order: borrowed ones as they are, own ones as they become known.
    private final List<Object> packs = new ArrayList<>();

    private final MessageDigest sha256;
    private final byte[] zeros = new byte[Entry.CHUNK_BYTES];
    private byte[] filling;
    private int filled;
    private int fillingPack;

    PackWriter(
            ObjectStore store, MasterKeys keys, String writer, String tenant, Map<ByteBuffer, Entry.Known> known) {
        this.store = store;
        this.keys = keys;
        this.writer = writer;
        this.tenant = tenant;
        this.known = known;
        try {
            this.sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every JDK has SHA-256", impossible);
        }
    }

    Entry.StoredFile add(Path file) throws IOException {
        Numbers numbers = new Numbers();
        List<Entry.Place> places = new ArrayList<>();
        long position = 0;
        byte[] buffer = new byte[READ_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int length = in.readNBytes(buffer, 0, READ_BYTES);
                    length > 0;
                    length = in.readNBytes(buffer, 0, READ_BYTES)) {
                Arrays.fill(buffer, length, READ_BYTES, (byte) 0);
                for (int at = 0; at < length; at += Entry.CHUNK_BYTES) {
                    int end = at + Entry.CHUNK_BYTES;
                    if (!Arrays.equals(buffer, at, end, zeros, 0, Entry.CHUNK_BYTES)) {
                        sha256.update(buffer, at, Entry.CHUNK_BYTES);
                        byte[] digest = sha256.digest();
                        numbers.add(Math.toIntExact((position + at) / Entry.CHUNK_BYTES), digest);
                        places.add(place(ByteBuffer.wrap(digest), buffer, at));
                    }
                }
                position += length;
            }
        }
        return new Entry.StoredFile(position, numbers.numbers(), numbers.digests(), places);
    }

    private Entry.Place place(ByteBuffer digest, byte[] buffer, int at) throws IOException {
        Entry.Known elsewhere = known.get(digest);
        if (elsewhere != null) {
            int pack = borrowed.computeIfAbsent(elsewhere.pack().object(), _ -> {
                packs.add(elsewhere.pack());
                return packs.size() - 1;
            });
            return new Entry.Place(pack, elsewhere.frame(), elsewhere.slot());
        }
        Entry.Place here = own.get(digest);
        if (here == null) {
            here = append(buffer, at);
            own.put(digest, here);
        }
        return here;
    }

    private Entry.Place append(byte[] buffer, int at) throws IOException {
        if (filling == null) {
            filling = new byte[PACK_CHUNKS * Entry.CHUNK_BYTES];
            filled = 0;
            fillingPack = packs.size();
            packs.add(null); // its place in the order
        }
        System.arraycopy(buffer, at, filling, filled * Entry.CHUNK_BYTES, Entry.CHUNK_BYTES);
        Entry.Place place = new Entry.Place(fillingPack, filled / FRAME_CHUNKS, filled % FRAME_CHUNKS);
        if (++filled == PACK_CHUNKS) {
            send();
        }
        return place;
    }

    private void send() throws IOException {
        try {
            inFlight.acquire();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a snapshot was stored", interrupted);
        }
        byte[] content = filling;
        int chunks = filled;
        FutureTask<Entry.Pack> task = new FutureTask<>(() -> {
            try {
                return pack(content, chunks);
            } finally {
                inFlight.release();
            }
        });
        packs.set(fillingPack, task);
        filling = null;
        Thread.ofPlatform().daemon().name("pack").start(task);
    }

    private Entry.Pack pack(byte[] content, int chunks) throws IOException {
        byte[] random = new byte[NAME_BYTES];
        RANDOM.nextBytes(random);
        String object = Archive.packs(writer) + HexFormat.of().formatHex(random);
        Frames frames = new Frames(keys.of(keys.current(), tenant, object).orElseThrow(), object);
        byte[] sealed = new byte[content.length + (PACK_FRAMES << 8)];
        int length = 0;
        List<Entry.Frame> table = new ArrayList<>();
        for (int first = 0; first < chunks; first += FRAME_CHUNKS) {
            int count = Math.min(FRAME_CHUNKS, chunks - first);
            byte[] plain = Arrays.copyOfRange(content, first * Entry.CHUNK_BYTES, (first + count) * Entry.CHUNK_BYTES);
            byte[] frame = frames.seal(table.size(), plain, plain.length);
            System.arraycopy(frame, 0, sealed, length, frame.length);
            table.add(new Entry.Frame(length, frame.length, count));
            length += frame.length;
        }
        store.put(object, Arrays.copyOf(sealed, length));
        return new Entry.Pack(object, keys.current(), length, table);
    }

    /// Waits until everything is stored.
    ///
    /// @throws IOException when something could not be; then [#undo] removes the rest
    Result finish() throws IOException {
        if (filling != null) {
            send();
        }
        List<Entry.Pack> all = new ArrayList<>();
        long bytes = 0;
        for (Object pack : packs) {
            if (pack instanceof FutureTask<?> task) {
                Entry.Pack sent = await(task);
                bytes += sent.bytes();
                all.add(sent);
            } else {
                all.add((Entry.Pack) pack);
            }
        }
        return new Result(all, bytes);
    }

    /// @param packs of the entry, in order
    /// @param bytes that were sent
    record Result(List<Entry.Pack> packs, long bytes) {}

    private static Entry.Pack await(FutureTask<?> task) throws IOException {
        try {
            return (Entry.Pack) task.get();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a snapshot was stored", interrupted);
        } catch (ExecutionException failure) {
            throw failure.getCause() instanceof IOException known ? known : new IOException(failure.getCause());
        }
    }

    /// Removes what was sent, as far as it can be; what stays is named by nobody, and swept.
    void undo() {
        for (Object pack : packs) {
            if (pack instanceof FutureTask<?> task) {
                try {
                    store.delete(await(task).object());
                } catch (IOException unreachable) {
                    // named by no entry: the next sweep finds it
                }
            }
        }
    }

    /// Grows without boxing.
    private static final class Numbers {
        private int[] numbers = new int[1024];
        private byte[] digests = new byte[1024 * Entry.DIGEST_BYTES];
        private int count;

        void add(int number, byte[] digest) {
            if (count == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * count);
                digests = Arrays.copyOf(digests, 2 * count * Entry.DIGEST_BYTES);
            }
            numbers[count] = number;
            System.arraycopy(digest, 0, digests, count * Entry.DIGEST_BYTES, Entry.DIGEST_BYTES);
            count++;
        }

        int[] numbers() {
            return Arrays.copyOf(numbers, count);
        }

        byte[] digests() {
            return Arrays.copyOf(digests, count * Entry.DIGEST_BYTES);
        }
    }
}
