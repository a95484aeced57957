package dev.declaw.sdk;

import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.internal.Events;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.internal.Query;
import dev.declaw.sdk.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/// Files of a sandbox, read and written as one user. A path is absolute or relative to that user's home. Thread-safe.
public final class Files {
    private final Http http;
    private final String path;
    private final String user;

    Files(Http http, String sandbox, String user) {
        this.http = http;
        this.path = sandbox + "/files";
        this.user = user;
    }

    /// An entry of a directory.
    ///
    /// @param size bytes; 0 for a directory
    public record Entry(String name, String path, boolean directory, long size) {
        static Entry of(JsonObject row) {
            return new Entry(row.text("name"), row.text("path"), row.text("type").equals("dir"), row.number("size"));
        }
    }

    /// The same files as another user.
    public Files as(String otherUser) {
        return new Files(http, path.substring(0, path.length() - "/files".length()), otherUser);
    }

    public String readText(String file) {
        return new String(readBytes(file), StandardCharsets.UTF_8);
    }

    /// The whole file, in memory; for large ones use [#read] or [#download].
    public byte[] readBytes(String file) {
        try (InputStream in = read(file)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + file + " broke off", e);
        }
    }

    /// The file as a stream, in constant memory. The caller closes it.
    public InputStream read(String file) {
        return http.open(Call.of("GET", path + "/raw" + query(file)));
    }

    /// Fetches a file; `target` is replaced only when all of it came.
    ///
    /// @return its bytes
    public long download(String file, Path target) {
        Path partial = target.resolveSibling(target.getFileName() + ".part");
        try {
            try (InputStream in = read(file)) {
                long count = java.nio.file.Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
                java.nio.file.Files.move(partial, target, StandardCopyOption.REPLACE_EXISTING);
                return count;
            } finally {
                java.nio.file.Files.deleteIfExists(partial);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("fetching " + file + " to " + target + " failed", e);
        }
    }

    /// @return bytes that were written
    public long write(String file, String text) {
        return write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    public long write(String file, byte[] bytes) {
        return write(file, new ByteArrayInputStream(bytes));
    }

    /// Writes a stream, in constant memory; missing directories are made.
    public long write(String file, InputStream content) {
        return http.upload("PUT", path + "/raw" + query(file), content, "application/octet-stream").number("size");
    }

    /// Sends a file of this machine.
    public long upload(Path source, String file) {
        try (InputStream in = java.nio.file.Files.newInputStream(source)) {
            return write(file, in);
        } catch (IOException e) {
            throw new UncheckedIOException("sending " + source + " failed", e);
        }
    }

    public List<Entry> list(String directory) {
        return list(directory, 1);
    }

    /// @param depth levels below `directory`
    public List<Entry> list(String directory, int depth) {
        Query query = parameters(directory).with("depth", Checks.count("depth", depth, 64));
        return JsonObject.objectsOf(http.value(Call.of("GET", path + "/list" + query))).stream()
                .map(Entry::of)
                .toList();
    }

    public boolean exists(String file) {
        return http.get(path + "/exists" + query(file)).flag("exists");
    }

    public Entry info(String file) {
        return Entry.of(http.get(path + "/info" + query(file)));
    }

    /// Removes a file or a whole tree; nothing there is fine.
    public void remove(String file) {
        http.send(Call.of("DELETE", path + query(file)));
    }

    /// Moves, replacing a file that is there.
    public Entry rename(String from, String to) {
        JsonObject body = new JsonObject().put("old_path", Checks.path(from)).put("new_path", Checks.path(to));
        return Entry.of(http.send(Call.of("PATCH", path).with(body.put("username", user))));
    }

    /// Makes a directory and its parents.
    ///
    /// @return false when it was there
    public boolean makeDirectory(String directory) {
        JsonObject body = new JsonObject().put("path", Checks.path(directory)).put("username", user);
        return http.send(Call.of("POST", path + "/mkdir").with(body)).flag("created");
    }

    /// Follows what happens in a directory, from the moment this returns.
    public Watch watch(String directory, boolean recursive) {
        JsonObject body = new JsonObject().put("path", Checks.path(directory)).put("username", user);
        return new Watch(new Events(http.open(Call.of("POST", path + "/watch").with(body.put("recursive", recursive)))));
    }

    private Query parameters(String file) {
        return new Query().with("path", Checks.path(file)).with("username", user);
    }

    private String query(String file) {
        return parameters(file).toString();
    }
}
