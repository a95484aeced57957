package dev.declaw.model.policy;

import java.util.Locale;

/// Why a decision fell as it did. The wire code is stable; the remedy is what an agent or its owner can do about it.
public enum Reason {
    ALLOWED_BY_RULE("an allow rule names it", ""),
    ALLOWED_BY_DEFAULT("no rule denies it", ""),
    METADATA_ENDPOINT(
            "cloud metadata endpoints are never reachable from a sandbox", "no policy can open it; do not retry"),
    DENIED_BY_RULE("a deny_out rule covers it", "ask the sandbox's owner to add the host to allow_out"),
    NOT_IN_ALLOW_LIST(
            "the policy allows only what allow_out names", "ask the sandbox's owner to add the host to allow_out"),
    ADDRESS_NOT_PUBLIC(
            "the address is private, loopback, link-local or otherwise special",
            "name the address or its CIDR block in allow_out; a domain rule cannot open it"),
    NAME_REQUIRED(
            "the destination is a bare IP address and no IP rule names it",
            "connect by host name, or name the address in allow_out"),
    UNKNOWN_DESTINATION("the synthetic address belongs to no name of this sandbox", "resolve the name again"),
    RESOLUTION_FAILED("the host name could not be resolved", "check the name"),
    UPSTREAM_UNREACHABLE("the upstream server did not accept the connection", "try again later"),
    UPSTREAM_TLS_RESET(
            "the origin cut the TLS handshake",
            "it may refuse this client's hello, as bot protection does; leave the name out of the domains of the stages, so that it passes unread"),
    UPSTREAM_TLS_INVALID(
            "the upstream certificate does not verify for this name", "the origin's certificate must be valid"),
    UNSUPPORTED_PROTOCOL(
            "the connection speaks neither TLS nor HTTP/1.1", "only an IP rule can allow opaque TCP to an address"),
    TLS_WITHOUT_NAME("the TLS ClientHello carries no usable server name", "send SNI"),
    TLS_MALFORMED("the TLS ClientHello cannot be parsed", "use a conforming TLS client"),
    TLS_HANDSHAKE_FAILED("the TLS handshake with the sandbox failed", "trust the sandbox CA in the client"),
    NAME_MISMATCH("SNI, Host and destination do not name the same host", "use one host name per request"),
    MALFORMED_REQUEST("the HTTP message violates RFC 9112 or a limit", "send one well-formed request"),
    REQUEST_TOO_LARGE("the request is larger than what can be scanned", "send a smaller body"),
    UNDECODABLE_BODY(
            "the body's encoding cannot be decoded, so it cannot be scanned",
            "send it as identity, gzip, deflate, br or zstd"),
    PII_BLOCKED("personal data was found and the policy blocks it", "remove the data from the request"),
    PII_REDACTED("personal data was replaced by tokens", ""),
    PII_LOGGED("personal data was found and only recorded", ""),
    INVISIBLE_TEXT_BLOCKED("hidden characters were found and the policy blocks them", "send only characters that show"),
    INJECTION_BLOCKED("a prompt injection was found and the policy blocks it", "leave the text out; do not retry"),
    TOXICITY_BLOCKED("toxic language was found and the policy blocks it", "rephrase the text"),
    CODE_BLOCKED("harmful code was found and the policy blocks it", "leave the code out; do not retry"),
    MODEL_NOT_ALLOWED("the content gate does not list this model", "use a model that the policy lists"),
    ENDPOINT_NOT_ALLOWED("the content gate does not list this method and path", "use an endpoint that the policy lists"),
    CUSTOM_POLICY_DENIED("the custom policy denies it", "ask the sandbox's owner; do not retry"),
    CUSTOM_POLICY_FAILED("the custom policy could not be evaluated", "try again; the sandbox's owner can look at the audit log"),
    CONTENT_CHANGED("the policy rewrote or removed text", ""),
    CONTENT_LOGGED("a content stage found something and only recorded it", ""),
    UNSAFE_REWRITE("a transformation made something that cannot be sent", "the sandbox's owner must change the rule"),
    CREDENTIAL_NOT_BOUND(
            "the request carries the placeholder of a secret to where none is bound",
            "send it only to the hosts, methods and paths that the secret is for"),
    CREDENTIAL_UNAVAILABLE("the secret that is bound to this request cannot be had", "try again later"),
    POLICY_CHANGED("the policy changed, and what goes on here must be read now", "connect again"),
    SCANNER_FAILED("a scanner could not judge the request", "try again; a policy never lets unscanned data out"),
    LIMIT_REACHED("a limit of the sandbox is used up", "close connections or wait"),
    TIMED_OUT("the peer did not send or accept data in time", "try again"),
    AUDIT_UNAVAILABLE("the decision could not be recorded, so nothing may leave", "the operator must free the audit log"),
    DNS_TYPE_REFUSED("only A and AAAA questions are answered", "ask for A or AAAA");

    private final String text;
    private final String remedy;

    Reason(String text, String remedy) {
        this.text = text;
        this.remedy = remedy;
    }

    /// Stable snake_case code, for example `not_in_allow_list`.
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// One clause for people, without names of the request.
    public String text() {
        return text;
    }

    /// What can be done; empty where nothing needs to be.
    public String remedy() {
        return remedy;
    }
}
