package dev.declaw.guardrails.encoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// The fine-tuned MiniLM encoder, in int8, run by ONNX Runtime on the calling thread. One serves all scanners and all
/// threads. Its size is fixed by the limits below: about 60 MB of native memory and, for [WindowEncoder#BATCH_MAX] texts,
/// some hundred milliseconds of one core.
///
/// ONNX Runtime unpacks its native library into `java.io.tmpdir` when the class is first used, unless the property
/// `onnxruntime.native.path` names a folder that holds it.
public final class TextEncoder implements WindowEncoder, AutoCloseable {
    /// Word pieces of one text that are read, without the two markers; a window has about 130.
    public static final int PIECES_MAX = 190;

    /// Texts that share one run: more would only cost memory.
    private static final int RUN_TEXTS_MAX = 8;

    private final WordPiece pieces = WordPiece.read();
    private final OrtSession session;

    /// Reads the shipped model.
    ///
    /// @throws IllegalStateException when the runtime or the model cannot be loaded
    public TextEncoder() {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setInterOpNumThreads(1);
            options.setCPUArenaAllocator(false);
            session = OrtEnvironment.getEnvironment().createSession(model(), options);
        } catch (OrtException | UnsatisfiedLinkError e) {
            throw new IllegalStateException("the text encoder does not start", e);
        }
    }

    private static byte[] model() {
        try (InputStream in = TextEncoder.class.getResourceAsStream("encoder-int8.onnx")) {
            if (in == null) throw new IllegalStateException("missing encoder model");
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public float[][] logits(List<String> texts) {
        if (texts.size() > BATCH_MAX) throw new IllegalArgumentException("at most " + BATCH_MAX + " texts: " + texts.size());
        int[][] ids = new int[texts.size()][];
        for (int i = 0; i < ids.length; i++) ids[i] = pieces.cut(texts.get(i), PIECES_MAX).ids();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) order.add(i);
        order.sort(Comparator.comparingInt(i -> ids[i].length));
        float[][] out = new float[ids.length][];
        for (int from = 0; from < ids.length; from += RUN_TEXTS_MAX) {
            List<Integer> group = order.subList(from, Math.min(ids.length, from + RUN_TEXTS_MAX));
            float[][] logits = run(group.stream().map(i -> ids[i]).toList());
            for (int k = 0; k < logits.length; k++) out[group.get(k)] = logits[k];
        }
        return out;
    }

    private float[][] run(List<int[]> rows) {
        int length = rows.getLast().length + 2;
        IntBuffer ids = IntBuffer.allocate(rows.size() * length);
        FloatBuffer mask = FloatBuffer.allocate(rows.size() * length);
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            int at = r * length;
            ids.put(at, WordPiece.CLS).put(at + 1, row, 0, row.length).put(at + 1 + row.length, WordPiece.SEP);
            for (int i = 0; i < row.length + 2; i++) mask.put(at + i, 1);
        }
        long[] shape = {rows.size(), length};
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OnnxTensor idTensor = OnnxTensor.createTensor(environment, ids, shape);
                OnnxTensor maskTensor = OnnxTensor.createTensor(environment, mask, shape);
                OrtSession.Result result = session.run(Map.of("ids", idTensor, "mask", maskTensor))) {
            float[][] logits = (float[][]) result.get(0).getValue();
            for (float[] row : logits) {
                for (float logit : row) if (!Float.isFinite(logit)) throw new IllegalStateException("the text encoder gave no number");
            }
            return logits;
        } catch (OrtException e) {
            throw new IllegalStateException("the text encoder failed", e);
        }
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("the text encoder does not close", e);
        }
    }
}
