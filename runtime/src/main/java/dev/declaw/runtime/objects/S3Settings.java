package dev.declaw.runtime.objects;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// A bucket of an S3-compatible service and how to reach it.
///
/// @param endpoint of the service; empty for AWS itself in this region
/// @param region for example `us-east-1`; most other services ignore it, but it is part of each signature
/// @param prefix put before each object's name, for buckets that hold other things too; empty, or ends with a slash
/// @param pathStyle the bucket stands in the path, not in the host name; what most services other than AWS need
/// @param attempt how long one try of a request may take
/// @param tries how often a request is tried when the service does not answer, or with an error of its own
public record S3Settings(
        Optional<URI> endpoint,
        String region,
        String bucket,
        String prefix,
        boolean pathStyle,
        Credentials credentials,
        Duration attempt,
        int tries) {
    public static final Duration ATTEMPT_DEFAULT = Duration.ofSeconds(30);
    public static final int TRIES_DEFAULT = 3;

    public S3Settings {
        if (!bucket.matches("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")) {
            throw new IllegalArgumentException("not the name of a bucket: " + bucket);
        }
        if (!prefix.matches("([a-zA-Z0-9][a-zA-Z0-9._-]{0,62}/){0,4}")) {
            throw new IllegalArgumentException("a prefix is up to four names that end with a slash each");
        }
        if (region.isEmpty() || attempt.isNegative() || attempt.isZero() || tries < 1) {
            throw new IllegalArgumentException("a region and positive limits are needed");
        }
    }

    /// What requests are signed with. Never printed.
    public record Credentials(String accessKey, String secretKey, Optional<String> sessionToken) {
        public Credentials {
            if (accessKey.isBlank() || secretKey.isBlank()) {
                throw new IllegalArgumentException("an access key and a secret key are needed");
            }
        }

        @Override
        public String toString() {
            return "Credentials[hidden]";
        }
    }
}
