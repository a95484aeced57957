package dev.declaw.runtime.objects;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/// Objects in a bucket of an S3-compatible service. An upload carries its MD5 (RFC 1864), so that a service refuses what
/// arrived changed or cut; afterwards length and entity tag are asked for again before the object is called stored.
///
/// The client is made by the first call: a server that never uses the bucket does not pay for it. Nothing is read from the
/// environment or from the files of other tools.
public final class S3Objects implements ObjectStore {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final int NOT_FOUND = 404;

    private final S3Settings settings;
    private S3Client client;
    private boolean closed;

    public S3Objects(S3Settings settings) {
        this.settings = settings;
    }

    private synchronized S3Client client() throws IOException {
        if (closed) {
            throw new IOException("the object store is closed");
        }
        if (client == null) {
            client = connect();
        }
        return client;
    }

    private S3Client connect() {
        S3Settings.Credentials given = settings.credentials();
        AwsCredentials credentials = given.sessionToken().isPresent()
                ? AwsSessionCredentials.create(given.accessKey(), given.secretKey(), given.sessionToken().get())
                : AwsBasicCredentials.create(given.accessKey(), given.secretKey());
        S3ClientBuilder builder = S3Client.builder()
                .region(Region.of(settings.region()))
                .credentialsProvider(StaticCredentialsProvider.create(credentials))
                .forcePathStyle(settings.pathStyle())
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .httpClient(UrlConnectionHttpClient.builder()
                        .connectionTimeout(CONNECT)
                        .socketTimeout(settings.attempt())
                        .build())
                .overrideConfiguration(override -> override
                        .apiCallAttemptTimeout(settings.attempt())
                        .apiCallTimeout(settings.attempt().multipliedBy(settings.tries()).plus(CONNECT))
                        .defaultProfileFileSupplier(() -> ProfileFile.aggregator().build())
                        .retryStrategy(StandardRetryStrategy.builder().maxAttempts(settings.tries()).build()));
        settings.endpoint().ifPresent(builder::endpointOverride);
        return builder.build();
    }

    private String key(String name) {
        return settings.prefix() + ObjectStore.requireName(name);
    }

    @Override
    public void put(String name, byte[] content) throws IOException {
        if (content.length > OBJECT_BYTES_MAX) {
            throw new IOException("the object " + name + " has more than " + OBJECT_BYTES_MAX + " bytes");
        }
        byte[] md5 = md5(content);
        try {
            PutObjectResponse stored = client().putObject(
                    request -> request.bucket(settings.bucket())
                            .key(key(name))
                            .contentMD5(Base64.getEncoder().encodeToString(md5)),
                    RequestBody.fromBytes(content));
            HeadObjectResponse found = client().headObject(request -> request.bucket(settings.bucket()).key(key(name)));
            if (found.contentLength() == null || found.contentLength() != content.length) {
                throw new IOException("the object " + name + " has " + found.contentLength() + " bytes in " + this
                        + " instead of " + content.length);
            }
            requireTag(name, stored.eTag(), md5);
            requireTag(name, found.eTag(), md5);
        } catch (SdkException failure) {
            throw failed("written", name, failure);
        }
    }

    /// The entity tag of an object that came in one request is its MD5, unless the service encrypts with keys of its own; then
    /// it has another length or form, and says nothing.
    private void requireTag(String name, String tag, byte[] md5) throws IOException {
        String plain = tag == null ? "" : tag.replace("\"", "");
        boolean isDigest = plain.matches("[0-9a-f]{32}");
        if (isDigest && !plain.equals(HexFormat.of().formatHex(md5))) {
            throw new IOException("the object " + name + " has another digest in " + this + " than what was sent");
        }
    }

    @Override
    public byte[] get(String name, long offset, int length) throws IOException {
        if (length == 0) {
            return new byte[0];
        }
        try {
            byte[] content = client().getObjectAsBytes(request -> request.bucket(settings.bucket())
                            .key(key(name))
                            .range("bytes=" + offset + "-" + (offset + length - 1)))
                    .asByteArrayUnsafe();
            if (content.length != length) {
                throw new EOFException("the object " + name + " ends before byte " + (offset + length));
            }
            return content;
        } catch (NoSuchKeyException none) {
            throw new FileNotFoundException("there is no object " + name + " in " + this);
        } catch (SdkException failure) {
            throw failed("read", name, failure);
        }
    }

    @Override
    public Optional<Long> size(String name) throws IOException {
        try {
            return Optional.of(client().headObject(request -> request.bucket(settings.bucket()).key(key(name)))
                    .contentLength());
        } catch (S3Exception failure) {
            if (failure.statusCode() == NOT_FOUND) {
                return Optional.empty();
            }
            throw failed("looked up", name, failure);
        } catch (SdkException failure) {
            throw failed("looked up", name, failure);
        }
    }

    @Override
    public List<String> list(String prefix) throws IOException {
        try {
            return client()
                    .listObjectsV2Paginator(request -> request.bucket(settings.bucket()).prefix(settings.prefix() + prefix))
                    .contents()
                    .stream()
                    .map(S3Object::key)
                    .map(key -> key.substring(settings.prefix().length()))
                    .sorted()
                    .toList();
        } catch (SdkException failure) {
            throw failed("listed", prefix, failure);
        }
    }

    @Override
    public void delete(String name) throws IOException {
        try {
            client().deleteObject(request -> request.bucket(settings.bucket()).key(key(name)));
        } catch (S3Exception failure) {
            if (failure.statusCode() != NOT_FOUND) {
                throw failed("deleted", name, failure);
            }
        } catch (SdkException failure) {
            throw failed("deleted", name, failure);
        }
    }

    private StoreUnavailableException failed(String what, String name, SdkException failure) {
        String why = failure instanceof S3Exception answer && answer.awsErrorDetails() != null
                ? "status " + answer.statusCode() + ", " + answer.awsErrorDetails().errorCode()
                : failure.getMessage();
        return new StoreUnavailableException("the object " + name + " could not be " + what + " in " + this + ": " + why, failure);
    }

    private static byte[] md5(byte[] content) {
        try {
            return MessageDigest.getInstance("MD5").digest(content);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every JDK has MD5", impossible);
        }
    }

    @Override
    public String toString() {
        return "the bucket " + settings.bucket()
                + settings.endpoint().map(endpoint -> " at " + endpoint.getHost()).orElse(" of AWS");
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (client != null) {
            client.close();
        }
    }
}
