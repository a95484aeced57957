package dev.declaw.egress.dns;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;

/// Packets that go back to the guest (RFC 1035 §4.1). All are far below 512 bytes, so none is ever truncated.
final class DnsAnswer {
    static final int NOERROR = 0;
    static final int FORMERR = 1;
    static final int SERVFAIL = 2;
    static final int NXDOMAIN = 3;
    static final int NOTIMP = 4;
    static final int REFUSED = 5;

    /// Short, since a policy may change; long enough that a busy client does not ask for every connection.
    static final int TTL_SECONDS = 30;

    private static final int TYPE_OPT = 41;
    private static final int CLASS_IN = 1;
    private static final int OPTION_EXTENDED_ERROR = 15;
    private static final int POINTER_TO_QUESTION = 0xc000 | DnsQuestion.HEADER_BYTES;

    /// Extended error "Blocked": a policy of whoever runs the server (RFC 8914 §4.16).
    private static final int BLOCKED = 15;

    private DnsAnswer() {}

    /// The question's A or AAAA record.
    static byte[] address(DnsQuestion question, InetAddress address) {
        Packet packet = new Packet(question, NOERROR, 1);
        byte[] bytes = address.getAddress();
        packet.number(POINTER_TO_QUESTION);
        packet.number(question.type());
        packet.number(CLASS_IN);
        packet.number(0);
        packet.number(TTL_SECONDS);
        packet.number(bytes.length);
        packet.bytes(bytes);
        return packet.finish("");
    }

    /// No record of this type, or an error code.
    ///
    /// @param explanation ASCII text that tells a person why (RFC 8914 EXTRA-TEXT); empty for none. Sent only to a guest
    ///     that speaks EDNS.
    static byte[] empty(DnsQuestion question, int code, String explanation) {
        return new Packet(question, code, 0).finish(explanation);
    }

    /// An error for a packet that could not be read: header only.
    static byte[] fault(DnsQuestion.Reading.Faulty faulty) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        header(out, faulty.id(), faulty.opcode(), faulty.recursionDesired(), faulty.code(), 0, 0, 0);
        return out.toByteArray();
    }

    private static void header(
            ByteArrayOutputStream out,
            int id,
            int opcode,
            boolean recursionDesired,
            int code,
            int questions,
            int answers,
            int additional) {
        int response = 0x8000;
        int recursionAvailable = 0x0080;
        write(out, id);
        write(out, response | opcode << 11 | (recursionDesired ? 0x0100 : 0) | recursionAvailable | code);
        write(out, questions);
        write(out, answers);
        write(out, 0);
        write(out, additional);
    }

    private static void write(ByteArrayOutputStream out, int number) {
        out.write(number >> 8);
        out.write(number);
    }

    private static final class Packet {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(128);
        private final boolean edns;

        private Packet(DnsQuestion question, int code, int answers) {
            edns = question.edns();
            header(out, question.id(), 0, question.recursionDesired(), code, 1, answers, edns ? 1 : 0);
            bytes(question.section());
        }

        private void number(int value) {
            write(out, value);
        }

        private void bytes(byte[] bytes) {
            out.write(bytes, 0, bytes.length);
        }

        private byte[] finish(String explanation) {
            if (!edns) return out.toByteArray();
            byte[] text = explanation.getBytes(StandardCharsets.US_ASCII);
            out.write(0);
            number(TYPE_OPT);
            number(DnsQuestion.BYTES_MAX);
            number(0);
            number(0);
            number(text.length == 0 ? 0 : 6 + text.length);
            if (text.length > 0) {
                number(OPTION_EXTENDED_ERROR);
                number(2 + text.length);
                number(BLOCKED);
                bytes(text);
            }
            return out.toByteArray();
        }
    }
}
