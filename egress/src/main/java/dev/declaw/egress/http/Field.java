package dev.declaw.egress.http;

/// One header field as it was received: the name in its own spelling, the value without the white space around it, bytes
/// above ASCII as the Latin-1 characters of the same number.
public record Field(String name, String value) {
    /// Whether a value that was changed since it was parsed may still be sent: no control characters, Latin-1 only.
    public static boolean mayCarry(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c > 0xff || c < 0x20 && c != '\t' || c == 0x7f) return false;
        }
        return true;
    }

    public boolean is(String other) {
        return name.equalsIgnoreCase(other);
    }
}
