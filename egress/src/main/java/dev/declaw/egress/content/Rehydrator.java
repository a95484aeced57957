package dev.declaw.egress.content;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/// Puts the values back for the tokens in one response body, in stream order. One thread at a time.
///
/// The same result whatever the segmentation: what may still become a token is held back (never more than
/// [Tokens#CHARS_MAX] bytes) until it is one or cannot be one. Only tokens minted for this sandbox and bound to the host
/// are replaced; all others stay as they are. Without an `R` nothing is copied twice.
public final class Rehydrator implements ResponseFilter {
    private static final byte[] NOTHING = {};

    private final TokenVault vault;
    private final String host;
    private final Carrier carrier;
    private byte[] held = NOTHING;
    /// Backslashes before the last quote: inside a JSON text that is itself a JSON string, quotes are `\"`.
    private int quoteEscapes;

    /// @param host canonical host name or IP literal that the response comes from
    /// @param carrier how an inserted value must be escaped; see [Carrier#of]
    public Rehydrator(TokenVault vault, String host, Carrier carrier) {
        this.vault = Objects.requireNonNull(vault);
        this.host = Objects.requireNonNull(host);
        this.carrier = Objects.requireNonNull(carrier);
    }

    /// Takes the next bytes (identity coding) and returns what may go to the guest now.
    @Override
    public byte[] feed(byte[] bytes, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (carrier == Carrier.OPAQUE) return Arrays.copyOfRange(bytes, offset, offset + length);
        return replace(joined(bytes, offset, length), false);
    }

    /// The rest, at the body's end.
    @Override
    public byte[] finish() {
        return replace(joined(NOTHING, 0, 0), true);
    }

    private byte[] joined(byte[] bytes, int offset, int length) {
        byte[] all = Arrays.copyOf(held, held.length + length);
        System.arraycopy(bytes, offset, all, held.length, length);
        held = NOTHING;
        return all;
    }

    private byte[] replace(byte[] text, boolean last) {
        ByteArrayOutputStream out = null;
        int copied = 0;
        int end = text.length;
        int quotesRead = 0;
        for (int at = 0; at < text.length; ) {
            if (text[at] != 'R') {
                at++;
                continue;
            }
            Tokens.At token = Tokens.at(text, at, text.length, last);
            if (token.match() == Tokens.Match.OPEN) {
                held = Arrays.copyOfRange(text, at, text.length);
                end = at;
                break;
            }
            if (token.match() == Tokens.Match.NONE) {
                at++;
                continue;
            }
            noteQuotes(text, quotesRead, at);
            quotesRead = at;
            Optional<byte[]> value = valueOf(new String(text, at, token.end() - at, StandardCharsets.US_ASCII));
            if (value.isPresent()) {
                if (out == null) out = new ByteArrayOutputStream(text.length + 64);
                out.write(text, copied, at - copied);
                out.writeBytes(value.get());
                copied = token.end();
                at = copied;
            } else {
                at++;
            }
        }
        noteQuotes(text, quotesRead, end);
        if (out == null) return end == text.length ? text : Arrays.copyOf(text, end);
        out.write(text, copied, end - copied);
        return out.toByteArray();
    }

    private void noteQuotes(byte[] text, int from, int to) {
        if (carrier != Carrier.JSON) return;
        for (int i = to - 1; i >= from; i--) {
            if (text[i] != '"') continue;
            int escapes = 0;
            while (i - 1 - escapes >= 0 && text[i - 1 - escapes] == '\\') escapes++;
            quoteEscapes = escapes;
            return;
        }
    }

    /// Escaped once for each JSON text that the token lies in: a quote behind one backslash is in the second, behind three
    /// in the third.
    private Optional<byte[]> valueOf(String token) {
        return vault.valueOf(token, host).map(value -> {
            String inner = value;
            for (int escapes = quoteEscapes; escapes > 0; escapes /= 2) inner = Spelling.JSON.spell(inner);
            return carrier.escape(inner);
        });
    }
}
