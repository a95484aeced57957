package dev.declaw.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.runtime.archive.Archive;
import dev.declaw.runtime.archive.Entry;
import dev.declaw.runtime.archive.EntryName;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.SnapshotManifest;
import dev.declaw.runtime.storage.Digests;
import dev.declaw.runtime.storage.DiskLayers;
import dev.declaw.runtime.storage.Part;
import dev.declaw.runtime.storage.QcowLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/// Snapshots in an archive: an entry for each, one for each disk layer, and, where other machines use the store, one for each
/// template's disk. Layers and disks are stored once and named by any number of snapshots; one that no snapshot of this
/// server names any more is swept. The memory of a snapshot is stored as what changed since the one before it of the same
/// sandbox. Thread-safe, but nothing may be stored while [#sweep] runs.
final class SnapshotArchive {
    private static final ObjectMapper JSON = new ObjectMapper();
    static final String SNAPSHOT_PREFIX = "snap-";
    private static final String LAYER = "layer";
    private static final String BASE = "disk";
    private static final String BELOW = "below";
    private static final int DIGEST_CHARACTERS = 32;

    private final Archive archive;
    private final boolean shared;
    private final DiskLayers layers;
    private final FetchedDisks disks;
    private final Map<EntryName, Facts> known = new ConcurrentHashMap<>();

    /// @param shared whether snapshots carry the disk of their template
    SnapshotArchive(Archive archive, boolean shared, DiskLayers layers, FetchedDisks disks) {
        this.archive = archive;
        this.shared = shared;
        this.layers = layers;
        this.disks = disks;
    }

    /// What a snapshot's entry says.
    ///
    /// @param needs entries of layers and of a template's disk, by what they are for
    /// @param layersAt directory in which the layers lay where it was taken
    record Facts(SnapshotManifest manifest, Map<String, EntryName> needs, Path layersAt) {
        private byte[] toBytes() throws IOException {
            ObjectNode json = JSON.createObjectNode().put("layers_at", layersAt.toString());
            json.set("manifest", JSON.readTree(manifest.toBytes()));
            ObjectNode entries = json.putObject("needs");
            needs.forEach((what, entry) -> entries.put(what, entry.toString()));
            return JSON.writeValueAsBytes(json);
        }

        private static Facts read(Entry entry) throws IOException {
            try {
                JsonNode json = JSON.readTree(entry.facts());
                Map<String, EntryName> needs = new LinkedHashMap<>();
                json.path("needs").properties().forEach(need -> needs.put(
                        need.getKey(), EntryName.parse(need.getValue().asText())));
                SnapshotManifest manifest = SnapshotManifest.parse(JSON.writeValueAsBytes(json.path("manifest")));
                if (!manifest.source().tenant().equals(entry.tenant())) {
                    throw new IOException("the manifest of " + entry.name() + " is of another tenant");
                }
                return new Facts(manifest, needs, Path.of(json.path("layers_at").asText()));
            } catch (IllegalArgumentException wrong) {
                throw new IOException("the entry " + entry.name() + " is damaged", wrong);
            }
        }
    }

    /// @param addedBytes what it added to the store
    /// @param contentBytes memory and devices that are not zero
    record Stored(long addedBytes, long contentBytes) {}

    /// Stores a snapshot whose files are here.
    Stored store(Path directory) throws IOException {
        SnapshotManifest manifest = SnapshotManifest.read(directory);
        String tenant = manifest.source().tenant();
        Map<String, EntryName> needs = new LinkedHashMap<>();
        long bytes = 0;
        for (String layer : manifest.disk().layers().keySet()) {
            EntryName name = archive.name(layer);
            needs.put(layer, name);
            bytes += storeOnce(name, tenant, Map.of(LAYER, layers.path(layer)));
        }
        if (shared) {
            Map<String, Path> files = base(manifest.disk());
            EntryName name = archive.name(baseId(tenant, files.get(BASE)));
            needs.put(BASE, name);
            bytes += storeOnce(name, tenant, files);
        }
        Map<String, Path> parts = new TreeMap<>();
        manifest.parts().keySet().forEach(part -> parts.put(part, directory.resolve(part)));
        Facts facts = new Facts(manifest, needs, layers.directory());
        Archive.Stored stored = archive.store(manifest.id(), tenant, facts.toBytes(), parts, parent(manifest));
        known.put(stored.entry().name(), facts);
        return new Stored(bytes + stored.bytes(), stored.entry().contentBytes());
    }

