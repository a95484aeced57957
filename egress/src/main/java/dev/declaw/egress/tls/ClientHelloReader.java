package dev.declaw.egress.tls;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/// Puts the ClientHello together from TLS records, however they are cut, without taking a byte off the connection: the
/// same bytes go to the TLS engine or upstream afterwards. One thread at a time.
///
/// Missing bytes are never "no name": an answer comes only when the whole message is there (large post-quantum key shares
/// move the name far behind).
public final class ClientHelloReader {
    private static final int MESSAGE_BYTES_MAX = 16 * 1024;
    /// Wire bytes a reader ever needs to see: the largest message, one byte to a record.
    public static final int WIRE_BYTES_MAX = MESSAGE_BYTES_MAX * 6;

    private static final int RECORD_HEADER = 5;
    private static final int RECORD_BYTES_MAX = 1 << 14;
    private static final int HANDSHAKE = 22;
    private static final int CLIENT_HELLO = 1;
    private static final int SERVER_NAME = 0;
    private static final int EARLY_DATA = 42;
    private static final int ENCRYPTED_CLIENT_HELLO = 0xfe0d;

    private byte[] message = new byte[1024];
    private int messageLength;
    private int messageTotal = -1;
    private int recordStart;
    private int at;

    /// Looks at what has arrived so far.
    ///
    /// @param in all bytes of the connection from its first one, more in each call
    /// @return empty while the message is not complete
    public Optional<ClientHello> read(ByteBuf in) throws TlsViolation {
        while (true) {
            int available = in.readableBytes() - recordStart;
            int base = in.readerIndex() + recordStart;
            if (available >= 1 && in.getUnsignedByte(base) != HANDSHAKE) throw new TlsViolation("not a handshake record");
            if (available >= 2 && in.getByte(base + 1) != 3) throw new TlsViolation("not a TLS 1.x record");
            if (available < RECORD_HEADER) return Optional.empty();
            int length = in.getUnsignedShort(base + 3);
            if (length == 0 || length > RECORD_BYTES_MAX) throw new TlsViolation("a record of impossible size");
            if (available < RECORD_HEADER + length) return Optional.empty();
            append(in, base + RECORD_HEADER, length);
            recordStart += RECORD_HEADER + length;
            if (messageTotal < 0 && messageLength >= 4) {
                if (message[0] != CLIENT_HELLO) throw new TlsViolation("the first message is not a ClientHello");
                messageTotal = 4 + ((message[1] & 255) << 16 | (message[2] & 255) << 8 | message[3] & 255);
                if (messageTotal > MESSAGE_BYTES_MAX) throw new TlsViolation("the ClientHello is too large");
            }
            if (messageTotal < 0) continue;
            if (messageLength > messageTotal) throw new TlsViolation("data behind the ClientHello in its record");
            if (messageLength == messageTotal) return Optional.of(parse());
        }
    }

    /// Bytes of the records that the ClientHello came in, once it is complete.
    public int wireBytes() {
        return recordStart;
    }

    private void append(ByteBuf in, int from, int length) throws TlsViolation {
        if (messageLength + length > MESSAGE_BYTES_MAX + RECORD_BYTES_MAX) {
            throw new TlsViolation("the ClientHello is too large");
        }
        if (messageLength + length > message.length) {
            message = Arrays.copyOf(message, Math.max(message.length * 2, messageLength + length));
        }
        in.getBytes(from, message, messageLength, length);
        messageLength += length;
    }

    private ClientHello parse() throws TlsViolation {
        at = 4;
        skip(2 + 32, messageLength); // legacy_version, random
        skipVector(1, 0, 32, messageLength); // legacy_session_id
        skipVector(2, 2, 0xfffe, messageLength); // cipher_suites
        skipVector(1, 1, 255, messageLength); // legacy_compression_methods
        Optional<String> serverName = Optional.empty();
        if (at == messageLength) return new ClientHello(serverName, false, false); // TLS 1.2 without extensions
        int extensionsEnd = vectorEnd(2, 0, 0xffff, messageLength);
        if (extensionsEnd != messageLength) throw new TlsViolation("data behind the extensions");
        Set<Integer> seen = new HashSet<>();
        while (at < extensionsEnd) {
            int type = number(2, extensionsEnd);
            int end = vectorEnd(2, 0, 0xffff, extensionsEnd);
            if (!seen.add(type)) throw new TlsViolation("an extension is there twice");
            if (type == SERVER_NAME) {
                serverName = Optional.of(serverName(end));
            } else {
                at = end;
            }
        }
        return new ClientHello(serverName, seen.contains(ENCRYPTED_CLIENT_HELLO), seen.contains(EARLY_DATA));
    }

    /// RFC 6066 §3, with exactly one name: what a second one would mean, nobody agrees on.
    private String serverName(int end) throws TlsViolation {
        int listEnd = vectorEnd(2, 1, 0xffff, end);
        if (listEnd != end) throw new TlsViolation("data behind the server name list");
        if (number(1, end) != 0) throw new TlsViolation("a server name that is not a host name");
        int nameEnd = vectorEnd(2, 1, 0xffff, end);
        if (nameEnd != end) throw new TlsViolation("more than one server name");
        String name = new String(message, at, nameEnd - at, StandardCharsets.ISO_8859_1);
        at = nameEnd;
        return name;
    }

    private int vectorEnd(int lengthBytes, int min, int max, int limit) throws TlsViolation {
        int length = number(lengthBytes, limit);
        if (length < min || length > max || length > limit - at) throw new TlsViolation("a vector of impossible size");
        return at + length;
    }

    private void skipVector(int lengthBytes, int min, int max, int limit) throws TlsViolation {
        at = vectorEnd(lengthBytes, min, max, limit);
    }

    private int number(int bytes, int limit) throws TlsViolation {
        if (limit - at < bytes) throw new TlsViolation("the ClientHello ends too early");
        int value = 0;
        for (int i = 0; i < bytes; i++) value = value << 8 | message[at++] & 255;
        return value;
    }

    private void skip(int bytes, int limit) throws TlsViolation {
        if (limit - at < bytes) throw new TlsViolation("the ClientHello ends too early");
        at += bytes;
    }
}
