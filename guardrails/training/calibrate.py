"""Measures a task's models on the development sources and on benign text that trained nothing, and writes its curves.

python calibrate.py --task injection --data DIR --linear FILE [--onnx FILE --tokenizer FILE] --out FILE

Scores are tied to false alarms on benign text: .5 = 1 %, .8 = .3 %, .95 = .1 %, each source weighted by the root of its
size, so that no single kind of text sets the scale.
"""
import argparse
import json
import pathlib
import struct

import numpy as np
from sklearn.metrics import roc_auc_score

import corpus
import features
import shapes

POINTS = [(0.5, 0.02), (0.8, 0.08), (0.9, 0.15), (0.97, 0.3), (0.99, 0.5), (0.997, 0.8), (0.999, 0.95)]
WINDOW = {"injection": 440, "toxicity": 200}
WINDOWS_MAX = 12


def windows(text, size):
    stride = size * 3 // 4
    return [text[i : i + size] for i in range(0, max(1, len(text) - size + stride), stride)][:WINDOWS_MAX]


def linear_logits(path, texts):
    data = path.read_bytes()
    _, bits, scale, bias = struct.unpack(">BBff", data[4:14])
    assert bits == features.BITS
    return features.matrix(texts) @ (np.frombuffer(data[14:], dtype=np.int8) * np.float64(scale)) + bias


def encoder_logits(path, tokenizer_path, texts, column):
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(332)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    session = onnxruntime.InferenceSession(str(path), options)
    pieces = tokenizer.encode_batch(texts)
    out = np.zeros(len(texts))
    for i, piece in enumerate(pieces):
        # One by one, as in Java: the graph quantises its inputs by their range, so company would change the numbers.
        shape = np.concatenate([[0], shapes.of(texts[i], piece.offsets[1:-1]), [0]]).astype(np.int32)[None]
        feed = {"ids": np.array([piece.ids], dtype=np.int32), "mask": np.ones((1, len(piece.ids)), dtype=np.float32), "shapes": shape}
        out[i] = session.run(["logits"], feed)[0][0, column]
    return out


def sample(rows, count, seed=3):
    r = np.random.RandomState(seed)
    return [rows[i] for i in r.permutation(len(rows))[:count]]


def evaluation_rows(data, task, per_group):
    """(text, label, source) that trained nothing; at most per_group of a source and label."""
    rows = [(r["text"], r["label"], r["source"]) for r in corpus.development_rows(data, task)]
    for r in corpus.read(data / "pii/train.jsonl"):
        if not (task == "toxicity" and r["source"] == "WNUT17-train"):
            rows.append((r["text"], 0, "pii:" + r["source"]))
    if task == "injection":
        rows += [(r["text"], 0, "Vicomtech2018") for r in corpus.read(data / "toxicity/train.jsonl") if r["source"] == "Vicomtech2018"]
        rows += [(r["text"], 0, "secrets:own") for r in corpus.read(data / "secrets/train.jsonl") if r["source"] == "own-secrets-A"]
    else:
        rows += [(r["text"], 0, "deepset-train") for r in corpus.development_rows(data, "injection") if r["source"] == "deepset-train"]
        rows += [(r["text"], 0, "code:" + r["source"]) for r in corpus.read(data / "code-security/train.jsonl") if r["source"] in ("atomic-red-team", "CyberSecEval-ICD")]
    by_hand = pathlib.Path(__file__).parent.parent / f"src/test/resources/dev/declaw/guardrails/handwritten/{task}.jsonl"
    rows += [(row["text"], row["label"], "own handwritten") for row in map(json.loads, by_hand.read_text(encoding="utf-8").splitlines())]
    groups = {}
    for row in rows:
        groups.setdefault((row[2], row[1]), []).append(row)
    return [row for key in sorted(groups) for row in sample(groups[key], per_group)]


def other_script(text):
    """Whether half of the letters or more are not Latin: tier 0 knows too little of them to clear a text. As InjectionScanner does."""
    letters = [c for c in text if c.isalpha()]
    return sum(c >= "\u0370" for c in letters) * 2 >= max(1, len(letters))


def weighted_quantile(values, weights, q):
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    return values[order][min(len(values) - 1, np.searchsorted(cumulative, q * cumulative[-1]))]


