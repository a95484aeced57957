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
import java.util.Set;
import java.util.function.BiConsumer;

/// The fine-tuned encoder (four layers of MiniLM, in int8), run by ONNX Runtime on the calling thread. One serves all scanners and all
/// threads. Its size is fixed by the limits below: about 60 MB of native memory and, for [WindowEncoder#BATCH_MAX] texts,
/// some hundred milliseconds of one core.
///
/// ONNX Runtime unpacks its native library into `java.io.tmpdir` when the class is first used, unless the property
/// `onnxruntime.native.path` names a folder that holds it.
public final class TextEncoder implements WindowEncoder, PieceTagger, AutoCloseable {
    /// Word pieces of one text that are judged, without the two markers. A window has about 130; one of signs alone has
    /// one a character, and is then read as far as the next window begins.
    public static final int PIECES_MAX = 330;

    /// Word pieces of one text that are tagged, which is as far as the model's positions go.
    private static final int TAGGED_PIECES_MAX = 510;

    /// Texts that share one run: more would only cost memory.
    private static final int RUN_TEXTS_MAX = 8;

    private final WordPiece pieces = WordPiece.read();
    private final OrtSession session;

    private static final class Shared {
        static final TextEncoder ENCODER = new TextEncoder();
    }

    /// The one encoder of the process, made at the first call and never closed.
    ///
    /// @throws IllegalStateException when the runtime or the model cannot be loaded
    public static TextEncoder shared() {
        try {
            return Shared.ENCODER;
        } catch (LinkageError e) {
            throw new IllegalStateException("the text encoder does not start", e);
        }
    }

    /// Reads the shipped model.
    ///
    /// @throws IllegalStateException when the runtime or the model cannot be loaded
    public TextEncoder() {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setInterOpNumThreads(1);
            options.setCPUArenaAllocator(false);
            // The graph is written in the runtime's fused operators already; further fusion would bring in a slower norm.
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.BASIC_OPT);
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
        float[][] out = new float[texts.size()][];
        run(texts, PIECES_MAX, "logits", (group, value) -> {
            float[][] rows = (float[][]) value;
            for (int k = 0; k < group.size(); k++) out[group.get(k).index] = requireFinite(rows[k]);
        });
        return out;
    }

    @Override
    public List<Tagged> tags(List<String> texts) {
        Tagged[] out = new Tagged[texts.size()];
        for (String text : texts) {
            if (text.length() > TEXT_CHARS_MAX) throw new IllegalArgumentException("text of " + text.length() + " characters is too long to tag");
        }
        run(texts, TAGGED_PIECES_MAX, "tags", (group, value) -> {
            float[][][] rows = (float[][][]) value;
            for (int k = 0; k < group.size(); k++) out[group.get(k).index] = tagged(group.get(k), rows[k]);
        });
        return List.of(out);
    }

    private static Tagged tagged(Row row, float[][] logits) {
        float[][] own = new float[row.tokens.ids().length][];
        for (int i = 0; i < own.length; i++) own[i] = requireFinite(logits[i + 1]);
        return new Tagged(row.tokens.starts(), row.tokens.ends(), row.shapes.inside(), own);
    }

    private static float[] requireFinite(float[] row) {
        for (float logit : row) if (!Float.isFinite(logit)) throw new IllegalStateException("the text encoder gave no number");
        return row;
    }

    private record Row(int index, Tokens tokens, Shapes shapes) {}

    /// Runs texts of like length together and hands on what the graph calls `output`.
    private void run(List<String> texts, int piecesMax, String output, BiConsumer<List<Row>, Object> reader) {
        if (texts.size() > WindowEncoder.BATCH_MAX) throw new IllegalArgumentException("at most " + WindowEncoder.BATCH_MAX + " texts: " + texts.size());
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            Tokens tokens = pieces.cut(texts.get(i), piecesMax);
            rows.add(new Row(i, tokens, Shapes.of(texts.get(i), tokens)));
        }
        rows.sort(Comparator.comparingInt(row -> row.tokens.ids().length));
        for (int from = 0; from < rows.size(); from += RUN_TEXTS_MAX) {
            List<Row> group = rows.subList(from, Math.min(rows.size(), from + RUN_TEXTS_MAX));
            runTogether(group, output, reader);
        }
    }

    private void runTogether(List<Row> rows, String output, BiConsumer<List<Row>, Object> reader) {
        int length = rows.getLast().tokens.ids().length + 2;
        IntBuffer ids = IntBuffer.allocate(rows.size() * length);
        IntBuffer shapes = IntBuffer.allocate(rows.size() * length);
        FloatBuffer mask = FloatBuffer.allocate(rows.size() * length);
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r).tokens.ids();
            int at = r * length;
            ids.put(at, WordPiece.CLS).put(at + 1, row, 0, row.length).put(at + 1 + row.length, WordPiece.SEP);
            shapes.put(at + 1, rows.get(r).shapes.shapes(), 0, row.length);
            for (int i = 0; i < row.length + 2; i++) mask.put(at + i, 1);
        }
        long[] shape = {rows.size(), length};
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OnnxTensor idTensor = OnnxTensor.createTensor(environment, ids, shape);
                OnnxTensor shapeTensor = OnnxTensor.createTensor(environment, shapes, shape);
                OnnxTensor maskTensor = OnnxTensor.createTensor(environment, mask, shape);
                OrtSession.Result result = session.run(Map.of("ids", idTensor, "mask", maskTensor, "shapes", shapeTensor), Set.of(output))) {
            reader.accept(rows, result.get(0).getValue());
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