    private long storeOnce(EntryName name, String tenant, Map<String, Path> files) throws IOException {
        return archive.find(name.id()).contains(name)
                ? 0
                : archive.store(name.id(), tenant, new byte[0], files, Optional.empty()).bytes();
    }

    /// A template's disk is stored once for each tenant, whatever it is called where it lies.
    private static String baseId(String tenant, Path disk) throws IOException {
        return "base-" + Digests.ofTexts(tenant, Digests.ofSparseFile(disk)).substring(0, DIGEST_CHARACTERS);
    }

    /// The disk of the template: what its machine was saved on, and the file below that.
    private static Map<String, Path> base(DiskChain disk) throws IOException {
        Map<String, Path> files = new LinkedHashMap<>();
        files.put(BASE, Path.of(disk.base()));
        if (disk.baseFormat().equals(DiskChain.LAYER_FORMAT)) {
            files.put(BELOW, QcowLayer.backing(Path.of(disk.base())));
        }
        return files;
    }

    /// The newest stored snapshot that the machine went through: the layer that it froze is among those of this one.
    private Optional<Entry> parent(SnapshotManifest manifest) throws IOException {
        Map<String, EntryName> byTopLayer = new HashMap<>();
        for (Map.Entry<EntryName, Facts> each : known.entrySet()) {
            SnapshotManifest other = each.getValue().manifest();
            if (other.source().tenant().equals(manifest.source().tenant()) && !other.disk().layers().isEmpty()) {
                byTopLayer.put(other.disk().layers().lastEntry().getKey(), each.getKey());
            }
        }
        for (String layer : manifest.disk().layers().sequencedKeySet().reversed()) {
            EntryName name = byTopLayer.get(layer);
            if (name != null && !name.id().equals(manifest.id())) {
                return Optional.of(archive.read(name));
            }
        }
        return Optional.empty();
    }

    /// Whether some server has stored it.
    boolean contains(String id) throws IOException {
        return entry(id).isPresent();
    }

    /// What the store says of a snapshot; empty when it has none.
    Optional<Facts> find(String id) throws IOException {
        Optional<EntryName> name = entry(id);
        return name.isEmpty() ? Optional.empty() : Optional.of(Facts.read(archive.read(name.get())));
    }

    /// The entry of a snapshot, its own server's copy first.
    private Optional<EntryName> entry(String id) throws IOException {
        List<EntryName> names = archive.find(id);
        EntryName own = archive.name(id);
        return names.contains(own) ? Optional.of(own) : names.stream().findFirst();
    }