def curve(name, logits, sources):
    weights = np.array([1 / np.sqrt((sources == s).sum()) for s in sources])
    knots, last = [], None
    low = weighted_quantile(logits, weights, 0.05)
    knots.append((low, 0.0))
    for q, score in POINTS:
        x = weighted_quantile(logits, weights, q)
        x = max(x, knots[-1][0] + 0.01)
        knots.append((x, score))
    top = knots[-1][0]
    knots += [(top + 1, 0.98), (top + 4, 1.0)]
    return [f"curve {name} {x:.4f} {y}" for x, y in knots], knots


# A forum of hatred is no ordinary text, whatever a single sentence of it is labelled.
NOT_ORDINARY = {"toxicity": {"Vicomtech2018"}, "injection": set()}


def report(name, logits, labels, sources, knots):
    print(f"{name}: AUC {roc_auc_score(labels, logits):.4f}")
    x, y = zip(*knots)
    scores = np.interp(logits, x, y)
    for source in sorted(set(sources)):
        for label in (0, 1):
            pick = (sources == source) & (labels == label)
            if pick.any():
                print(f"  {source:24} label {label} n {pick.sum():5}  >=.5 {np.mean(scores[pick] >= .5):.3f}  >=.8 {np.mean(scores[pick] >= .8):.3f}  >=.95 {np.mean(scores[pick] >= .95):.3f}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--task", choices=["injection", "toxicity"], required=True)
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--linear", type=pathlib.Path, required=True)
    p.add_argument("--onnx", type=pathlib.Path)
    p.add_argument("--tokenizer", type=pathlib.Path)
    p.add_argument("--per-group", type=int, default=1200)
    p.add_argument("--weight", type=float, default=0.3, help="of the linear model in the blend")
    p.add_argument("--gate", type=float, default=-2.5, help="tier-0 log-odds below which the encoder is not asked")
    p.add_argument("--last", action="store_true", help="the weights have had the last pass: its sources judge no more")
    p.add_argument("--out", type=pathlib.Path)
    a = p.parse_args()
    rows = evaluation_rows(a.data, a.task, a.per_group)
    if a.last and a.task == "injection":
        rows = [row for row in rows if row[2] not in corpus.LAST_PASS]
    parts, owner = [], []
    for i, (text, _, _) in enumerate(rows):
        for part in windows(text, WINDOW[a.task]):
            parts.append(part)
            owner.append(i)
    owner = np.array(owner)
    labels, sources = np.array([r[1] for r in rows]), np.array([r[2] for r in rows])

    def worst(values):
        out = np.full(len(rows), -1e9)
        np.maximum.at(out, owner, values)
        return out

    ordinary = (labels == 0) & ~np.isin(sources, sorted(NOT_ORDINARY[a.task] | {"own handwritten"}))
    first = linear_logits(a.linear, parts)
    lines, knots = curve("tier0", worst(first)[ordinary], sources[ordinary])
    report("tier0", worst(first), labels, sources, knots)
    print("gate", a.gate, "passes benign", round(np.mean(worst(first)[labels == 0] >= a.gate), 3), "attacks", round(np.mean(worst(first)[labels == 1] >= a.gate), 3))
    if a.onnx:
        second = encoder_logits(a.onnx, a.tokenizer, parts, 0 if a.task == "injection" else 1)
        for weight in (0.0, 0.15, 0.3, 0.45):
            blend = worst(weight * first + (1 - weight) * second)
            _, knots = curve("x", blend[ordinary], sources[ordinary])
            print(f"weight {weight}: AUC {roc_auc_score(labels, blend):.4f}, recall at 1 % {np.mean(blend[labels == 1] >= knots[5][0]):.3f}")
        blend = worst(np.where((first >= a.gate) | np.array([a.task == "injection" and other_script(part) for part in parts]), a.weight * first + (1 - a.weight) * second, -12))
        more, knots = curve("blend", blend[ordinary], sources[ordinary])
        lines += more
        report("blend", blend, labels, sources, knots)
    if a.out:
        head = [f"# Written by guardrails/training/calibrate.py for {a.task}.", f"number weight.linear {a.weight}", f"number weight.encoder {round(1 - a.weight, 3)}", f"number gate {a.gate}"]
        extra = ["number bonus.disguised 1.5", "number bonus.tool 0.3", "number bonus.marker 0.75"] if a.task == "injection" else []
        a.out.write_text("\n".join(head + extra + lines) + "\n")


if __name__ == "__main__":
    main()
