package dev.declaw.egress.tls;

import io.netty.buffer.ByteBuf;
import java.util.Optional;

/// Watches what a client sends after its ClientHello when TLS is passed through: a server may ask for a second one
/// (HelloRetryRequest, RFC 8446 §4.1.4), and that must carry the same name, or the policy would have judged another host
/// than the one that is reached. One thread at a time.
public final class SecondHello {
    public enum Seen {
        /// Not decided yet: these bytes must wait.
        UNDECIDED,
        /// No second hello comes, or it is like the first: everything may pass from now on.
        SAME,
        /// Another name, an encrypted one, or nothing that can be read.
        DIFFERENT
    }

    private static final int CHANGE_CIPHER_SPEC = 20;
    private static final int ALERT = 21;
    private static final int WARNING = 1;
    private static final int USER_CANCELED = 90;
    private static final int SKIPPED_RECORDS_MAX = 8;
    private static final int HANDSHAKE = 22;
    private static final int CLIENT_HELLO = 1;
    private static final int RECORD_HEADER = 5;

    private final Optional<String> serverName;
    private final ClientHelloReader reader = new ClientHelloReader();

    public SecondHello(ClientHello first) {
        this.serverName = first.serverName();
    }

    /// @param in all bytes since the first ClientHello; nothing is taken
    public Seen look(ByteBuf in) {
        int at = in.readerIndex();
        // Servers skip change_cipher_spec (RFC 8446 §D.4) and warnings such as user_canceled (§6.1), more than one of them.
        for (int skipped = 0; skippable(in, at); skipped++) {
            if (skipped == SKIPPED_RECORDS_MAX) return Seen.DIFFERENT;
            if (in.writerIndex() - at < RECORD_HEADER) return Seen.UNDECIDED;
            int size = in.getUnsignedShort(at + 3);
            boolean alert = in.getByte(at) == ALERT;
            if (alert && size != 2) return Seen.SAME; // encrypted
            if (!alert && size != 1) return Seen.DIFFERENT;
            if (in.writerIndex() - at < RECORD_HEADER + size) return Seen.UNDECIDED;
            boolean ends = alert && in.getByte(at + RECORD_HEADER) != WARNING && in.getByte(at + RECORD_HEADER + 1) != USER_CANCELED;
            if (ends) return Seen.SAME;
            at += RECORD_HEADER + size;
        }
        int available = in.writerIndex() - at;
        if (available < 1) return Seen.UNDECIDED;
        if (in.getByte(at) != HANDSHAKE) return Seen.SAME; // encrypted
        if (available < RECORD_HEADER + 2) return Seen.UNDECIDED;
        int length = in.getUnsignedShort(at + 3);
        if (length == 0) return Seen.DIFFERENT; // some servers skip it and read on, which RFC 8446 §5.1 forbids
        // What else may stand here is a client key exchange, a certificate, or (resumed TLS 1.2) an encrypted Finished,
        // whose first bytes look like a ClientHello of less than 64 KiB about once in 65 000 times: then it is refused.
        boolean hello = in.getByte(at + RECORD_HEADER) == CLIENT_HELLO
                && (length < 2 || in.getByte(at + RECORD_HEADER + 1) == 0);
        if (!hello) return Seen.SAME;
        if (available > ClientHelloReader.WIRE_BYTES_MAX) return Seen.DIFFERENT;
        try {
            Optional<ClientHello> second = reader.read(in.slice(at, available));
            if (second.isEmpty()) return Seen.UNDECIDED;
            boolean same = second.get().serverName().equals(serverName) && !second.get().encryptedHello();
            return same ? Seen.SAME : Seen.DIFFERENT;
        } catch (TlsViolation e) {
            return Seen.DIFFERENT;
        }
    }

    private static boolean skippable(ByteBuf in, int at) {
        return at < in.writerIndex() && (in.getByte(at) == CHANGE_CIPHER_SPEC || in.getByte(at) == ALERT);
    }
}
