package dev.declaw.egress.websocket;

import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.egress.http.ResponseHead;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The opening handshake of one WebSocket on both legs (RFC 6455 §4): the guest's is checked, the origin gets one with a key
/// of ours, and both answers must fit. No extension is ever offered, so no message can hide in compression.
public final class Handshake {
    private static final String MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final SecureRandom KEYS = new SecureRandom();

    private final String guestKey;
    private final String ownKey;
    private final List<String> offered;

    private Handshake(String guestKey, List<String> offered) {
        this.guestKey = guestKey;
        this.offered = offered;
        byte[] nonce = new byte[16];
        KEYS.nextBytes(nonce);
        this.ownKey = Base64.getEncoder().encodeToString(nonce);
    }

    /// Empty when the request is no well-formed handshake of version 13.
    public static Optional<Handshake> of(RequestHead head) {
        boolean shape = head.websocket()
                && head.upgradesToWebsocketOnly()
                && head.http11()
                && head.method().equals("GET")
                && head.framing() == dev.declaw.egress.http.BodyFraming.NONE
                && head.value("Sec-WebSocket-Version").equals("13");
        String key = head.value("Sec-WebSocket-Key");
        if (!shape || !isNonce(key)) return Optional.empty();
        String protocols = head.value("Sec-WebSocket-Protocol");
        List<String> offered = protocols.isEmpty()
                ? List.of()
                : Arrays.stream(protocols.split(",", -1)).map(String::strip).toList();
        return Optional.of(new Handshake(key, offered));
    }

    private static boolean isNonce(String key) {
        try {
            return key.length() == 24 && Base64.getDecoder().decode(key).length == 16;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /// What goes to the origin instead of the guest's fields.
    public List<Field> upstreamFields(List<Field> screened) {
        List<Field> fields = new ArrayList<>(screened.size() + 4);
        for (Field field : screened) {
            if (!field.name().toLowerCase(Locale.ROOT).startsWith("sec-websocket-") || field.is("Sec-WebSocket-Protocol")) {
                fields.add(field);
            }
        }
        fields.add(new Field("Upgrade", "websocket"));
        fields.add(new Field("Connection", "Upgrade"));
        fields.add(new Field("Sec-WebSocket-Version", "13"));
        fields.add(new Field("Sec-WebSocket-Key", ownKey));
        return fields;
    }

    /// Whether a 101 is the answer to our request: the key's proof, no extension, and a protocol that was offered.
    public boolean accepts(ResponseHead head) {
        String protocol = head.value("Sec-WebSocket-Protocol");
        return head.status() == 101
                && head.upgradesToWebsocketOnly()
                && head.value("Sec-WebSocket-Accept").equals(proof(ownKey))
                && head.value("Sec-WebSocket-Extensions").isEmpty()
                && (protocol.isEmpty() || offered.contains(protocol));
    }

    /// What the guest gets in its 101.
    public List<Field> guestFields(ResponseHead head) {
        List<Field> fields = new ArrayList<>(head.fields().size() + 3);
        for (Field field : head.fields()) {
            if (!field.name().toLowerCase(Locale.ROOT).startsWith("sec-websocket-") || field.is("Sec-WebSocket-Protocol")) {
                fields.add(field);
            }
        }
        fields.add(new Field("Upgrade", "websocket"));
        fields.add(new Field("Connection", "Upgrade"));
        fields.add(new Field("Sec-WebSocket-Accept", proof(guestKey)));
        return fields;
    }

    static String proof(String key) {
        try {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            return Base64.getEncoder().encodeToString(sha1.digest((key + MAGIC).getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1", e);
        }
    }
}
