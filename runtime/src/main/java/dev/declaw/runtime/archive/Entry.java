package dev.declaw.runtime.archive;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The table of what an entry holds: its files as lists of chunks, and where each chunk lies. Immutable.
///
/// @param tenant whose it is
/// @param facts what its writer wants to know again, for example a manifest
/// @param packs objects that hold the chunks, of this entry or of one before it
/// @param files by name
public record Entry(EntryName name, String tenant, byte[] facts, List<Pack> packs, Map<String, StoredFile> files) {
    /// What is looked up: pages that did not change are found again where a whole piece of this size did not.
    static final int CHUNK_BYTES = 16 << 10;

    static final int DIGEST_BYTES = 32;
    private static final int VERSION = 1;
    private static final int FACTS_BYTES_MAX = 1 << 20;
    private static final int PACKS_MAX = 1 << 16;
    private static final int FRAMES_MAX = 64;
    private static final int FILES_MAX = 256;
    private static final int CHUNKS_MAX = 1 << 23; // 128 GiB of a file that are not zero
    private static final long FILE_BYTES_MAX = 1L << 43;

    public Entry {
        packs = List.copyOf(packs);
        files = Map.copyOf(files);
    }

    /// An object that holds chunks.
    ///
    /// @param keyId names the master key that it is sealed under
    public record Pack(String object, String keyId, long bytes, List<Frame> frames) {
        public Pack {
            frames = List.copyOf(frames);
        }
    }

    /// @param offset in the object
    /// @param chunks in it, one after the other
    public record Frame(long offset, int sealedBytes, int chunks) {}

    /// @param pack index in [#packs]
    /// @param frame in the pack
    /// @param slot in the frame
    public record Place(int pack, int frame, int slot) {}

    /// A file; what is not in it is zero.
    ///
    /// @param digests of the chunks that are not zero, one after the other
    /// @param numbers which chunks these are, in order
    /// @param places where they lie
    public record StoredFile(long bytes, int[] numbers, byte[] digests, List<Place> places) {
        public StoredFile {
            places = List.copyOf(places);
        }

        /// Bytes of it that are not zero, in whole chunks.
        public long contentBytes() {
            return (long) numbers.length * CHUNK_BYTES;
        }
    }

    /// Bytes that are not zero, of all files.
    public long contentBytes() {
        return files.values().stream().mapToLong(StoredFile::contentBytes).sum();
    }

    /// Where a chunk with a digest lies.
    record Known(Pack pack, int frame, int slot) {}

    /// All chunks by digest.
    Map<ByteBuffer, Known> chunks() {
        Map<ByteBuffer, Known> all = new HashMap<>();
        for (StoredFile file : files.values()) {
            for (int i = 0; i < file.numbers.length; i++) {
                Place place = file.places.get(i);
                all.put(
                        ByteBuffer.wrap(file.digests, i * DIGEST_BYTES, DIGEST_BYTES).slice(),
                        new Known(packs.get(place.pack), place.frame, place.slot));
            }
        }
        return all;
    }

    byte[] toBytes() {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeInt(VERSION);
            out.writeUTF(name.toString());
            out.writeUTF(tenant);
            out.writeInt(facts.length);
            out.write(facts);
            out.writeInt(packs.size());
            for (Pack pack : packs) {
                out.writeUTF(pack.object);
                out.writeUTF(pack.keyId);
                out.writeLong(pack.bytes);
                out.writeByte(pack.frames.size());
                for (Frame frame : pack.frames) {
                    out.writeLong(frame.offset);
                    out.writeInt(frame.sealedBytes);
                    out.writeShort(frame.chunks);
                }
            }
            out.writeInt(files.size());
            for (Map.Entry<String, StoredFile> file : files.entrySet()) {
                out.writeUTF(file.getKey());
                write(out, file.getValue());
            }
            return bytes.toByteArray();
        } catch (IOException impossible) {
            throw new AssertionError("memory takes every byte", impossible);
        }
    }

    private static void write(DataOutputStream out, StoredFile file) throws IOException {
        out.writeLong(file.bytes);
        out.writeInt(file.numbers.length);
        for (int number : file.numbers) {
            out.writeInt(number);
        }
        out.write(file.digests);
        for (Place place : file.places) {
            out.writeShort(place.pack);
            out.writeByte(place.frame);
            out.writeByte(place.slot);
        }
    }

    /// @throws IOException when it is no table of this version
    static Entry read(EntryName expected, byte[] content) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(content));
        require(in.readInt() == VERSION, expected);
        require(in.readUTF().equals(expected.toString()), expected);
        String tenant = in.readUTF();
        byte[] facts = in.readNBytes(count(in.readInt(), FACTS_BYTES_MAX, expected));
        List<Pack> packs = new ArrayList<>();
        for (int left = count(in.readInt(), PACKS_MAX, expected); left > 0; left--) {
            String object = in.readUTF();
            String keyId = in.readUTF();
            long bytes = in.readLong();
            List<Frame> frames = new ArrayList<>();
            for (int more = count(in.readByte(), FRAMES_MAX, expected); more > 0; more--) {
                Frame frame = new Frame(in.readLong(), in.readInt(), in.readUnsignedShort());
                require(frame.offset >= 0 && frame.sealedBytes > 0 && frame.offset + frame.sealedBytes <= bytes, expected);
                frames.add(frame);
            }
            packs.add(new Pack(object, keyId, bytes, frames));
        }
        Map<String, StoredFile> files = new LinkedHashMap<>();
        for (int left = count(in.readInt(), FILES_MAX, expected); left > 0; left--) {
            files.put(in.readUTF(), file(in, packs, expected));
        }
        return new Entry(expected, tenant, facts, packs, files);
    }

    private static StoredFile file(DataInputStream in, List<Pack> packs, EntryName expected) throws IOException {
        long bytes = in.readLong();
        require(bytes >= 0 && bytes <= FILE_BYTES_MAX, expected);
        int[] numbers = new int[count(in.readInt(), CHUNKS_MAX, expected)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = in.readInt();
            require(numbers[i] > (i == 0 ? -1 : numbers[i - 1]) && (long) numbers[i] * CHUNK_BYTES < bytes, expected);
        }
        byte[] digests = in.readNBytes(numbers.length * DIGEST_BYTES);
        List<Place> places = new ArrayList<>(numbers.length);
        for (int i = 0; i < numbers.length; i++) {
            Place place = new Place(in.readUnsignedShort(), in.readUnsignedByte(), in.readUnsignedByte());
            require(
                    place.pack < packs.size()
                            && place.frame < packs.get(place.pack).frames.size()
                            && place.slot < packs.get(place.pack).frames.get(place.frame).chunks,
                    expected);
            places.add(place);
        }
        return new StoredFile(bytes, numbers, digests, places);
    }

    private static int count(int value, int max, EntryName name) throws IOException {
        require(value >= 0 && value <= max, name);
        return value;
    }

    private static void require(boolean holds, EntryName name) throws IOException {
        if (!holds) {
            throw new IOException("the entry " + name + " is damaged, or of another version");
        }
    }

    /// [#facts] as text.
    public String factsText() {
        return new String(facts, StandardCharsets.UTF_8);
    }
}
