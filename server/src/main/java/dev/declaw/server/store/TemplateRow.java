package dev.declaw.server.store;

import java.time.Instant;
import java.util.Optional;

/// One built template as it is stored: a version of an alias, or one without a name.
///
/// @param version counts the builds of an alias, from 1
/// @param digest SHA-256 over everything that it was built from, hex
/// @param definition SHA-256 over what asked for it, hex: tells a built-in template whether it is stale
/// @param artifact id of the saved machine
/// @param config what later builds and sandboxes take over from it, as JSON
public record TemplateRow(
        String id,
        String owner,
        Optional<String> alias,
        int version,
        String digest,
        String definition,
        String artifact,
        String config,
        int vcpus,
        int memoryMib,
        int diskMib,
        Instant created) {}
