package dev.declaw.runtime.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Keeps saved machines: each is a directory of parts and a manifest that names them with their digests, written last. One
/// without a manifest does not exist for anybody but [#delete] and [#unfinished]. Thread-safe for different ids.
///
/// Parts are mapped and opened by a VMM, so they are always files of this machine when they are used. A store that keeps
/// them elsewhere sends them there in [#complete] and fetches them in [#open].
public interface ArtifactStore {
    /// Name of the manifest in a directory.
    String MANIFEST = "manifest.json";

    /// A new, empty directory for the parts.
    ///
    /// @throws java.nio.file.FileAlreadyExistsException when the id is in use
    Path begin(String id) throws IOException;

    /// Makes an artifact whose manifest has been written last as durable as this store can. When it returns, the artifact
    /// exists; when it throws, it does not.
    void complete(String id) throws IOException;

    /// The directory of an artifact with all of its parts; empty when there is no complete one. The content is not checked
    /// here: the digests are in the manifest.
    Optional<Path> open(String id) throws IOException;

    /// All complete ones.
    List<String> ids() throws IOException;

    /// Directories without a manifest: what saves left that did not end.
    List<String> unfinished() throws IOException;

    /// Removes it, manifest first. Machines that run from it go on. Does nothing when there is none.
    void delete(String id) throws IOException;
}