    /// Brings the files of a snapshot here, checked against its manifest, and writes a manifest for this place of them.
    ///
    /// @param directory empty
    /// @return bytes of memory and devices that are not zero
    /// @throws IOException when a part is missing or is not what was stored
    long fetch(String id, Path directory) throws IOException {
        Entry entry = archive.read(entry(id).orElseThrow());
        Facts facts = Facts.read(entry);
        SnapshotManifest manifest = facts.manifest();
        Map<String, Part> parts = new TreeMap<>();
        for (Map.Entry<String, Part> part : manifest.parts().entrySet()) {
            Path file = Files.createFile(directory.resolve(part.getKey()));
            archive.fetch(entry, part.getKey(), file);
            parts.put(part.getKey(), requireSame(part.getValue(), file));
        }
        DiskChain disk = fetchBase(facts);
        DiskChain there = DiskChain.of(Path.of(manifest.disk().base()), manifest.disk().baseFormat());
        DiskLayers layersThere = new DiskLayers(facts.layersAt());
        for (Map.Entry<String, Part> layer : manifest.disk().layers().entrySet()) {
            Path here = layers.path(layer.getKey());
            if (!Files.exists(here)) {
                Entry stored = archive.read(need(facts, layer.getKey()));
                Path fetched = directory.resolve("layer.tmp");
                Files.deleteIfExists(fetched);
                archive.fetch(stored, LAYER, Files.createFile(fetched));
                requireSame(layer.getValue(), fetched);
                QcowLayer.requireOwn(fetched, there.top(layersThere), there.topFormat());
                FetchedDisks.moveOnto(fetched, disk.top(layers), disk.topFormat());
                layers.take(layer.getKey(), fetched);
            }
            there = there.plus(layer.getKey(), layer.getValue());
            disk = disk.plus(layer.getKey(), Part.of(here));
        }
        new SnapshotManifest(
                        manifest.id(), manifest.source(), manifest.created(), manifest.key(), manifest.shape(),
                        manifest.guestToken(), parts, disk)
                .write(directory);
        return entry.contentBytes();
    }

    private static Part requireSame(Part stored, Path file) throws IOException {
        Part here = Part.of(file);
        if (here.bytes() != stored.bytes() || !here.sha256().equals(stored.sha256())) {
            throw new IOException(file.getFileName() + " is not what was stored");
        }
        return here;
    }

    /// The template's disk: that of this machine when it is the same, else the one that was stored.
    private DiskChain fetchBase(Facts facts) throws IOException {
        DiskChain disk = facts.manifest().disk();
        Path here = Path.of(disk.base());
        EntryName stored = facts.needs().get(BASE);
        if (stored == null) {
            return DiskChain.of(here, disk.baseFormat()); // of this machine: whether it is still there is checked later
        }
        boolean same = Files.exists(here) && stored.id().equals(baseId(facts.manifest().source().tenant(), here));
        return DiskChain.of(same ? here : disks.fetch(archive, stored, BASE, BELOW), disk.baseFormat());
    }

    private static EntryName need(Facts facts, String what) throws IOException {
        EntryName name = facts.needs().get(what);
        if (name == null) {
            throw new IOException("the snapshot does not say where " + what + " is stored");
        }
        return name;
    }

    /// Ids of the snapshots that this server stored.
    Set<String> ids() throws IOException {
        Set<String> ids = new TreeSet<>();
        for (EntryName name : archive.own()) {
            if (name.id().startsWith(SNAPSHOT_PREFIX)) {
                ids.add(name.id());
            }
        }
        return ids;
    }

    /// Removes a snapshot that this server stored; what it alone needed goes with the next [#sweep].
    void delete(String id) throws IOException {
        archive.delete(archive.name(id));
        known.remove(archive.name(id));
    }

    /// Removes what no snapshot of this server needs any more.
    void sweep() throws IOException {
        List<EntryName> rest = new ArrayList<>();
        Set<EntryName> needed = new HashSet<>();
        Set<EntryName> living = new HashSet<>();
        for (EntryName name : archive.own()) {
            if (name.id().startsWith(SNAPSHOT_PREFIX)) {
                living.add(name);
                Facts facts = known.get(name);
                if (facts == null) {
                    facts = Facts.read(archive.read(name));
                    known.put(name, facts);
                }
                needed.addAll(facts.needs().values());
            } else {
                rest.add(name);
            }
        }
        known.keySet().retainAll(living);
        for (EntryName name : rest) {
            if (!needed.contains(name)) {
                archive.delete(name);
            }
        }
        archive.sweep();
    }

    @Override
    public String toString() {
        return archive.toString();
    }
}
