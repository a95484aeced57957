package dev.declaw.runtime.archive;

import dev.declaw.runtime.objects.ObjectStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Entries in an object store. An entry's table is written when everything that it names is stored, and removed before
/// anything that it names is: whoever finds a table finds all of it (L3).
///
/// Several servers may use one store. Each borrows chunks only from entries that it wrote itself, and only the writer of a
/// pack removes it, when none of its own tables names it: so no server can take away what another one is about to name.
/// Thread-safe.
public final class Archive implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Archive.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int MAGIC = 0x44434131;
    private static final int SALT_BYTES = 16;
    private static final int TABLE_BYTES_MAX = 48 << 20;

    private final ObjectStore store;
    private final MasterKeys keys;
    private final String writer;
    private final Path mirror;
    private final PackReader reader;

    /// Held shared while packs are named by no table yet, and alone while packs that no table names are removed.
    private final ReadWriteLock naming = new ReentrantReadWriteLock();

    /// @param writer 16 hex digits that are this server's alone, for good
    /// @param mirror directory for copies of the tables that this server wrote; may be lost
    public Archive(ObjectStore store, MasterKeys keys, String writer, Path mirror) {
        this.store = store;
        this.keys = keys;
        this.writer = writer;
        this.mirror = mirror;
        this.reader = new PackReader(store, keys);
    }

    static String packs(String writer) {
        return "packs/" + writer + "/";
    }

    /// The name that an entry of this id has when this server writes it.
    public EntryName name(String id) {
        return new EntryName(id, writer);
    }

    /// @param bytes that it took in the store
    public record Stored(Entry entry, long bytes) {}

    /// Stores files as an entry. When this returns, the store has all of it; when it throws, the entry does not exist.
    ///
    /// @param facts come back with the entry, sealed like the rest; 1 MiB at most
    /// @param files by the names that they get
    /// @param parent an entry of this tenant that was written here; its chunks are not stored again
    /// @throws IOException when something could not be stored
    public Stored store(String id, String tenant, byte[] facts, Map<String, Path> files, Optional<Entry> parent)
            throws IOException {
        if (parent.isPresent() && !(parent.get().tenant().equals(tenant) && parent.get().name().writer().equals(writer))) {
            throw new IllegalArgumentException("chunks are borrowed from own entries of the same tenant only");
        }
        naming.readLock().lock();
        try {
            Map<ByteBuffer, Entry.Known> known = parent.map(Entry::chunks).orElse(Map.of());
            Set<String> gone = missing(parent);
            if (!gone.isEmpty()) {
                LOG.warn("{} of {} is not as it was stored: it is not built upon", gone, parent.get().name());
                known = Map.of();
            }
            PackWriter packs = new PackWriter(store, keys, writer, tenant, known);
            try {
                Map<String, Entry.StoredFile> stored = new LinkedHashMap<>();
                for (Map.Entry<String, Path> file : files.entrySet()) {
                    stored.put(file.getKey(), packs.add(file.getValue()));
                }
                PackWriter.Result result = packs.finish();
                Entry entry = new Entry(name(id), tenant, facts, result.packs(), stored);
                return new Stored(entry, result.bytes() + writeTable(entry));
            } catch (IOException | RuntimeException failure) {
                packs.undo();
                throw failure;
            }
        } finally {
            naming.readLock().unlock();
        }
    }

    /// Packs of an entry that are not there any more, or not whole.
    private Set<String> missing(Optional<Entry> entry) throws IOException {
        Set<String> missing = new HashSet<>();
        for (Entry.Pack pack : entry.map(Entry::packs).orElse(List.of())) {
            if (!store.size(pack.object()).equals(Optional.of(pack.bytes()))) {
                missing.add(pack.object());
            }
        }
        return missing;
    }

    private long writeTable(Entry entry) throws IOException {
        byte[] plain = entry.toBytes();
        if (plain.length > TABLE_BYTES_MAX) {
            throw new IOException("the table of " + entry.name() + " has more than " + TABLE_BYTES_MAX + " bytes");
        }
        byte[] salt = new byte[SALT_BYTES];
        RANDOM.nextBytes(salt);
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(content);
        out.writeInt(MAGIC);
        out.writeUTF(keys.current());
        out.writeUTF(entry.tenant());
        out.write(salt);
        out.writeInt(plain.length);
        out.write(table(entry.name(), keys.current(), entry.tenant(), salt).orElseThrow().seal(0, plain, plain.length));
        byte[] sealed = content.toByteArray();
        Path copy = mirror.resolve(entry.name().toString());
        Files.createDirectories(mirror, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        store.put(entry.name().object(), sealed);
        Path temporary = copy.resolveSibling("." + entry.name());
        Files.write(temporary, sealed);
        Files.move(temporary, copy, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return sealed.length;
    }

    /// The salt makes the key new each time: a table may be written again under the same name after a failure.
    private Optional<Frames> table(EntryName name, String keyId, String tenant, byte[] salt) {
        String object = name.object() + "\n" + HexFormat.of().formatHex(salt);
        return keys.of(keyId, tenant, object).map(key -> new Frames(key, object));
    }

    /// @throws FileNotFoundException when there is no such entry
    /// @throws IOException when it cannot be had, or was changed, or its key is not here
    public Entry read(EntryName name) throws IOException {
        Path copy = mirror.resolve(name.toString());
        if (name.writer().equals(writer) && Files.exists(copy)) {
            return open(name, Files.readAllBytes(copy));
        }
        long bytes = store.size(name.object())
                .orElseThrow(() -> new FileNotFoundException("there is no entry " + name + " in " + store));
        if (bytes > ObjectStore.OBJECT_BYTES_MAX) {
            throw new IOException("the entry " + name + " is larger than any that was written");
        }
        return open(name, store.get(name.object(), 0, Math.toIntExact(bytes)));
    }

    private Entry open(EntryName name, byte[] content) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(content));
        if (in.readInt() != MAGIC) {
            throw new IOException("the entry " + name + " is damaged, or of another version");
        }
        String keyId = in.readUTF();
        String tenant = in.readUTF();
        byte[] salt = in.readNBytes(SALT_BYTES);
        int length = in.readInt();
        Frames table = table(name, keyId, tenant, salt).orElseThrow(() -> new IOException(
                "the entry " + name + " was sealed with the master key " + keyId + ", which is not in the key file"));
        Entry entry = Entry.read(name, table.open(0, in.readAllBytes(), length));
        if (!entry.tenant().equals(tenant)) {
            throw new IOException("the entry " + name + " names two tenants");
        }
        return entry;
    }

    /// Writes a file of an entry out. Its content is what was stored, or this throws.
    ///
    /// @param target file that is there and empty
    public void fetch(Entry entry, String file, Path target) throws IOException {
        Entry.StoredFile stored = entry.files().get(file);
        if (stored == null) {
            throw new IOException("the entry " + entry.name() + " holds no file " + file);
        }
        reader.write(entry, stored, target);
    }

    /// The entries of this id, whoever wrote them.
    public List<EntryName> find(String id) throws IOException {
        return names(EntryName.PREFIX + id + ".");
    }

    /// The entries that this server wrote.
    public List<EntryName> own() throws IOException {
        return names(EntryName.PREFIX).stream()
                .filter(name -> name.writer().equals(writer))
                .toList();
    }

    /// All entries whose ids begin so.
    public List<EntryName> all(String idPrefix) throws IOException {
        return names(EntryName.PREFIX + idPrefix);
    }

    private List<EntryName> names(String prefix) throws IOException {
        List<EntryName> names = new ArrayList<>();
        for (String object : store.list(prefix)) {
            EntryName.of(object).ifPresent(names::add);
        }
        return names;
    }

    /// Removes an entry; what it alone named goes with the next [#sweep]. Does nothing when there is none.
    public void delete(EntryName name) throws IOException {
        store.delete(name.object());
        Files.deleteIfExists(mirror.resolve(name.toString()));
    }

    /// Removes the packs of this server that no table names.
    ///
    /// @throws IOException when a table cannot be read; then nothing was removed
    public void sweep() throws IOException {
        naming.writeLock().lock();
        try {
            Set<String> unnamed = new HashSet<>(store.list(packs(writer)));
            if (unnamed.isEmpty()) {
                return;
            }
            Set<String> tables = new HashSet<>();
            for (EntryName name : own()) {
                read(name).packs().forEach(pack -> unnamed.remove(pack.object()));
                tables.add(name.toString());
            }
            for (String pack : unnamed) {
                store.delete(pack);
            }
            forgetOthers(tables);
        } finally {
            naming.writeLock().unlock();
        }
    }

    /// Removes copies of tables that are not in the store any more.
    private void forgetOthers(Set<String> tables) throws IOException {
        try (var copies = Files.list(mirror)) {
            for (Path copy : copies.toList()) {
                if (!tables.contains(copy.getFileName().toString())) {
                    Files.deleteIfExists(copy);
                }
            }
        } catch (NoSuchFileException none) {
            // Nothing was ever stored.
        }
    }

    @Override
    public String toString() {
        return store.toString();
    }

    @Override
    public void close() {
        store.close();
    }
}
