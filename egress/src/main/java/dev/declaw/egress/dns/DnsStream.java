package dev.declaw.egress.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Questions over TCP: each with two bytes of length before it (RFC 1035 §4.2.2, RFC 7766). Many may follow each other
/// on one connection; each is answered in turn. A connection ends at the first frame that is none, after a silence, and
/// when the guest does not take its answers. Runs on the event loop of its channel.
final class DnsStream extends ByteToMessageDecoder {
    static final int IDLE_SECONDS_MAX = 10;
    private static final int LENGTH_BYTES = 2;

    private final QuestionJudge judge;
    private Future<?> idleTimer;

    DnsStream(QuestionJudge judge) {
        this.judge = judge;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        idleTimer = startTimer(context);
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext context) {
        idleTimer.cancel(false);
    }

    private static Future<?> startTimer(ChannelHandlerContext context) {
        return context.executor().schedule(() -> context.close(), IDLE_SECONDS_MAX, TimeUnit.SECONDS);
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (in.readableBytes() < LENGTH_BYTES) return;
        int length = in.getUnsignedShort(in.readerIndex());
        if (length < DnsQuestion.HEADER_BYTES || length > DnsQuestion.BYTES_MAX || !context.channel().isWritable()) {
            in.skipBytes(in.readableBytes());
            context.close();
            return;
        }
        if (in.readableBytes() < LENGTH_BYTES + length) return;
        in.skipBytes(LENGTH_BYTES);
        byte[] question = ByteBufUtil.getBytes(in.readSlice(length));
        Optional<byte[]> answer = judge.answer(question);
        if (answer.isEmpty()) {
            in.skipBytes(in.readableBytes());
            context.close();
            return;
        }
        // Only a whole question is a sign of life: one byte every few seconds is not.
        idleTimer.cancel(false);
        idleTimer = startTimer(context);
        ByteBuf frame = Unpooled.buffer(LENGTH_BYTES + answer.get().length);
        frame.writeShort(answer.get().length).writeBytes(answer.get());
        context.writeAndFlush(frame);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
