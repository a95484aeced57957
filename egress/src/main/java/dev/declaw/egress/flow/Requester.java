package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodySource;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.model.policy.NetworkPolicy;
import dev.declaw.model.policy.Reason;
import io.netty.channel.Channel;

/// The guest's end of one request: a connection of HTTP/1.1, or a stream of HTTP/2. Used on its event loop only.
interface Requester {
    GuestFlow flow();

    /// For its event loop and allocator; only the requester writes to it.
    Channel channel();

    /// Whether TLS was opened.
    boolean secure();

    /// Whether the guest speaks HTTP/2, so that the origin is offered it too.
    boolean http2();

    /// The body of a request of this requester, as it comes.
    BodySource body(RequestHead head);

    /// What policy says to a request on this connection.
    Judgement judge(RequestHead head, NetworkPolicy network);

    /// The upstream connection of the previous request, which the caller then owns; null for none.
    UpstreamConnection takeUpstream();

    /// Keeps a connection for the next request.
    void keepUpstream(UpstreamConnection connection);

    /// Tells a client that waits with its body to send it.
    void sayContinue();

    /// Reads on where reading had to wait.
    void process();

    /// Reads from the guest or not, as the exchange wants it.
    void updateReading();

    /// Something went either way: the idle time begins anew.
    void touch();

    /// Whether the guest will send nothing more, so that the connection cannot serve another request.
    boolean inputEnded();

    /// Where the response goes.
    ResponseWriter responses(RequestHead head);

    /// The exchange is over and its response is written.
    void exchangeOver(boolean keepAlive);

    /// The request became something else on the same connection.
    void become(Conversation next);

    /// Answers instead of an upstream, and ends the request.
    void answerAndClose(
            int status, boolean policy, Reason reason, String detail, String scanner, String auditId, RequestHead head);

    /// Cuts the request's connection or stream, so that a response that has begun cannot look complete.
    void abort();

    /// Our own mistake: this connection ends, no other one is touched.
    void crashed(Throwable cause);
}
