package dev.declaw.server.config;

import dev.declaw.runtime.objects.S3Settings;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/// Reads the settings of the store of snapshots. What is refused is reported without any secret.
final class StoreReader {
    private static final int CREDENTIALS_BYTES_MAX = 16 << 10;

    private final Function<ConfigKey, String> settings;
    private final Refusal refusal;

    /// Takes down a problem.
    interface Refusal {
        void refuse(ConfigKey key, String why);
    }

    StoreReader(Function<ConfigKey, String> settings, Refusal refusal) {
        this.settings = settings;
        this.refusal = refusal;
    }

    StoreConfig read(long cacheMibMax, boolean pathStyle) {
        Optional<S3Settings> bucket = Optional.empty();
        if (!settings.apply(ConfigKey.STORE_S3_BUCKET).isEmpty()) {
            bucket = bucket(pathStyle);
            if (!settings.apply(ConfigKey.STORE_DIRECTORY).isEmpty()) {
                refusal.refuse(ConfigKey.STORE_DIRECTORY, "and a bucket are set; choose one");
            }
            if (settings.apply(ConfigKey.STORE_KEY).isEmpty()) {
                refusal.refuse(
                        ConfigKey.STORE_KEY,
                        "must name the file of the master keys when snapshots go to a bucket: keep a copy of it, without it nothing there"
                                + " can be opened (make one with: openssl rand -hex 32)");
            }
        } else if (!settings.apply(ConfigKey.STORE_S3_ENDPOINT).isEmpty()) {
            refusal.refuse(ConfigKey.STORE_S3_ENDPOINT, "does nothing without " + ConfigKey.STORE_S3_BUCKET.variable());
        }
        return new StoreConfig(path(ConfigKey.STORE_DIRECTORY), bucket, path(ConfigKey.STORE_KEY), cacheMibMax);
    }

    private Optional<Path> path(ConfigKey key) {
        String text = settings.apply(key);
        if (!text.isEmpty() && !Path.of(text).isAbsolute()) {
            refusal.refuse(key, "must be an absolute path");
        }
        return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));
    }

    private Optional<S3Settings> bucket(boolean pathStyle) {
        try {
            String prefix = settings.apply(ConfigKey.STORE_S3_PREFIX);
            return Optional.of(new S3Settings(
                    endpoint(),
                    settings.apply(ConfigKey.STORE_S3_REGION),
                    settings.apply(ConfigKey.STORE_S3_BUCKET),
                    prefix.isEmpty() || prefix.endsWith("/") ? prefix : prefix + "/",
                    pathStyle,
                    credentials(),
                    S3Settings.ATTEMPT_DEFAULT,
                    S3Settings.TRIES_DEFAULT));
        } catch (IllegalArgumentException | IOException wrong) {
            refusal.refuse(ConfigKey.STORE_S3_BUCKET, "cannot be used: " + wrong.getMessage());
            return Optional.empty();
        }
    }

    private Optional<URI> endpoint() {
        String text = settings.apply(ConfigKey.STORE_S3_ENDPOINT);
        if (text.isEmpty()) return Optional.empty();
        if (!text.matches("https?://[A-Za-z0-9.\\[\\]:_-]+/?")) {
            throw new IllegalArgumentException("the endpoint must be a URL such as https://s3.example.com or http://10.0.0.5:9000");
        }
        return Optional.of(URI.create(text));
    }

    private S3Settings.Credentials credentials() throws IOException {
        String file = settings.apply(ConfigKey.STORE_S3_CREDENTIALS);
        if (file.isEmpty()) {
            return new S3Settings.Credentials(
                    settings.apply(ConfigKey.STORE_S3_ACCESS_KEY),
                    settings.apply(ConfigKey.STORE_S3_SECRET_KEY),
                    Optional.empty());
        }
        Map<String, String> values = read(Path.of(file));
        return new S3Settings.Credentials(
                values.getOrDefault("aws_access_key_id", ""),
                values.getOrDefault("aws_secret_access_key", ""),
                Optional.ofNullable(values.get("aws_session_token")));
    }

    /// `name = value` lines as the tools of AWS write them; section lines are passed over.
    private static Map<String, String> read(Path file) throws IOException {
        if (!Files.isReadable(file) || Files.size(file) > CREDENTIALS_BYTES_MAX) {
            throw new IOException(file + " is no readable file of credentials");
        }
        String others = PosixFilePermissions.toString(Files.getPosixFilePermissions(file)).substring(3);
        if (!others.equals("------")) {
            throw new IOException(file + " can be read by others (" + others + "); make it mode 0600");
        }
        Map<String, String> values = new TreeMap<>();
        for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
            int equals = line.indexOf('=');
            if (equals > 0) values.put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
        }
        return values;
    }
}
