"""Writes the encoder as an int8 ONNX graph: python export.py --weights encoder.pt --base all-minilm-l6-v2.onnx --out FILE

The graph is built here, operator by operator, from ONNX Runtime's fused ones. Matrices are int8, symmetric, one scale a
column, with the input quantised as it comes (DynamicQuantizeMatMul); word embeddings are int8 with one scale a row.
--fp32 writes the same graph without quantisation, for comparison.
"""
import argparse
import hashlib
import pathlib

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

import encoder
from encoder import EPSILON, HEADS, HIDDEN, LAYERS, OUTPUTS, TAGS

MS = "com.microsoft"


class Graph:
    def __init__(self, quantise):
        self.nodes, self.tensors, self.quantise = [], [], quantise

    def tensor(self, name, array):
        self.tensors.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def node(self, kind, inputs, output, domain="", **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def linear(self, x, name, weight, bias):
        """x @ weight.T + bias"""
        matrix = weight.T.astype(np.float32)
        b = self.tensor(name + ".bias", bias.astype(np.float32))
        if not self.quantise:
            y = self.node("MatMul", [x, self.tensor(name + ".weight", matrix)], name + ".product")
            return self.node("Add", [y, b], name + ".sum")
        scale = np.maximum(np.abs(matrix).max(axis=0), 1e-8) / 127
        w = self.tensor(name + ".weight", np.clip(np.round(matrix / scale), -127, 127).astype(np.int8))
        s = self.tensor(name + ".scale", scale.astype(np.float32))
        z = self.tensor(name + ".zero", np.zeros(len(scale), dtype=np.int8))
        return self.node("DynamicQuantizeMatMul", [x, w, s, z, b], name + ".sum", MS)

    def norm(self, x, skip, name, weight, bias):
        # Not SkipLayerNormalization: the fused operator is scalar code, eight times as slow as these two.
        return self.node("LayerNormalization", [self.node("Add", [x, skip], name + ".skip"), self.tensor(name + ".gamma", weight), self.tensor(name + ".beta", bias)], name, axis=-1, epsilon=EPSILON)


def build(model, quantise):
    w = {k: v.numpy().astype(np.float32) for k, v in model.state_dict().items()}
    g = Graph(quantise)
    g.tensor("zero", np.zeros(1, dtype=np.int64))
    g.tensor("one", np.ones(1, dtype=np.int64))
    g.tensor("two", np.full(1, 2, dtype=np.int64))
    words = w["words.weight"]
    if quantise:
        scale = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-8) / 127
        rows = g.node("Gather", [g.tensor("words", np.clip(np.round(words / scale), -127, 127).astype(np.int8)), "ids"], "word.rows")
        rows = g.node("Cast", [rows], "word.floats", to=TensorProto.FLOAT)
        embedded = g.node("Mul", [rows, g.node("Gather", [g.tensor("words.scale", scale.astype(np.float32)), "ids"], "word.scales")], "embedded")
    else:
        embedded = g.node("Gather", [g.tensor("words", words), "ids"], "embedded")
    length = g.node("Slice", [g.node("Shape", ["ids"], "shape"), "one", "two"], "length")
    positions = g.node("Slice", [g.tensor("positions", w["positions.weight"]), "zero", length, "zero"], "position.rows")
    x = g.node("Add", [embedded, positions], "placed")
    x = g.node("LayerNormalization", [x, g.tensor("norm.gamma", w["norm.weight"]), g.tensor("norm.beta", w["norm.bias"])], "normed", axis=-1, epsilon=EPSILON)
    away = g.node("Mul", [g.node("Sub", [g.tensor("unit", np.ones(1, dtype=np.float32)), "mask"], "masked"), g.tensor("low", np.full(1, -1e4, dtype=np.float32))], "away")
    for i in range(LAYERS):
        n, p = f"layer{i}.", f"layers.{i}."
        # Queries, keys and values come out of one product, so that the input is quantised once.
        qkv = g.linear(x, n + "qkv", w[p + "qkv.weight"], w[p + "qkv.bias"])
        parts = [n + "q", n + "k", n + "v"]
        g.nodes.append(helper.make_node("Split", [qkv], parts, axis=2))
        # Without a mask, which a third of the time would go to: texts run one by one and are never padded.
        mixed = g.node("MultiHeadAttention", parts, n + "mixed", MS, num_heads=HEADS)
        y = g.linear(mixed, n + "out", w[p + "out.weight"], w[p + "out.bias"])
        x = g.norm(y, x, n + "norm1", w[p + "norm1.weight"], w[p + "norm1.bias"])
        up = g.node("Gelu", [g.linear(x, n + "up", w[p + "up.weight"], w[p + "up.bias"])], n + "gelu", MS)
        x = g.norm(g.linear(up, n + "down", w[p + "down.weight"], w[p + "down.bias"]), x, n + "norm2", w[p + "norm2.weight"], w[p + "norm2.bias"])
        if i == 0:
            x = g.node("Add", [x, g.node("Gather", [g.tensor("shape.rows", w["shapes.weight"]), "shapes"], "shaped")], "layer0.shaped")
    g.node("Add", [g.node("MatMul", [x, g.tensor("tags.weight", w["tags.weight"].T)], "tags.product"), g.tensor("tags.bias", w["tags.bias"])], "tags")
    pool = g.node("MatMul", [x, g.tensor("pool", w["pool.weight"].T)], "pool.scores")
    g.tensor("axis2", np.array([2], dtype=np.int64))
    pool = g.node("Softmax", [g.node("Add", [pool, g.node("Unsqueeze", [away, "axis2"], "away2")], "pool.biased")], "pool.weights", axis=1)
    pooled = g.node("MatMul", [g.node("Transpose", [pool], "pool.turned", perm=[0, 2, 1]), x], "pooled")
    outputs = []
    for k, name in enumerate(("injection", "toxicity")):
        row = g.node("Gather", [pooled, g.tensor(name + ".index", np.array(k, dtype=np.int64))], name + ".pooled", axis=1)
        product = g.node("MatMul", [row, g.tensor(name + ".weight", w[name + ".weight"].T)], name + ".product")
        outputs.append(g.node("Add", [product, g.tensor(name + ".bias", w[name + ".bias"])], name + ".logits"))
    g.node("Concat", outputs, "logits", axis=1)
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch", "length"]), helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", "length"]), helper.make_tensor_value_info("shapes", TensorProto.INT32, ["batch", "length"])]
    graph = helper.make_graph(g.nodes, "declaw-text-encoder", inputs, [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", OUTPUTS]), helper.make_tensor_value_info("tags", TensorProto.FLOAT, ["batch", "length", len(TAGS)])], g.tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MS, 1)], producer_name="declaw", ir_version=8)
    made.doc_string = "Fine-tuned from all-MiniLM-L6-v2 (Apache-2.0). See guardrails/training."
    return made


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--weights", required=True)
    p.add_argument("--base", required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--fp32", action="store_true")
    a = p.parse_args()
    model = encoder.from_onnx(a.base)
    model.load_state_dict(torch.load(a.weights))
    model.eval()
    data = build(model, not a.fp32).SerializeToString()
    a.out.write_bytes(data)
    print(f"{len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
