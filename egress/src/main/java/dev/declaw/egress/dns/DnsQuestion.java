package dev.declaw.egress.dns;

import dev.declaw.model.network.HostName;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// One question of the guest, read from its packet (RFC 1035 §4.1, RFC 6891 for the OPT record).
///
/// Only what a stub resolver sends is read: opcode QUERY, one uncompressed question, no records but one OPT. The
/// question's bytes are kept as they came, so the answer repeats the guest's own spelling (its 0x20 bits included).
///
/// @param id echoed in the answer
/// @param recursionDesired echoed in the answer
/// @param section the question section, byte for byte
/// @param name the canonical host name; empty when the name is none
/// @param type record type asked for
/// @param edns whether the guest sent an OPT record, so that the answer carries one
record DnsQuestion(int id, boolean recursionDesired, byte[] section, Optional<HostName> name, int type, boolean edns) {
    static final int TYPE_A = 1;
    static final int TYPE_AAAA = 28;
    static final int TYPE_SVCB = 64;
    static final int TYPE_HTTPS = 65;

    /// Largest question that is read: one name with an OPT record and its options fits many times.
    static final int BYTES_MAX = 1232;

    static final int HEADER_BYTES = 12;

    private static final int NAME_BYTES_MAX = 255;
    private static final int LABEL_BYTES_MAX = 63;
    private static final int TYPE_OPT = 41;
    private static final int CLASS_IN = 1;
    private static final int OPT_FIXED_BYTES = 11;

    /// What a packet is.
    sealed interface Reading {
        /// A question to judge.
        record Asked(DnsQuestion question) implements Reading {}

        /// A packet that gets an error code and nothing else; the id is known.
        record Faulty(int id, int opcode, boolean recursionDesired, int code) implements Reading {}

        /// No query at all: an answer, or too short to have an id. It gets nothing, so that two servers never talk in a loop.
        record Ignored() implements Reading {}
    }

    /// Reads a packet. Never throws, whatever the bytes.
    static Reading read(byte[] packet) {
        if (packet.length < HEADER_BYTES || (packet[2] & 0x80) != 0) return new Reading.Ignored();
        int id = unsigned(packet, 0);
        int opcode = packet[2] >> 3 & 15;
        boolean recursionDesired = (packet[2] & 1) != 0;
        if (opcode != 0) return new Reading.Faulty(id, opcode, recursionDesired, DnsAnswer.NOTIMP);
        Reading.Faulty malformed = new Reading.Faulty(id, opcode, recursionDesired, DnsAnswer.FORMERR);
        boolean truncated = (packet[2] & 2) != 0;
        int additional = unsigned(packet, 10);
        if (truncated || packet.length > BYTES_MAX || additional > 1) return malformed;
        if (unsigned(packet, 4) != 1 || unsigned(packet, 6) != 0 || unsigned(packet, 8) != 0) return malformed;

        int nameEnd = endOfName(packet);
        int end = nameEnd + 4;
        if (nameEnd < 0 || end > packet.length) return malformed;
        if (unsigned(packet, nameEnd + 2) != CLASS_IN) {
            return new Reading.Faulty(id, opcode, recursionDesired, DnsAnswer.REFUSED);
        }
        if (additional == 0 ? end != packet.length : !isOption(packet, end)) return malformed;
        if (additional == 1 && packet[end + 6] != 0) { // a version of EDNS that does not exist
            return new Reading.Faulty(id, opcode, recursionDesired, DnsAnswer.NOTIMP);
        }
        byte[] section = Arrays.copyOfRange(packet, HEADER_BYTES, end);
        Optional<HostName> name = hostName(packet, nameEnd);
        return new Reading.Asked(
                new DnsQuestion(id, recursionDesired, section, name, unsigned(packet, nameEnd), additional == 1));
    }

    /// Index after the name's final zero; -1 when the name runs out of the packet, is too long or is compressed, which
    /// the first name of a message never needs to be.
    private static int endOfName(byte[] packet) {
        int at = HEADER_BYTES;
        while (at < packet.length) {
            int length = packet[at] & 255;
            if (length == 0) return at + 1 - HEADER_BYTES <= NAME_BYTES_MAX ? at + 1 : -1;
            if (length > LABEL_BYTES_MAX) return -1;
            at += 1 + length;
        }
        return -1;
    }

    /// One OPT record up to the last byte. Its options are not read: none of them changes an answer.
    private static boolean isOption(byte[] packet, int at) {
        if (packet.length < at + OPT_FIXED_BYTES || packet[at] != 0 || unsigned(packet, at + 1) != TYPE_OPT) return false;
        return unsigned(packet, at + 9) == packet.length - at - OPT_FIXED_BYTES;
    }

    /// A label may hold any byte, a dot too: only what is a host name as text and has the same labels counts.
    private static Optional<HostName> hostName(byte[] packet, int nameEnd) {
        StringBuilder text = new StringBuilder();
        for (int at = HEADER_BYTES; packet[at] != 0; at += 1 + packet[at]) {
            String label = new String(packet, at + 1, packet[at], StandardCharsets.ISO_8859_1);
            if (label.indexOf('.') >= 0) return Optional.empty();
            if (!text.isEmpty()) text.append('.');
            text.append(label);
        }
        return nameEnd == HEADER_BYTES + 1 ? Optional.empty() : HostName.parse(text.toString());
    }

    private static int unsigned(byte[] packet, int at) {
        return (packet[at] & 255) << 8 | packet[at + 1] & 255;
    }
}
