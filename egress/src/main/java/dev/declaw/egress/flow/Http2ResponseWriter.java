package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.Field;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import java.util.Locale;

/// Writes one response to a guest's stream of HTTP/2. Used on one event loop only.
final class Http2ResponseWriter implements ResponseWriter {
    private final Channel stream;
    private boolean ended;

    Http2ResponseWriter(Channel stream) {
        this.stream = stream;
    }

    @Override
    public int head(
            int status, String reason, List<Field> fields, BodyFraming framing, long announcedLength, boolean close) {
        long length = framing instanceof BodyFraming.Length known ? known.bytes() : announcedLength;
        return head(status, fields, announcedLength, length, framing == BodyFraming.NONE && announcedLength >= 0);
    }

    /// @param length what to say in Content-Length; negative for nothing
    /// @param last whether neither body nor trailers follow
    int head(int status, List<Field> fields, long announced, long length, boolean last) {
        Http2Headers headers = new DefaultHttp2Headers(false, fields.size() + 2).status(Integer.toString(status));
        int bytes = 16 + append(headers, fields);
        if (length >= 0) headers.add("content-length", Long.toString(length));
        ended = last;
        stream.write(new DefaultHttp2HeadersFrame(headers, last));
        return bytes;
    }

    static int append(Http2Headers headers, List<Field> fields) {
        int bytes = 0;
        for (Field field : fields) {
            headers.add(field.name().toLowerCase(Locale.ROOT), field.value());
            bytes += field.name().length() + field.value().length() + 4;
        }
        return bytes;
    }

    @Override
    public void data(ByteBuf data) {
        if (ended || !data.isReadable()) {
            data.release();
        } else {
            stream.write(new DefaultHttp2DataFrame(data));
        }
    }

    /// The whole rest of the body.
    void last(ByteBuf data) {
        ended = true;
        stream.write(new DefaultHttp2DataFrame(data, true));
    }

    @Override
    public void end(List<Field> trailers) {
        if (ended) return;
        ended = true;
        if (trailers.isEmpty()) {
            stream.write(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true));
        } else {
            Http2Headers headers = new DefaultHttp2Headers(false, trailers.size());
            append(headers, trailers);
            stream.write(new DefaultHttp2HeadersFrame(headers, true));
        }
    }

    @Override
    public void flush() {
        stream.flush();
    }

    @Override
    public boolean writable() {
        return stream.isWritable();
    }

    @Override
    public boolean untilClose() {
        return false;
    }
}
