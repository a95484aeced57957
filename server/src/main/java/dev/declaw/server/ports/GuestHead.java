package dev.declaw.server.ports;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// Status line and fields of a response that a server inside a sandbox sent (RFC 9112). Whatever can be read in two ways is refused:
/// the guest is hostile, and the caller's client must see what we saw.
///
/// @param status 101 to 599
record GuestHead(int status, List<Field> fields) {
    private static final int HEAD_BYTES_MAX = 64 * 1024;
    private static final int FIELDS_MAX = 200;
    private static final int INTERIM_MAX = 8;

    /// Fields of one connection (RFC 9110 §7.6.1, and those of old).
    private static final Set<String> HOP_BY_HOP = Set.of(
            "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
            "proxy-authentication-info", "te", "trailer", "transfer-encoding", "upgrade");

    /// Fields that speak for the whole origin, which is the API's and not the guest's; cookies would be shared by all sandboxes.
    private static final Set<String> OF_THE_ORIGIN =
            Set.of("set-cookie", "set-cookie2", "strict-transport-security", "alt-svc", "clear-site-data", "public-key-pins",
                    "service-worker-allowed", "nel", "report-to", "reporting-endpoints", "accept-ch", "origin-agent-cluster");

    record Field(String name, String value) {
        boolean is(String other) {
            return name.equalsIgnoreCase(other);
        }
    }

    /// The guest's answer cannot be passed on.
    static final class MalformedException extends IOException {
        private static final long serialVersionUID = 1L;

        MalformedException(String what) {
            super(what);
        }
    }

    /// Reads up to the empty line; interim responses (RFC 9110 §15.2) are skipped.
    static GuestHead read(InputStream in) throws IOException {
        for (int i = 0; i <= INTERIM_MAX; i++) {
            GuestHead head = readOne(in);
            if (head.status() >= 200 || head.status() == 101) return head;
        }
        throw new MalformedException("more than " + INTERIM_MAX + " interim responses");
    }

    private static GuestHead readOne(InputStream in) throws IOException {
        int[] left = {HEAD_BYTES_MAX};
        String status = line(in, left);
        if (!status.matches("HTTP/1\\.[01] [1-5][0-9][0-9]( .*)?")) throw new MalformedException("not an HTTP/1 response");
        List<Field> fields = new ArrayList<>();
        for (String line = line(in, left); !line.isEmpty(); line = line(in, left)) {
            int colon = line.indexOf(':');
            if (colon < 1 || !line.substring(0, colon).matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")) {
                throw new MalformedException("a malformed field");
            }
            if (fields.size() == FIELDS_MAX) throw new MalformedException("more than " + FIELDS_MAX + " fields");
            fields.add(new Field(line.substring(0, colon), line.substring(colon + 1).strip()));
        }
        return new GuestHead(Integer.parseInt(status.substring(9, 12)), List.copyOf(fields));
    }

    /// A line without its end; a bare LF ends one too (RFC 9112 §2.2), a bare CR is refused.
    private static String line(InputStream in, int[] left) throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int octet = in.read();
            if (octet < 0) throw new MalformedException("the connection ended inside the head");
            if (--left[0] < 0) throw new MalformedException("a head of more than " + HEAD_BYTES_MAX + " bytes");
            if (octet == '\r') {
                octet = in.read();
                if (octet != '\n') throw new MalformedException("a bare CR");
            }
            if (octet == '\n') return line.toString();
            if (octet < 0x20 && octet != '\t' || octet == 0x7f) throw new MalformedException("a control character in the head");
            line.append((char) octet);
        }
    }

    Optional<String> value(String name) {
        return fields.stream().filter(field -> field.is(name)).map(Field::value).findFirst();
    }

    private List<String> all(String name) {
        return fields.stream().filter(field -> field.is(name)).map(Field::value).toList();
    }

    boolean chunked() throws MalformedException {
        List<String> codings = all("Transfer-Encoding");
        if (codings.isEmpty()) return false;
        if (codings.size() > 1 || !codings.getFirst().equalsIgnoreCase("chunked") || value("Content-Length").isPresent()) {
            throw new MalformedException("an ambiguous body length");
        }
        return true;
    }

    /// Length of the body where it is given; equal repetitions are one (RFC 9110 §8.6).
    OptionalLong contentLength() throws MalformedException {
        List<String> lengths = all("Content-Length");
        if (lengths.isEmpty()) return OptionalLong.empty();
        if (Set.copyOf(lengths).size() > 1 || !lengths.getFirst().matches("[0-9]{1,18}")) {
            throw new MalformedException("an ambiguous body length");
        }
        return OptionalLong.of(Long.parseLong(lengths.getFirst()));
    }

    /// What the caller may see of the fields.
    List<Field> passedOn() {
        Set<String> named = new HashSet<>();
        for (String value : all("Connection")) {
            for (String name : value.split(",")) named.add(name.strip().toLowerCase(Locale.ROOT));
        }
        return fields.stream()
                .filter(field -> {
                    String name = field.name().toLowerCase(Locale.ROOT);
                    return !hopByHop(name) && !named.contains(name) && !OF_THE_ORIGIN.contains(name) && !name.equals("content-length");
                })
                .toList();
    }

    static boolean hopByHop(String lowerCaseName) {
        return HOP_BY_HOP.contains(lowerCaseName);
    }
}
