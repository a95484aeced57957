package dev.declaw.egress.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseParserTest {
    private static final HeadLimits LIMITS = new HeadLimits(2048, 20);

    private static ResponseHead parse(String text, boolean toHead) throws HttpViolation {
        ResponseParser parser = new ResponseParser(LIMITS);
        ByteBuf in = Unpooled.buffer();
        ResponseHead head = null;
        for (byte b : text.getBytes(StandardCharsets.ISO_8859_1)) {
            in.writeByte(b);
            if (head == null) head = parser.parse(in, toHead);
        }
        return head;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\nX: 1\r\n\r\n",
                "HTTP/1.1  200 OK\r\n\r\n",
                "HTTP/1.1 20 OK\r\n\r\n",
                "HTTP/1.1 2000 OK\r\n\r\n",
                "HTTP/1.1 099 OK\r\n\r\n",
                "HTTP/1.1 600 OK\r\n\r\n",
                "HTTP/2.0 200 OK\r\n\r\n",
                "HTTP/2 200 OK    \r\n\r\n",
                "ICY 200 OK       \r\n\r\n",
                "http/1.1 200 OK\r\n\r\n",
                "HTTP/1.1 200 O\0K\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
                "HTTP/1.1 200 OK\r\n X: 1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
                "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
                "HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\n",
            })
    @Tag("B071")
    void refusesAmbiguousResponses(String text) {
        assertThatThrownBy(() -> parse(text, false)).isInstanceOf(HttpViolation.class);
    }

    @Test
    @Tag("B075")
    void refusesHeadsOverTheLimits() {
        assertThatThrownBy(() -> parse("HTTP/1.1 200 OK\r\nX: " + "a".repeat(2048), false)).isInstanceOf(HttpViolation.class);
        assertThatThrownBy(() -> parse("HTTP/1.1 200 OK\r\n" + "X: 1\r\n".repeat(21), false))
                .isInstanceOf(HttpViolation.class);
    }

    @Test
    void framesByTheRulesOfRfc9112() throws HttpViolation {
        assertThat(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false).framing()).isEqualTo(BodyFraming.length(5));
        assertThat(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false).framing())
                .isEqualTo(BodyFraming.CHUNKED);
        ResponseHead untilClose = parse("HTTP/1.1 200\r\n\r\n", false);
        assertThat(untilClose.framing()).isEqualTo(BodyFraming.UNTIL_CLOSE);
        assertThat(untilClose.keepAlive()).isFalse();
        ResponseHead toHead = parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true);
        assertThat(toHead.framing()).isEqualTo(BodyFraming.NONE);
        assertThat(toHead.announcedLength()).hasValue(5);
        assertThat(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false).framing())
                .isEqualTo(BodyFraming.NONE);
        assertThat(parse("HTTP/1.1 204 No Content\r\n\r\n", false).framing()).isEqualTo(BodyFraming.NONE);
        assertThat(parse("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", false).interim()).isTrue();
    }

    @Test
    @Tag("B002")
    void dropsWhatConcernsTheHopAndInvitationsToQuic() throws HttpViolation {
        ResponseHead head = parse(
                "HTTP/1.1 200 Fine\r\nAlt-Svc: h3=\":443\"\r\nKeep-Alive: 1\r\nConnection: X-A\r\nX-A: 1\r\nX-B: 2\r\n\r\n", false);
        assertThat(head.fields()).containsExactly(new Field("X-B", "2"));
        assertThat(head.reason()).isEqualTo("Fine");
    }
}
