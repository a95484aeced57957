package dev.declaw.server.template;

import dev.declaw.runtime.MicroVmHost;
import dev.declaw.runtime.template.Template;
import dev.declaw.server.store.BuildTable;
import dev.declaw.server.store.BuildTable.Layer;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Disks as they were after a step, found again by everything that they depend on. A tenant uses its own only: what another
/// one's step fetched is not to be trusted. The longest unused go first. Thread-safe.
final class LayerCache {
    private static final Logger LOG = LoggerFactory.getLogger(LayerCache.class);
    private static final int TENANT_LAYERS_MAX = 64;
    private static final int LAYERS_MAX = 512;

    private final BuildTable table;
    private final MicroVmHost host;
    private final InstantSource clock;

    LayerCache(BuildTable table, MicroVmHost host, InstantSource clock) {
        this.table = table;
        this.host = host;
        this.clock = clock;
    }

    /// The disk of this key, which counts as used now; one that is damaged is forgotten.
    Optional<String> find(String owner, String key) {
        Optional<Layer> found = table.layer(key).filter(layer -> layer.owner().equals(owner));
        if (found.isPresent() && !host.usable(Template.saved("layer", key, found.get().artifact(), 1, 1, 1))) {
            drop(found.get());
            return Optional.empty();
        }
        found.ifPresent(layer -> table.putLayer(new Layer(key, owner, layer.artifact(), clock.instant())));
        return found.map(Layer::artifact);
    }

    void put(String owner, String key, String artifact) {
        Optional<Layer> old = table.layer(key);
        table.putLayer(new Layer(key, owner, artifact, clock.instant()));
        old.filter(layer -> !layer.artifact().equals(artifact)).ifPresent(layer -> host.deleteSnapshot(layer.artifact()));
        trim(owner);
    }

    private synchronized void trim(String owner) {
        List<Layer> all = table.layers();
        long own = all.stream().filter(layer -> layer.owner().equals(owner)).count();
        long total = all.size();
        for (Layer layer : all) {
            boolean mine = layer.owner().equals(owner);
            if (total <= LAYERS_MAX && !(mine && own > TENANT_LAYERS_MAX)) continue;
            drop(layer);
            total--;
            if (mine) own--;
        }
    }

    private void drop(Layer layer) {
        table.deleteLayer(layer.key());
        try {
            host.deleteSnapshot(layer.artifact());
        } catch (RuntimeException e) {
            LOG.warn("the cached disk {} could not be removed; the next start removes it", layer.artifact(), e);
        }
    }
}
