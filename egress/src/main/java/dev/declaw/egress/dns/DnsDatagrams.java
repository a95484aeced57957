package dev.declaw.egress.dns;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Questions over UDP. Runs on the event loop of its channel.
final class DnsDatagrams extends SimpleChannelInboundHandler<DatagramPacket> {
    private static final Logger LOG = LoggerFactory.getLogger(DnsDatagrams.class);

    private final QuestionJudge judge;

    DnsDatagrams(QuestionJudge judge) {
        super(DatagramPacket.class);
        this.judge = judge;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
        // Answers that the socket does not take are dropped, as UDP may: the guest asks again.
        if (!context.channel().isWritable()) return;
        judge.answer(ByteBufUtil.getBytes(packet.content()))
                .ifPresent(answer -> context.write(
                        new DatagramPacket(Unpooled.wrappedBuffer(answer), packet.sender()), context.voidPromise()));
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.flush();
    }

    /// One bad datagram must not end the sandbox's name service: the channel stays open.
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.warn("a DNS datagram failed: {}", cause.toString());
    }
}
