package dev.declaw.runtime.objects;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/// A real S3-speaking server (S3Proxy) on a directory. It checks signatures (AWS signature version 4), ranges and MD5.
public final class S3Server implements AutoCloseable {
    public static final String BUCKET = "declaw-test";
    private static final String ACCESS_KEY = "test-access-key";
    static final String SECRET_KEY = "test-secret-key";

    private final Path directory;
    private final S3Proxy server;

    public S3Server(Path directory) throws Exception {
        this.directory = directory;
        FilesystemNio2BlobStore blobs = new FilesystemNio2BlobStore(directory.toString());
        blobs.createContainer(BUCKET);
        server = S3Proxy.builder()
                .blobStore(blobs)
                .awsAuthentication(AuthenticationType.AWS_V4, ACCESS_KEY, SECRET_KEY)
                .endpoint(URI.create("http://127.0.0.1:0"))
                .build();
        server.start();
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!server.getState().equals("STARTED")) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("the S3 server does not start: " + server.getState());
            }
            Thread.sleep(5);
        }
    }

    public int port() {
        return server.getPort();
    }

    /// The file that an object lies in.
    public Path file(String key) {
        return directory.resolve(BUCKET).resolve(key);
    }

    public S3Settings settings() {
        return settings(port(), SECRET_KEY, Duration.ofSeconds(20));
    }

    /// A client whose connections pass through something, and that does not wait long.
    public ObjectStore behind(FaultyProxy proxy) {
        return new S3Objects(settings(proxy.port(), SECRET_KEY, Duration.ofSeconds(3)));
    }

    /// @param port of the server, or of something before it
    S3Settings settings(int port, String secretKey, Duration attempt) {
        return new S3Settings(
                Optional.of(URI.create("http://127.0.0.1:" + port)),
                "us-east-1",
                BUCKET,
                "some/place/",
                true,
                new S3Settings.Credentials(ACCESS_KEY, secretKey, Optional.empty()),
                attempt,
                2);
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception failure) {
            throw new IllegalStateException("the S3 server does not stop", failure);
        }
    }
}
