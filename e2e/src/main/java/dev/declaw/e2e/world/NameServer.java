package dev.declaw.e2e.world;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// The authoritative DNS server of a [World], over UDP: answers are scripted per name, every question is recorded.
public final class NameServer implements AutoCloseable {
    private final DatagramSocket socket;
    private final Map<String, Supplier<List<InetAddress>>> addresses = new ConcurrentHashMap<>();
    private final Map<String, String> aliases = new ConcurrentHashMap<>();
    private final List<String> questions = new CopyOnWriteArrayList<>();

    NameServer(DatagramSocket socket) {
        this.socket = socket;
        Thread.ofVirtual().name("name-server").start(this::serve);
    }

    /// Answers A questions for a name; the supplier is asked each time, so an answer can change between two questions.
    public void answer(String name, Supplier<List<InetAddress>> answer) {
        addresses.put(name.toLowerCase(Locale.ROOT), answer);
    }

    public void alias(String name, String target) {
        aliases.put(name.toLowerCase(Locale.ROOT), target.toLowerCase(Locale.ROOT));
    }

    /// Names asked for so far, lower case, without the trailing dot.
    public List<String> questions() {
        return List.copyOf(questions);
    }

    public void forget() {
        questions.clear();
    }

    private void serve() {
        byte[] buffer = new byte[4096];
        while (!socket.isClosed()) {
            DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
            try {
                socket.receive(packet);
                byte[] question = java.util.Arrays.copyOf(buffer, packet.getLength());
                byte[] answer = answerTo(new Message(question)).toWire();
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            } catch (IOException e) {
                if (socket.isClosed()) return; // the only way out of the loop; a malformed question gets no answer
            }
        }
    }

    private Message answerTo(Message question) throws IOException {
        Record asked = question.getQuestion();
        String name = asked.getName().toString(true).toLowerCase(Locale.ROOT);
        questions.add(name);
        Message answer = new Message(question.getHeader().getID());
        answer.getHeader().setFlag(Flags.QR);
        answer.getHeader().setFlag(Flags.AA);
        answer.getHeader().setFlag(Flags.RA);
        answer.addRecord(asked, Section.QUESTION);
        String owner = name;
        String target = aliases.get(owner);
        if (target != null) {
            answer.addRecord(
                    new CNAMERecord(Name.fromString(owner + "."), DClass.IN, 1, Name.fromString(target + ".")),
                    Section.ANSWER);
            owner = target;
        }
        Supplier<List<InetAddress>> found = addresses.get(owner);
        if (found == null) {
            if (target == null) answer.getHeader().setRcode(Rcode.NXDOMAIN);
            return answer;
        }
        if (asked.getType() == Type.A) {
            for (InetAddress address : found.get()) {
                answer.addRecord(new ARecord(Name.fromString(owner + "."), DClass.IN, 1, address), Section.ANSWER);
            }
        }
        return answer;
    }

    @Override
    public void close() {
        socket.close();
    }
}
