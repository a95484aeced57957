package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Credentials at the edge, with a real TLS origin: what it receives, and what the guest and the audit log never see.
class CredentialFlowTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final String SECRET = "s3cret-canary/42+x";
    private static final String PLACEHOLDER = "declaw:vault-managed";

    /// The port of a test's origin is not known before it runs, so the binding takes them all.
    private static String credential(String members, int port) {
        return ("[{'id':'cred-1','hosts':['api.test'],'ports':[" + port + "],'value':'" + SECRET + "'" + members + "}]").replace('\'', '"');
    }

    private static String echo(Origin.Connection connection) throws java.io.IOException {
        return connection.readRequest();
    }

    private static void answer(Origin.Connection connection, String fields, String body) throws java.io.IOException {
        connection.write("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + body.length() + "\r\n\r\n" + body);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "bearer | '' | Authorization: Bearer s3cret-canary/42+x",
                "header | ,'header':'X-Api-Key','extra_headers':{'Anthropic-Version':'2023'} | X-Api-Key: s3cret-canary/42+x",
                "header | ,'header':'Authorization','value_prefix':'token ' | Authorization: token s3cret-canary/42+x",
                "basic | ,'name':'user' | Authorization: Basic dXNlcjpzM2NyZXQtY2FuYXJ5LzQyK3g=",
                "query | ,'name':'key' | GET /v1?a=1&key=s3cret-canary%2F42%2Bx HTTP/1.1"
            })
    @DisplayName("B123 B123a the origin gets the credential once, the guest and the audit log never")
    void theOriginGetsTheCredentialOnce(String type, String members, String expected) throws Exception {
        try (Origin origin = Origin.answering(TLS.serverFor("api.test"), OK);
                FlowRig rig = new FlowRig(null, ALLOW, credential(",'type':'" + type + "'" + members, origin.port()));
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(
                    client,
                    "GET /v1?a=1&key=" + PLACEHOLDER + " HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nAuthorization: Bearer "
                            + PLACEHOLDER + "\r\nx_api_key: guess\r\n\r\n");
            assertThat(FlowRig.readResponse(client)).endsWith("hi\r\n0\r\n\r\n").startsWith("HTTP/1.1 200 ");
            assertThat(origin.received()).containsOnlyOnce(expected).contains("Accept-Encoding: identity");
            var event = rig.await(e -> e.event().equals("egress_allowed"));
            assertThat(event.toJson().toString()).contains("\"credentials\":\"injected: cred-1\"");
            assertThat(rig.events().toString()).doesNotContain("s3cret", "dXNlcjpzM2");
        }
    }

    private static final dev.declaw.egress.tls.TestTls TLS = FlowRig.ORIGIN_TLS;

    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource({
        "other.test, GET, /v1, ''",
        "api.test, POST, /v1, ''",
        "api.test, GET, /v2, ''",
        "api.test, GET, /v1/../v2, ''",
        "api.test, GET, /v1, plain"
    })
    @DisplayName("B123 no credential outside its binding; a placeholder there is refused")
    void noCredentialLeavesOutsideItsBinding(String host, String method, String path, String plain) throws Exception {
        boolean tls = plain.isEmpty();
        try (Origin origin = Origin.answering(tls ? TLS.serverFor(host) : null, OK)) {
            String members = ",'methods':['GET'],'path_prefix':'/v1'";
            String both = credential(members, origin.port()).replace("[\"api.test\"]", "[\"api.test\",\"~never\"]");
            // Read everywhere, so that the refusal of the placeholder shows at other hosts too.
            String policy = "{\"invisible_text\":{\"enabled\":true}}";
            try (FlowRig rig = new FlowRig(policy, ALLOW, both)) {
                for (String value : new String[] {"none", "Bearer " + PLACEHOLDER, "Basic " + base64("u:" + PLACEHOLDER)}) {
                    try (Socket client = tls ? rig.tlsToName(host, origin.port()) : rig.toName(host, origin.port())) {
                        FlowRig.send(client, method + " " + path + " HTTP/1.1\r\nHost: " + host + ":" + origin.port() + "\r\nAuthorization: " + value + "\r\n\r\n");
                        String answer = FlowRig.readResponse(client);
                        if (value.equals("none") || host.equals("other.test")) assertThat(answer).startsWith("HTTP/1.1 200 ");
                        else assertThat(answer).startsWith("HTTP/1.1 403 ").contains("\"code\":\"credential_not_bound\"");
                        assertThat(answer).doesNotContain("s3cret");
                    }
                }
                assertThat(origin.received()).doesNotContain("s3cret");
            }
        }
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    @DisplayName("B117 what an origin echoes comes back masked, in bodies, headers and compressed")
    void whatAnOriginEchoesIsMasked() throws Exception {
        try (Origin origin = new Origin(TLS.serverFor("api.test"), connection -> {
                    for (int i = 0; echo(connection) != null; i++) {
                        if (i == 0) {
                            answer(connection, "Location: https://x.test/?t=s3cret-canary%2F42%2Bx\r\nSet-Cookie: t=" + SECRET + "\r\nContent-Type: application/json\r\n",
                                    "{\"a\":\"" + SECRET + "\",\"b\":\"s3cret-canary\\/42+x\",\"c\":\"" + base64("user:" + SECRET) + "\"}");
                        } else {
                            ByteArrayOutputStream zipped = new ByteArrayOutputStream();
                            try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
                                out.write(("x" + SECRET + "y").getBytes(StandardCharsets.US_ASCII));
                            }
                            answer(connection, "Content-Type: image/png\r\nContent-Encoding: gzip\r\n", zipped.toString(StandardCharsets.ISO_8859_1));
                        }
                    }
                });
                FlowRig rig = new FlowRig(null, ALLOW, credential("", origin.port()));
                Socket client = rig.tlsToName("api.test", origin.port())) {
            String request = "GET / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n";
            FlowRig.send(client, request);
            assertThat(FlowRig.readResponse(client))
                    .contains("Location: https://x.test/?t=***", "Set-Cookie: t=***", "{\"a\":\"***\",\"b\":\"***\"")
                    .doesNotContain("s3cret", base64("user:" + SECRET), "MyZXQtY2FuYXJ5");
            FlowRig.send(client, request);
            assertThat(FlowRig.readResponse(client)).contains("x***y").doesNotContain("s3cret", "Content-Encoding");
        }
    }

    @Test
    @DisplayName("B123c a credential that cannot be had denies")
    void aCredentialThatCannotBeHadDenies() throws Exception {
        try (Origin origin = Origin.answering(TLS.serverFor("api.test"), OK);
                FlowRig rig = new FlowRig(null, ALLOW, credential("", origin.port()).replace("\"" + SECRET + "\"", "null"));
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, "GET / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n");
            assertThat(FlowRig.readAll(client)).startsWith("HTTP/1.1 403 ").contains("\"code\":\"credential_unavailable\"");
            rig.awaitBlocked("credential_unavailable");
            assertThat(origin.received()).isEmpty();
        }
    }

    @Test
    void aBodyThatNoStageReadsIsStreamedAndMayBeLargerThanWhatIsScanned() throws Exception {
        String body = "x".repeat(3 * 1024 * 1024);
        try (Origin origin = Origin.answering(TLS.serverFor("api.test"), OK);
                FlowRig rig = new FlowRig(null, ALLOW, credential("", origin.port()));
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, "POST / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
            assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 200 ");
            assertThat(origin.received()).contains("Bearer " + SECRET).endsWith("xxx");
        }
    }

    @Test
    @DisplayName("B123 a name that the guest only claims for an address gets no credential in the clear")
    void aClaimedNameGetsNoCredentialInTheClear() throws Exception {
        try (Origin origin = Origin.answering(null, OK);
                FlowRig rig = new FlowRig(null, "{\"allow_out\":[\"*.test\",\"127.0.0.0/8\"]}", credential(",'schemes':['http','https']", origin.port()))) {
            String request = "GET /%s HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n";
            try (Socket client = rig.toName("api.test", origin.port())) {
                FlowRig.send(client, request.formatted("named"));
                assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 200 ");
                assertThat(origin.received()).containsOnlyOnce(SECRET);
            }
            try (Socket client = rig.toAddress(java.net.InetAddress.getLoopbackAddress(), origin.port())) {
                FlowRig.send(client, request.formatted("claimed"));
                assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 200 ");
                assertThat(origin.received()).contains("GET /claimed ").containsOnlyOnce(SECRET);
            }
        }
    }

    @Test
    void aResponseThatCannotBeReadToItsEndIsCutAtOnce() throws Exception {
        try (Origin origin = Origin.answering(TLS.serverFor("api.test"), "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone");
                FlowRig rig = new FlowRig(null, ALLOW, credential("", origin.port()));
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, "GET / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n");
            assertThat(FlowRig.readAll(client)).endsWith("<reset>");
            assertThat(rig.await(e -> e.event().equals("egress_closed")).attributes()).containsEntry("detail", "UnreadableResponseException");
        }
    }

    @Test
    @DisplayName("B117 what an origin echoes in a reason phrase comes back masked")
    void whatAnOriginEchoesInAReasonPhraseIsMasked() throws Exception {
        try (Origin origin = Origin.answering(TLS.serverFor("api.test"), OK.replace("OK", "no " + SECRET));
                FlowRig rig = new FlowRig(null, ALLOW, credential("", origin.port()));
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, "GET / HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\n\r\n");
            assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 200 no ***\r\n");
        }
    }

    @Test
    @DisplayName("B117 what an origin echoes around a WebSocket's messages comes back masked")
    void whatAnOriginEchoesAroundMessagesIsMasked() throws Exception {
        Origin.Script echo = connection -> {
            String request = connection.readRequest();
            if (request == null) return;
            connection.write(WebSocketPeer.switching(request, "X-Echo: " + SECRET + "\r\n"));
            WebSocketPeer peer = connection.webSocket();
            byte[] said = SECRET.getBytes(StandardCharsets.UTF_8);
            peer.frame(WebSocketPeer.FIN | WebSocketPeer.PING, said);
            peer.text("say " + SECRET);
            byte[] close = java.util.Arrays.copyOf(WebSocketPeer.close(1008), 2 + said.length);
            System.arraycopy(said, 0, close, 2, said.length);
            peer.frame(WebSocketPeer.FIN | WebSocketPeer.CLOSE, close);
            peer.read();
        };
        try (Origin origin = new Origin(TLS.serverFor("api.test"), echo);
                FlowRig rig = new FlowRig(null, ALLOW, credential("", origin.port()));
                Socket client = rig.tlsToName("api.test", origin.port())) {
            FlowRig.send(client, WebSocketPeer.request("api.test", origin.port(), ""));
            assertThat(FlowRig.readResponse(client)).contains("X-Echo: ***\r\n").doesNotContain("s3cret");
            WebSocketPeer peer = new WebSocketPeer(client.getInputStream(), client.getOutputStream(), true);
            assertThat(peer.read().text()).isEqualTo("***");
            assertThat(peer.read().text()).isEqualTo("say ***");
            WebSocketPeer.Frame close = peer.read();
            assertThat(close.closeCode()).isEqualTo(1008);
            assertThat(close.text()).endsWith("***").doesNotContain("s3cret");
        }
    }

    @Test
    @DisplayName("B123d a body is held and signed as it is sent, and the key never leaves")
    void aBodyIsSignedAsItIsSent() throws Exception {
        String members = ",'type':'hmac','header':'X-Signature','signing':{'template':'{method} {target} {body_sha256}'}";
        String policy = "{\"pii\":{\"enabled\":true,\"types\":[\"ssn\"]}}";
        for (String security : new String[] {null, policy}) {
            String body = "{\"ssn\":\"219-09-9999\"}";
            try (Origin origin = new Origin(TLS.serverFor("api.test"), connection -> {
                        for (String request = connection.readRequest(); request != null; request = connection.readRequest()) {
                            String got = request.substring(request.indexOf("\r\n\r\n") + 4);
                            javax.crypto.Mac mac;
                            try {
                                mac = javax.crypto.Mac.getInstance("HmacSHA256");
                                mac.init(new javax.crypto.spec.SecretKeySpec(SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
                                String digest = java.util.HexFormat.of().formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(got.getBytes(StandardCharsets.ISO_8859_1)));
                                String wanted = java.util.HexFormat.of().formatHex(mac.doFinal(("POST /v1?a=1 " + digest).getBytes(StandardCharsets.UTF_8)));
                                answer(connection, "", request.contains("X-Signature: " + wanted + "\r\n") ? "verified" : "forged");
                            } catch (java.security.GeneralSecurityException e) {
                                throw new IllegalStateException(e);
                            }
                        }
                    });
                    FlowRig rig = new FlowRig(security, ALLOW, credential(members, origin.port()));
                    Socket client = rig.tlsToName("api.test", origin.port())) {
                FlowRig.send(client, "POST /v1?a=1 HTTP/1.1\r\nHost: api.test:" + origin.port()
                        + "\r\nx-signature: mine\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
                assertThat(FlowRig.readResponse(client)).startsWith("HTTP/1.1 200 ").contains("verified");
                assertThat(origin.received()).doesNotContain(SECRET, "mine");
                assertThat(origin.received().contains("219-09-9999")).isEqualTo(security == null);
            }
        }
    }
}
