package dev.declaw.cli;

import dev.declaw.sdk.DeclawException.InvalidPolicy;
import dev.declaw.sdk.json.JsonException;
import dev.declaw.sdk.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A policy as a file: one JSON object with the parts of a policy.
final class PolicyFile {
    private PolicyFile() {}

    /// @throws InvalidPolicy when it is no JSON object, with the place
    static JsonObject read(Path file) {
        try {
            return JsonObject.parse(Files.readString(file));
        } catch (JsonException e) {
            throw new InvalidPolicy(file + ": " + e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + file + " failed", e);
        }
    }
}
