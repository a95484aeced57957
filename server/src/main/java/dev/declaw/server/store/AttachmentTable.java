package dev.declaw.server.store;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Which volumes are attached to which sandboxes.
public final class AttachmentTable {
    private final Database database;

    public AttachmentTable(Database database) {
        this.database = database;
    }

    /// @param mode `copy`, `mount` or `mount-ro`
    /// @param subpath path of the volume that is mounted; `/` for all of it
    public record Row(String volumeId, String mountPath, String mode, String subpath) {}

    public void insert(String sandboxId, List<Row> rows) {
        database.write(handle -> {
            for (int place = 0; place < rows.size(); place++) {
                Row row = rows.get(place);
                handle.createUpdate(
                                """
                                INSERT INTO sandbox_volumes (sandbox_id, place, volume_id, mount_path, mode, subpath)
                                VALUES (:sandbox, :place, :volume, :path, :mode, :subpath)
                                """)
                        .bind("sandbox", sandboxId)
                        .bind("place", place)
                        .bind("volume", row.volumeId())
                        .bind("path", row.mountPath())
                        .bind("mode", row.mode())
                        .bind("subpath", row.subpath())
                        .execute();
            }
            return null;
        });
    }

    /// Attachments of these sandboxes, in the order in which they were asked for.
    public Map<String, List<Row>> of(Collection<String> sandboxIds) {
        if (sandboxIds.isEmpty()) return Map.of();
        return database.read(handle -> {
            Map<String, List<Row>> found = new LinkedHashMap<>();
            handle.createQuery("SELECT * FROM sandbox_volumes WHERE sandbox_id IN (<ids>) ORDER BY sandbox_id, place")
                    .bindList("ids", List.copyOf(sandboxIds))
                    .map((results, _) -> Map.entry(
                            results.getString("sandbox_id"),
                            new Row(
                                    results.getString("volume_id"),
                                    results.getString("mount_path"),
                                    results.getString("mode"),
                                    results.getString("subpath"))))
                    .forEach(entry -> found.computeIfAbsent(entry.getKey(), _ -> new ArrayList<>()).add(entry.getValue()));
            return found;
        });
    }

    /// Sandboxes that exist still and have a volume mounted live.
    public List<String> mountedIn(String volumeId) {
        return database.read(handle -> handle.createQuery(
                        """
                        SELECT DISTINCT sandbox_volumes.sandbox_id FROM sandbox_volumes
                        JOIN sandboxes ON sandboxes.id = sandbox_volumes.sandbox_id
                        WHERE sandbox_volumes.volume_id = :id AND sandbox_volumes.mode <> 'copy' AND sandboxes.state <> 'KILLED'
                        """)
                .bind("id", volumeId)
                .mapTo(String.class)
                .list());
    }

    /// Forgets the attachments of sandboxes that are forgotten themselves.
    public int forgetOrphans() {
        return database.write(handle -> handle.createUpdate(
                        """
                        DELETE FROM sandbox_volumes WHERE NOT EXISTS
                          (SELECT 1 FROM sandboxes WHERE sandboxes.id = sandbox_volumes.sandbox_id)
                        """)
                .execute());
    }
}
