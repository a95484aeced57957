package dev.declaw.egress.content;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.decoder.DecoderJNI;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.declaw.model.policy.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.DataFormatException;

/// Takes the content codings off a whole body (RFC 9110 §8.4): gzip, deflate, br and zstd, up to three of them in a row.
/// Bounded in output and in ratio; everything after the coded data is an error. Thread-safe.
public final class BodyDecoder {
    /// What came of it.
    public sealed interface Decoded {
        /// @param bytes the body without codings; the array that was passed in when it has none
        record Plain(byte[] bytes) implements Decoded {}

        /// The body cannot be scanned, so it must not leave.
        record Refused(Reason reason) implements Decoded {}
    }

    private static final int CODINGS_MAX = 3;
    private static final int CHUNK_BYTES = 16 * 1024;
    /// Brotli's decoder does not tell where its data ended, so the last bytes go in one by one.
    private static final int BROTLI_TAIL_BYTES = 64;

    private final int outputBytesMax;

    /// @param outputBytesMax decoded size above which a body is refused with `request_too_large`
    public BodyDecoder(int outputBytesMax) {
        this.outputBytesMax = outputBytesMax;
    }

    /// @param contentEncoding value of the Content-Encoding field (fields joined by commas), or empty
    public Decoded decode(byte[] body, String contentEncoding) {
        if (body.length == 0) return new Decoded.Plain(body);
        List<String> codings = new ArrayList<>();
        for (String name : contentEncoding.split(",", -1)) {
            String coding = name.strip().toLowerCase(Locale.ROOT);
            if (!coding.isEmpty() && !coding.equals("identity")) codings.add(coding);
        }
        if (codings.size() > CODINGS_MAX) return new Decoded.Refused(Reason.UNDECODABLE_BODY);
        byte[] decoded = body;
        for (String coding : codings.reversed()) {
            switch (decodeOne(decoded, coding)) {
                case Decoded.Plain(byte[] bytes) -> decoded = bytes;
                case Decoded.Refused refused -> {
                    return refused;
                }
            }
        }
        return decoded.length > outputBytesMax
                ? new Decoded.Refused(Reason.REQUEST_TOO_LARGE)
                : new Decoded.Plain(decoded);
    }

    /// Decodes a body that begins like gzip or zstd although nobody said so; other bodies are undecodable.
    Decoded decodeUnlabelled(byte[] body) {
        if (body.length > 3 && (body[0] & 255) == 0x1f && (body[1] & 255) == 0x8b && body[2] == 8) {
            return decodeOne(body, "gzip");
        }
        if (body.length > 4 && (body[0] & 255) == 0x28 && (body[1] & 255) == 0xb5 && body[2] == 0x2f
                && (body[3] & 255) == 0xfd) {
            return decodeOne(body, "zstd");
        }
        return new Decoded.Refused(Reason.UNDECODABLE_BODY);
    }

    private Decoded decodeOne(byte[] body, String coding) {
        CappedOutput out = new CappedOutput(outputBytesMax, body.length);
        try {
            switch (coding) {
                case "gzip", "x-gzip" -> Inflation.gzip(body, out);
                case "deflate" -> Inflation.deflate(body, out);
                case "br" -> brotli(body, out);
                case "zstd" -> zstd(body, out);
                default -> {
                    return new Decoded.Refused(Reason.UNDECODABLE_BODY);
                }
            }
            return new Decoded.Plain(out.toByteArray());
        } catch (CappedOutput.TooLargeException e) {
            return new Decoded.Refused(Reason.REQUEST_TOO_LARGE);
        } catch (DataFormatException | IOException e) {
            // The sender's data is not what it says; the reason goes to the sender, the details help nobody.
            return new Decoded.Refused(Reason.UNDECODABLE_BODY);
        }
    }

    private static void zstd(byte[] body, CappedOutput out) throws IOException {
        try (ZstdInputStreamNoFinalizer in = new ZstdInputStreamNoFinalizer(new ByteArrayInputStream(body))) {
            byte[] chunk = new byte[CHUNK_BYTES];
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) out.write(chunk, 0, n);
        }
    }

    private static void brotli(byte[] body, CappedOutput out) throws IOException, DataFormatException {
        Brotli4jLoader.ensureAvailability();
        DecoderJNI.Wrapper decoder = new DecoderJNI.Wrapper(CHUNK_BYTES);
        try {
            int at = 0;
            while (true) {
                switch (decoder.getStatus()) {
                    case DONE -> {
                        drain(decoder, out);
                        if (at != body.length) throw new DataFormatException("data after the end");
                        return;
                    }
                    case OK -> decoder.push(0);
                    case NEEDS_MORE_OUTPUT -> drain(decoder, out);
                    case NEEDS_MORE_INPUT -> {
                        drain(decoder, out);
                        if (at == body.length) throw new DataFormatException("data ends early");
                        int left = body.length - at;
                        int n = left > BROTLI_TAIL_BYTES ? Math.min(CHUNK_BYTES, left - BROTLI_TAIL_BYTES) : 1;
                        ByteBuffer input = decoder.getInputBuffer();
                        input.clear();
                        input.put(body, at, n);
                        at += n;
                        decoder.push(n);
                    }
                    case ERROR -> throw new DataFormatException("corrupt");
                }
            }
        } finally {
            decoder.destroy();
        }
    }

    private static void drain(DecoderJNI.Wrapper decoder, CappedOutput out) {
        while (decoder.hasOutput()) {
            ByteBuffer piece = decoder.pull();
            byte[] bytes = new byte[piece.remaining()];
            piece.get(bytes);
            out.write(bytes, 0, bytes.length);
        }
    }
}
