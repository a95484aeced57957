package dev.declaw.runtime.archive;

import dev.declaw.runtime.objects.ObjectStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.nio.file.Path;

/// Writes a file of an entry out again: only the frames that hold chunks of it are read, a few packs at once. Thread-safe.
final class PackReader {
    private static final int PACKS_AT_ONCE = 4;

    private final ObjectStore store;
    private final MasterKeys keys;
    private final Semaphore room = new Semaphore(PACKS_AT_ONCE);

    PackReader(ObjectStore store, MasterKeys keys) {
        this.store = store;
        this.keys = keys;
    }

    /// @param target file that is there and empty
    /// @throws IOException when a part of it is missing or was changed
    void write(Entry entry, Entry.StoredFile file, Path target) throws IOException {
        // By pack and frame: which chunks of the file lie in it.
        TreeMap<Integer, TreeMap<Integer, List<Integer>>> wanted = new TreeMap<>();
        for (int i = 0; i < file.numbers().length; i++) {
            Entry.Place place = file.places().get(i);
            wanted.computeIfAbsent(place.pack(), _ -> new TreeMap<>())
                    .computeIfAbsent(place.frame(), _ -> new ArrayList<>())
                    .add(i);
        }
        try (RandomAccessFile out = new RandomAccessFile(target.toFile(), "rw")) {
            out.setLength(file.bytes());
            FileChannel channel = out.getChannel();
            List<FutureTask<Void>> tasks = new ArrayList<>();
            IOException failure = null;
            for (var pack : wanted.entrySet()) {
                FutureTask<Void> task = new FutureTask<>(() -> {
                    room.acquire();
                    try {
                        unpack(entry, entry.packs().get(pack.getKey()), pack.getValue(), file, channel);
                        return null;
                    } finally {
                        room.release();
                    }
                });
                tasks.add(task);
                Thread.ofVirtual().name("unpack").start(task);
            }
            for (FutureTask<Void> task : tasks) {
                try {
                    task.get();
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted while a snapshot was fetched", interrupted);
                } catch (ExecutionException failed) {
                    failure = failed.getCause() instanceof IOException known ? known : new IOException(failed.getCause());
                }
            }
            if (failure != null) {
                throw failure;
            }
        }
    }

    private void unpack(
            Entry entry,
            Entry.Pack pack,
            TreeMap<Integer, List<Integer>> frames,
            Entry.StoredFile file,
            FileChannel out)
            throws IOException {
        Frames sealed = new Frames(
                keys.of(pack.keyId(), entry.tenant(), pack.object())
                        .orElseThrow(() -> new IOException("the master key " + pack.keyId() + " is not in the key file")),
                pack.object());
        long from = pack.frames().get(frames.firstKey()).offset();
        Entry.Frame last = pack.frames().get(frames.lastKey());
        byte[] content = store.get(pack.object(), from, Math.toIntExact(last.offset() + last.sealedBytes() - from));
        for (var wanted : frames.entrySet()) {
            Entry.Frame frame = pack.frames().get(wanted.getKey());
            int at = Math.toIntExact(frame.offset() - from);
            byte[] plain = sealed.open(
                    wanted.getKey(),
                    Arrays.copyOfRange(content, at, at + frame.sealedBytes()),
                    frame.chunks() * Entry.CHUNK_BYTES);
            for (int i : wanted.getValue()) {
                long position = (long) file.numbers()[i] * Entry.CHUNK_BYTES;
                int length = (int) Math.min(Entry.CHUNK_BYTES, file.bytes() - position);
                ByteBuffer chunk = ByteBuffer.wrap(plain, file.places().get(i).slot() * Entry.CHUNK_BYTES, length);
                while (chunk.hasRemaining()) {
                    position += out.write(chunk, position);
                }
            }
        }
    }
}
