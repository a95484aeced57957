package dev.declaw.egress.websocket;

/// RFC 6455 §5.2.
public enum Opcode {
    CONTINUATION(0),
    TEXT(1),
    BINARY(2),
    CLOSE(8),
    PING(9),
    PONG(10);

    private final int bits;

    Opcode(int bits) {
        this.bits = bits;
    }

    int bits() {
        return bits;
    }

    boolean control() {
        return bits >= 8;
    }

    static Opcode of(int bits) throws WebSocketViolation {
        return switch (bits) {
            case 0 -> CONTINUATION;
            case 1 -> TEXT;
            case 2 -> BINARY;
            case 8 -> CLOSE;
            case 9 -> PING;
            case 10 -> PONG;
            default -> throw WebSocketViolation.protocol("a reserved opcode");
        };
    }
}
