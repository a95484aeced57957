package dev.declaw.egress.dns;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.declaw.model.audit.AuditSink;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/// The only resolver a guest can reach. It never asks anybody: the policy judges the name for the record, and every name
/// gets the synthetic address that stands for it in this sandbox. A denied name gets one too: the connection to it is
/// then refused with its reason, in words, where a failed lookup would look like a broken network. No label of a question
/// ever leaves the host; resolution for the upstream leg happens later, when a connection comes. Thread-safe.
///
/// What a guest gets:
///
/// | question | answer |
/// |---|---|
/// | A | its synthetic address, whether the policy allows the name or not |
/// | AAAA, HTTPS, SVCB | NOERROR without a record: clients go on with IPv4, without ECH and HTTP/3 hints |
/// | one label, unless a rule allows it | NXDOMAIN: such names are for a search list, which sandboxes do not have |
/// | `localhost` and below | the loopback address (RFC 6761 §6.3) |
/// | another type, another class, no host name | REFUSED |
/// | more than [QuestionBudget#QUESTIONS_PER_SECOND] a second | REFUSED |
/// | not one well-formed question | FORMERR or NOTIMP; an answer, or less than a header, gets nothing |
/// | anything while the audit log cannot record | SERVFAIL |
///
/// Each question is recorded before it is answered. Those over the rate are recorded as one event when they begin and
/// one with their number when they end, or a flood would fill the audit log of all sandboxes.
public final class GuestDns {
    private final AuditSink audit;
    private final InstantSource clock;
    /// One per sandbox, whatever the number of its connections; forgotten with the slot.
    private final LoadingCache<Questioner, QuestionBudget> budgets;

    /// @param clock stamps audit events
    /// @param nanoClock monotonic nanoseconds for the rate limit
    public GuestDns(AuditSink audit, InstantSource clock, LongSupplier nanoClock) {
        this.audit = audit;
        this.clock = clock;
        this.budgets = Caffeine.newBuilder().weakKeys().build(_ -> new QuestionBudget(nanoClock));
    }

    /// Answers the datagrams of a slot until the channel is closed, which also closes the descriptor. Answers leave from
    /// the same socket: the slot's firewall gives them the address that the guest had asked.
    ///
    /// @param datagramDescriptor bound, non-blocking UDP socket made in the sandbox's namespace
    public Channel serve(Questioner slot, int datagramDescriptor, EventLoopGroup loops) {
        Channel channel = new EpollDatagramChannel(datagramDescriptor);
        channel.pipeline().addLast(new DnsDatagrams(judge(slot, "udp")));
        loops.register(channel).syncUninterruptibly();
        return channel;
    }

    /// As [#serve(Questioner, int, EventLoopGroup)], on a socket of its own, for the proxy that runs standalone.
    public Channel serve(Questioner slot, InetSocketAddress listen, EventLoopGroup loops) {
        return new Bootstrap()
                .group(loops)
                .channel(EpollDatagramChannel.class)
                .handler(new DnsDatagrams(judge(slot, "udp")))
                .bind(listen)
                .syncUninterruptibly()
                .channel();
    }

    /// The handler of one TCP connection of a guest to port 53 (RFC 7766).
    public ChannelHandler tcpHandler(Questioner slot) {
        return new DnsStream(judge(slot, "tcp"));
    }

    private QuestionJudge judge(Questioner slot, String protocol) {
        return new QuestionJudge(slot, protocol, audit, clock, budgets.get(slot));
    }
}
