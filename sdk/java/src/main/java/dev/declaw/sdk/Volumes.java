package dev.declaw.sdk;

import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.internal.Query;
import dev.declaw.sdk.json.JsonObject;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Volumes: storage that outlives sandboxes. Thread-safe.
public final class Volumes {
    private static final Set<String> CLOSED = Set.of(
            "", "/etc", "/usr", "/proc", "/sys", "/dev", "/bin", "/sbin", "/lib", "/lib64", "/var", "/run", "/boot");

    private final Http http;

    Volumes(Http http) {
        this.http = http;
    }

    /// How a volume appears in a sandbox: its contents copied in before the first command, or live.
    public enum Mode {
        COPY("copy"),
        MOUNT("mount"),
        MOUNT_READ_ONLY("mount-ro");

        private final String wire;

        Mode(String wire) {
            this.wire = wire;
        }

        public String wire() {
            return wire;
        }
    }

    /// @param subpath one directory of the volume, in the live modes
    public record Attachment(String volumeId, String path, Mode mode, Optional<String> subpath) {
        public Attachment {
            Checks.id("volumeId", volumeId);
            boolean climbs = (path + "/").contains("/../");
            if (!path.startsWith("/") || climbs || CLOSED.contains(path.replaceAll("/+$", ""))) {
                throw new DeclawException.InvalidArgument(
                        "'" + path + "' cannot hold a volume: it must be absolute and not belong to the system, for example /data");
            }
            if (subpath.isPresent() && mode == Mode.COPY) {
                throw new DeclawException.InvalidArgument("a subpath needs a live mode");
            }
        }

        JsonObject toJson() {
            JsonObject json = new JsonObject().put("volume_id", volumeId).put("mount_path", path).put("mode", mode.wire());
            subpath.ifPresent(directory -> json.put("subpath", directory));
            return json;
        }
    }

    public record Volume(String id, String name, long sizeBytes, String backend, String createdAt, JsonObject raw) {
        static Volume of(JsonObject row) {
            return new Volume(
                    row.text("volume_id"),
                    row.text("name"),
                    row.number("size_bytes"),
                    row.text("backend"),
                    row.text("created_at"),
                    row);
        }

        public Attachment at(String path, Mode mode) {
            return new Attachment(id, path, mode, Optional.empty());
        }
    }

    /// @param version changes with each write of the path
    public record Entry(String name, String path, boolean directory, long size, String version) {
        static Entry of(JsonObject row) {
            return new Entry(row.text("name"), row.text("path"), row.flag("is_dir"), row.number("size"), row.text("version"));
        }
    }

    /// An empty volume.
    public Volume create(String name) {
        return Volume.of(http.send(Call.of("POST", "/volumes/empty" + named(name))));
    }

    /// A volume filled with a gzipped tar archive.
    public Volume create(String name, InputStream archive) {
        return Volume.of(http.upload("POST", "/volumes" + named(name), archive, "application/gzip"));
    }

    /// A volume with what a sandbox has under a path.
    public Volume snapshot(String sandboxId, String path, String name) {
        Query query = new Query().with("path", Checks.path(path)).with("name", name);
        String where = "/sandboxes/" + Checks.id("sandboxId", sandboxId) + "/volumes/snapshot" + query;
        return Volume.of(http.send(Call.of("POST", where).within(Http.LONG_MAX)));
    }

    /// A new volume with what a sandbox has made of an attached one.
    public Volume commit(String sandboxId, String volumeId, Optional<String> name) {
        String where = "/sandboxes/" + Checks.id("sandboxId", sandboxId) + "/volumes/" + Checks.id("volumeId", volumeId);
        return Volume.of(http.send(
                Call.of("POST", where + "/commit" + new Query().with("name", name)).within(Http.LONG_MAX)));
    }

    public List<Volume> list() {
        return http.get("/volumes").objects("volumes").stream().map(Volume::of).toList();
    }

    public Volume get(String volumeId) {
        return Volume.of(http.get(path(volumeId)));
    }

    public void delete(String volumeId) {
        http.send(Call.of("DELETE", path(volumeId)));
    }

    /// The whole volume as a gzipped tar archive. The caller closes it.
    public InputStream download(String volumeId) {
        return http.open(Call.of("GET", path(volumeId) + "/download").within(Http.LONG_MAX));
    }

    public List<Entry> files(String volumeId, String directory) {
        return http.get(path(volumeId) + "/files/list" + at(directory)).objects("entries").stream()
                .map(Entry::of)
                .toList();
    }

    public Entry info(String volumeId, String file) {
        return Entry.of(http.get(path(volumeId) + "/files/info" + at(file)));
    }

    public InputStream read(String volumeId, String file) {
        return http.open(Call.of("GET", path(volumeId) + "/files/raw" + at(file)));
    }

    /// @param onlyOver write only over this version; an empty text: only if there is nothing
    /// @throws DeclawException.Conflict when the version is another one
    public void write(String volumeId, String file, InputStream content, Optional<String> onlyOver) {
        String query = new Query().with("path", Checks.path(file)).with("if_version", onlyOver).toString();
        http.upload("PUT", path(volumeId) + "/files/raw" + query, content, "application/octet-stream");
    }

    public void remove(String volumeId, String file, boolean recursive) {
        Query query = new Query().with("path", Checks.path(file)).with("recursive", recursive);
        http.send(Call.of("DELETE", path(volumeId) + "/files" + query));
    }

    private static String path(String volumeId) {
        return "/volumes/" + Checks.id("volumeId", volumeId);
    }

    private static String at(String file) {
        return new Query().with("path", Checks.path(file)).toString();
    }

    private static String named(String name) {
        if (name.isBlank()) throw new DeclawException.InvalidArgument("a volume needs a name");
        return new Query().with("name", name).toString();
    }
}
