package dev.declaw.egress.content;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the responses of one host go through. Immutable.
///
/// @param transform inbound rules
/// @param vault tokens to turn back
/// @param peer whose responses these are, as tokens are bound to it
record ResponseStages(Optional<TransformStage> transform, Optional<TokenVault> vault, String peer) {
    static final ResponseStages NONE = new ResponseStages(Optional.empty(), Optional.empty(), "");

    boolean any() {
        return transform.isPresent() || vault.isPresent();
    }

    /// @param contentEncoding codings that came although none was asked for
    /// @param scrub masks the credentials of the request
    Optional<ResponseRun> run(String contentType, String contentEncoding, Optional<Scrub> scrub) {
        Carrier carrier = Carrier.of(contentType);
        boolean rehydrates = vault.isPresent() && !vault.get().idle(peer) && carrier != Carrier.OPAQUE;
        boolean transforms = transform.isPresent() && carrier != Carrier.OPAQUE;
        boolean coded = !contentEncoding.isEmpty() && !contentEncoding.equalsIgnoreCase("identity");
        // To turn tokens back is a convenience: a coded response is not held back for it.
        if (!transforms && scrub.isEmpty() && (!rehydrates || coded)) return Optional.empty();
        List<ResponseFilter> filters = new ArrayList<>();
        if (coded) filters.add(new WholeBody(body -> decode(body, contentEncoding)));
        scrub.ifPresent(masks -> filters.add(masks.filter()));
        String type = BodyWalk.mediaType(contentType);
        boolean lines = type.contains("ndjson") || type.contains("jsonl") || type.contains("jsonlines");
        boolean events = type.equals("text/event-stream") || lines;
        if (transforms) {
            TransformStage rules = transform.get();
            filters.add(events ? new TransformEvents(rules, lines) : new WholeBody(body -> rules.rewriteResponse(body, contentType)));
        }
        if (rehydrates) {
            filters.add(events ? new EventRehydrator(vault.get(), peer, lines) : new Rehydrator(vault.get(), peer, carrier));
        }
        return Optional.of(new ResponseRun(filters, coded));
    }

    private static byte[] decode(byte[] body, String contentEncoding) {
        return switch (new BodyDecoder(WholeBody.BYTES_MAX).decode(body, contentEncoding)) {
            case BodyDecoder.Decoded.Plain(byte[] bytes) -> bytes;
            case BodyDecoder.Decoded.Refused _ -> throw new UnreadableResponseException("its content coding cannot be taken off");
        };
    }
}
