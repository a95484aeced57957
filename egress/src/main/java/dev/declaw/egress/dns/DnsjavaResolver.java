package dev.declaw.egress.dns;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.declaw.model.network.HostName;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;
import org.xbill.DNS.config.ResolvConfResolverConfigProvider;

/// Asks recursive servers for A records with dnsjava, which sends each question from a fresh port under a random id,
/// checks both and the question in the answer, and turns to TCP for a truncated one. /etc/hosts is never read: what a
/// name means inside the host is no business of a sandbox. Thread-safe; questions for one name at a time are one question.
public final class DnsjavaResolver implements UpstreamResolver {
    static final int ROUNDS = 2;
    static final int CNAMES_MAX = 8;
    static final int ADDRESSES_MAX = 64;
    static final long TTL_SECONDS_MIN = 5;
    static final long TTL_SECONDS_MAX = 3600;
    private static final int NAMES_CACHED_MAX = 10_000;
    private static final int QUESTIONS_IN_FLIGHT_MAX = 512;
    private static final Duration TRY_TIMEOUT = Duration.ofSeconds(3);

    private record Answer(List<InetAddress> addresses, long ttlSeconds) {}

    private final List<SimpleResolver> servers;
    private final Cache<HostName, Answer> answers;
    private final ConcurrentMap<HostName, CompletableFuture<Answer>> asking = new ConcurrentHashMap<>();
    private final Semaphore inFlight = new Semaphore(QUESTIONS_IN_FLIGHT_MAX);

    /// @param configured servers in the order in which they are asked; empty for those of /etc/resolv.conf
    /// @param ticker monotonic nanoseconds for the cache
    public DnsjavaResolver(List<InetSocketAddress> configured, Ticker ticker) {
        this(configured, ticker, TRY_TIMEOUT);
    }

    DnsjavaResolver(List<InetSocketAddress> configured, Ticker ticker, Duration tryTimeout) {
        this.servers = (configured.isEmpty() ? systemServers() : configured)
                .stream().map(server -> resolver(server, tryTimeout)).toList();
        this.answers = Caffeine.newBuilder()
                .maximumSize(NAMES_CACHED_MAX)
                .expireAfter(Expiry.<HostName, Answer>creating(
                        (name, answer) -> Duration.ofSeconds(answer.ttlSeconds())))
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    private static List<InetSocketAddress> systemServers() {
        ResolvConfResolverConfigProvider system = new ResolvConfResolverConfigProvider();
        system.initialize();
        return system.servers();
    }

    private static SimpleResolver resolver(InetSocketAddress server, Duration timeout) {
        SimpleResolver resolver = new SimpleResolver(server);
        resolver.setTimeout(timeout);
        return resolver;
    }

    @Override
    public CompletableFuture<List<InetAddress>> resolve(HostName name) {
        Answer known = answers.getIfPresent(name);
        if (known != null) return CompletableFuture.completedFuture(known.addresses());
        CompletableFuture<Answer> mine = new CompletableFuture<>();
        CompletableFuture<Answer> first = asking.putIfAbsent(name, mine);
        if (first != null) return addresses(first);
        CompletableFuture<List<InetAddress>> result = addresses(mine);
        ask(name).whenComplete((answer, failure) -> {
            if (failure == null) answers.put(name, answer);
            asking.remove(name, mine);
            if (failure == null) mine.complete(answer);
            else mine.completeExceptionally(resolutionFailure(failure));
        });
        return result;
    }

    /// A future of its own for each caller: whoever cancels his must not cancel everybody's. The failure comes bare.
    private static CompletableFuture<List<InetAddress>> addresses(CompletableFuture<Answer> answer) {
        CompletableFuture<List<InetAddress>> result = new CompletableFuture<>();
        answer.whenComplete((found, failure) -> {
            if (failure == null) result.complete(found.addresses());
            else result.completeExceptionally(failure);
        });
        return result;
    }

    private static ResolutionException resolutionFailure(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause instanceof ResolutionException known ? known : new ResolutionException("the question failed: " + cause);
    }

    private CompletableFuture<Answer> ask(HostName host) {
        if (servers.isEmpty()) return failed("no DNS server is configured");
        Name name;
        try {
            name = Name.fromString(host.value() + ".");
        } catch (TextParseException e) {
            return failed("the name cannot be asked for");
        }
        if (!inFlight.tryAcquire()) return failed("too many names are being resolved");
        return attempt(name, 0).whenComplete((answer, failure) -> inFlight.release());
    }

    private static CompletableFuture<Answer> failed(String why) {
        return CompletableFuture.failedFuture(new ResolutionException(why));
    }

    /// Each round asks every server once. An answer that says "no" is final; silence and nonsense are not.
    private CompletableFuture<Answer> attempt(Name name, int attempt) {
        Message question = Message.newQuery(Record.newRecord(name, Type.A, DClass.IN));
        return servers.get(attempt % servers.size())
                .sendAsync(question)
                .toCompletableFuture()
                .handle((message, failure) -> {
                    boolean last = attempt + 1 >= ROUNDS * servers.size();
                    if (failure == null && isFinal(message.getRcode())) return read(name, message);
                    if (!last) return attempt(name, attempt + 1);
                    return DnsjavaResolver.failed(
                            failure == null
                                    ? "the DNS servers answer " + Rcode.string(message.getRcode())
                                    : "the DNS servers do not answer");
                })
                .thenCompose(next -> next);
    }

    private static boolean isFinal(int code) {
        return code == Rcode.NOERROR || code == Rcode.NXDOMAIN;
    }

    /// Follows the name through the answer section only; what else is in the message says nothing about it.
    private static CompletableFuture<Answer> read(Name asked, Message message) {
        if (message.getRcode() == Rcode.NXDOMAIN) return failed("the name does not exist");
        List<Record> records = message.getSection(Section.ANSWER);
        Name name = asked;
        long ttlSeconds = TTL_SECONDS_MAX;
        for (int hops = 0; hops <= CNAMES_MAX; hops++) {
            List<ARecord> found = of(ARecord.class, records, name).toList();
            if (found.size() > ADDRESSES_MAX) return failed("the name has too many addresses");
            if (!found.isEmpty()) {
                List<InetAddress> addresses = new ArrayList<>();
                for (ARecord record : found) {
                    addresses.add(record.getAddress());
                    ttlSeconds = Math.min(ttlSeconds, record.getTTL());
                }
                return CompletableFuture.completedFuture(
                        new Answer(List.copyOf(addresses), Math.max(TTL_SECONDS_MIN, ttlSeconds)));
            }
            List<CNAMERecord> aliases = of(CNAMERecord.class, records, name).toList();
            if (aliases.isEmpty()) return failed("the name has no IPv4 address");
            if (aliases.size() > 1) return failed("the name has more than one alias");
            ttlSeconds = Math.min(ttlSeconds, aliases.getFirst().getTTL());
            name = aliases.getFirst().getTarget();
        }
        return failed("the name has too many aliases");
    }

    private static <R extends Record> Stream<R> of(Class<R> type, List<Record> records, Name name) {
        return records.stream().filter(type::isInstance).map(type::cast).filter(record -> record.getDClass() == DClass.IN
                && record.getName().equals(name));
    }
}
