package dev.declaw.model.network;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/// Strict IP literals: dotted quad without leading zeros, and IPv6 as RFC 4291 §2.2 writes it, without zone and brackets.
/// Decimal, octal, hex and short forms (`2130706433`, `0x7f.1`) are no addresses here; nothing is ever resolved.
public final class IpLiteral {
    private IpLiteral() {}

    public static Optional<InetAddress> parse(String text) {
        byte[] bytes = text.indexOf(':') >= 0 ? parseV6(text) : parseV4(text, 0, text.length());
        if (bytes == null) {
            return Optional.empty();
        }
        try {
            // getByAddress turns an IPv4-mapped IPv6 address into IPv4, which is the address the kernel would dial.
            return Optional.of(InetAddress.getByAddress(bytes));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("16 or 4 bytes are always an address", e);
        }
    }

    private static byte[] parseV4(String text, int from, int to) {
        byte[] out = new byte[4];
        int at = from;
        for (int part = 0; part < 4; part++) {
            int value = 0;
            int start = at;
            while (at < to && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
                value = value * 10 + (text.charAt(at) - '0');
                at++;
                if (at - start > 3) return null;
            }
            if (at == start || value > 255 || (at - start > 1 && text.charAt(start) == '0')) return null;
            out[part] = (byte) value;
            if (part < 3) {
                if (at >= to || text.charAt(at) != '.') return null;
                at++;
            }
        }
        return at == to ? out : null;
    }

    private static byte[] parseV6(String text) {
        if (text.length() > 45) return null;
        int gap = text.indexOf("::");
        if (gap >= 0 && text.indexOf("::", gap + 1) >= 0) return null;
        byte[] head = parseGroups(gap < 0 ? text : text.substring(0, gap), gap < 0);
        byte[] tail = gap < 0 ? new byte[0] : parseGroups(text.substring(gap + 2), true);
        if (head == null || tail == null) return null;
        if (gap < 0 ? head.length != 16 : head.length + tail.length > 14) return null;
        byte[] out = new byte[16];
        System.arraycopy(head, 0, out, 0, head.length);
        System.arraycopy(tail, 0, out, 16 - tail.length, tail.length);
        return out;
    }

    private static byte[] parseGroups(String text, boolean mayEndInV4) {
        if (text.isEmpty()) return new byte[0];
        String[] groups = text.split(":", -1);
        byte[] out = new byte[18];
        int length = 0;
        for (int i = 0; i < groups.length; i++) {
            String group = groups[i];
            if (length > 14) return null;
            if (mayEndInV4 && i == groups.length - 1 && group.indexOf('.') >= 0) {
                byte[] v4 = parseV4(group, 0, group.length());
                if (v4 == null || length > 12) return null;
                System.arraycopy(v4, 0, out, length, 4);
                length += 4;
                continue;
            }
            if (group.isEmpty() || group.length() > 4) return null;
            int value = 0;
            for (int c = 0; c < group.length(); c++) {
                int digit = Character.digit(group.charAt(c), 16);
                if (digit < 0 || group.charAt(c) > 'f') return null;
                value = value << 4 | digit;
            }
            out[length++] = (byte) (value >> 8);
            out[length++] = (byte) value;
        }
        return java.util.Arrays.copyOf(out, length);
    }
}
