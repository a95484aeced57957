package dev.declaw.server.config;

import dev.declaw.runtime.objects.S3Settings;
import java.nio.file.Path;
import java.util.Optional;

/// Where snapshots are kept.
///
/// @param directory that other servers may use too; empty for one of this server alone
/// @param bucket of an S3-compatible service; empty for a directory
/// @param key file of the master keys; empty for one of this server alone
/// @param cacheMibMax files of stored snapshots that stay on this machine
public record StoreConfig(Optional<Path> directory, Optional<S3Settings> bucket, Optional<Path> key, long cacheMibMax) {
    static final StoreConfig DEFAULT = new StoreConfig(Optional.empty(), Optional.empty(), Optional.empty(), 16384);
}
