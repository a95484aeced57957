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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Function;

/// The fine-tuned encoder (four layers of MiniLM, in int8), run by ONNX Runtime on the calling thread. One serves all scanners and all
/// threads. Its size is fixed by the limits below: about 60 MB of native memory and, for [WindowEncoder#BATCH_MAX] windows,
/// some two hundred milliseconds of one core.
///
/// ONNX Runtime unpacks its native library into `java.io.tmpdir` when the class is first used, unless the property
/// `onnxruntime.native.path` names a folder that holds it.
public final class TextEncoder implements WindowEncoder, PieceTagger, AutoCloseable {
    /// Word pieces of one text that are judged, without the two markers. A window has about 130; one of signs alone has
    /// one a character, and is then read as far as the next window begins.
    public static final int PIECES_MAX = 330;

    /// Word pieces of one text that are tagged, which is as far as the model's positions go.
    private static final int TAGGED_PIECES_MAX = 510;

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
        requireFew(texts.size(), WindowEncoder.BATCH_MAX);
        float[][] out = new float[texts.size()][];
        for (int i = 0; i < out.length; i++) {
            String text = texts.get(i);
            Tokens tokens = pieces.cut(text, PIECES_MAX);
            run(tokens, Shapes.of(text, tokens), "logits", value -> requireFinite(((float[][]) value)[0]), out, i);
        }
        return out;
    }

    @Override
    public List<Tagged> tags(List<String> texts) {
        requireFew(texts.size(), PieceTagger.BATCH_MAX);
        Tagged[] out = new Tagged[texts.size()];
        for (int i = 0; i < out.length; i++) {
            String text = texts.get(i);
            if (text.length() > TEXT_CHARS_MAX) throw new IllegalArgumentException("text of " + text.length() + " characters is too long to tag");
            Tokens tokens = pieces.cut(text, TAGGED_PIECES_MAX);
            Shapes shapes = Shapes.of(text, tokens);
            run(tokens, shapes, "tags", value -> tagged(tokens, shapes, ((float[][][]) value)[0]), out, i);
        }
        return List.of(out);
    }

    private static void requireFew(int count, int max) {
        if (count > max) throw new IllegalArgumentException("at most " + max + " texts: " + count);
    }

    private static Tagged tagged(Tokens tokens, Shapes shapes, float[][] logits) {
        float[][] own = new float[tokens.ids().length][];
        for (int i = 0; i < own.length; i++) own[i] = requireFinite(logits[i + 1]);
        return new Tagged(tokens.starts(), tokens.ends(), shapes.inside(), own);
    }

    private static float[] requireFinite(float[] row) {
        for (float logit : row) if (!Float.isFinite(logit)) throw new IllegalStateException("the text encoder gave no number");
        return row;
    }

    /// Runs one text. Texts do not share a run: the graph quantises its inputs by their range, so company would change a
    /// text's numbers, and on one thread it saves nothing.
    ///
    /// An interrupted thread runs none: a long text takes thousands, for a caller that may have given up long ago.
    private <T> void run(Tokens tokens, Shapes shapes, String output, Function<Object, T> reader, T[] out, int index) {
        if (Thread.currentThread().isInterrupted()) throw new CancellationException("interrupted while a text was judged");
        int count = tokens.ids().length;
        int length = count + 2;
        IntBuffer ids = IntBuffer.allocate(length).put(0, WordPiece.CLS).put(1, tokens.ids(), 0, count).put(length - 1, WordPiece.SEP);
        IntBuffer forms = IntBuffer.allocate(length).put(1, shapes.shapes(), 0, count);
        FloatBuffer mask = FloatBuffer.allocate(length);
        for (int i = 0; i < length; i++) mask.put(i, 1);
        long[] shape = {1, length};
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OnnxTensor idTensor = OnnxTensor.createTensor(environment, ids, shape);
                OnnxTensor shapeTensor = OnnxTensor.createTensor(environment, forms, shape);
                OnnxTensor maskTensor = OnnxTensor.createTensor(environment, mask, shape);
                OrtSession.Result result = session.run(Map.of("ids", idTensor, "mask", maskTensor, "shapes", shapeTensor), Set.of(output))) {
            out[index] = reader.apply(result.get(0).getValue());
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
