package dev.declaw.egress.flow;

import dev.declaw.egress.EgressConfig.Limits;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Settings;
import java.util.Set;

/// The framing layer of HTTP/2 (RFC 9113) with every limit set. What the fields of a head may be is judged by our own
/// reader, so that a refusal is recorded; the codec sees to frames, HPACK and flow control.
final class Http2Codec {
    static final int STREAMS_MAX = 100;
    /// Data of one stream that is on its way or waits to be taken; a connection has room for about two such streams.
    private static final int WINDOW_BYTES = 256 * 1024;
    private static final int RESETS_MAX = 200;
    private static final int RESET_WINDOW_SECONDS = 30;
    private static final int EMPTY_FRAMES_MAX = 2;
    private static final int SMALL_CONTINUATIONS_MAX = 16;
    private static final int CONTROL_FRAMES_QUEUED_MAX = 1_000;

    /// Fields whose values are no secret of anybody's. All others are sent as never-indexed literals (RFC 7541 §7.1.3), so
    /// that a credential is in no table that outlives its request.
    private static final Set<String> INDEXED = Set.of(
            ":method", ":scheme", ":authority", "content-type", "accept", "accept-encoding", "accept-language", "te",
            "user-agent", "grpc-encoding", "grpc-accept-encoding");

    private Http2Codec() {}

    static Http2FrameCodec forGuest(Limits limits) {
        Http2Settings settings = settings(limits).maxConcurrentStreams(STREAMS_MAX);
        return bounded(Http2FrameCodecBuilder.forServer().initialSettings(settings)).build();
    }

    static Http2FrameCodec forOrigin(Limits limits) {
        Http2Settings settings = settings(limits).pushEnabled(false);
        return bounded(Http2FrameCodecBuilder.forClient()
                        .initialSettings(settings)
                        .encoderEnforceMaxConcurrentStreams(true)
                        .headerSensitivityDetector((name, _) -> !INDEXED.contains(name.toString())))
                .build();
    }

    private static Http2Settings settings(Limits limits) {
        return Http2Settings.defaultSettings()
                .initialWindowSize(WINDOW_BYTES)
                .maxHeaderListSize(limits.headBytesMax());
    }

    private static Http2FrameCodecBuilder bounded(Http2FrameCodecBuilder builder) {
        return builder.validateHeaders(false)
                .autoAckPingFrame(true)
                .autoAckSettingsFrame(true)
                .decoderEnforceMaxRstFramesPerWindow(RESETS_MAX, RESET_WINDOW_SECONDS)
                .encoderEnforceMaxRstFramesPerWindow(RESETS_MAX, RESET_WINDOW_SECONDS)
                .decoderEnforceMaxConsecutiveEmptyDataFrames(EMPTY_FRAMES_MAX)
                .decoderEnforceMaxSmallContinuationFrames(SMALL_CONTINUATIONS_MAX)
                .encoderEnforceMaxQueuedControlFrames(CONTROL_FRAMES_QUEUED_MAX)
                .gracefulShutdownTimeoutMillis(1_000);
    }
}
