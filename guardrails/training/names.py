"""Measures names and addresses per source: python names.py --data DIR --onnx FILE --tokenizer FILE [--limit N]

Sources that trained nothing: presidio-research and own-generator-A (strict and overlapping spans; their parts of one address
are joined first), and false names per 1,000 words of code and manuals. The path through the tags is the one of
dev.declaw.guardrails.pii.names.TagPath.
"""
import argparse
import pathlib
import re

import numpy as np

import corpus
import shapes
from calibrate import sample

TAGS = 5
ADDRESS_PARTS = {"STREET_ADDRESS", "ZIP_CODE", "LOCATION"}


def allowed(before, tag, inside):
    if tag in (2, 4):
        return before in (tag, tag - 1)
    return not inside or tag == 0 and before == 0


STEP = {inside: np.array([[0.0 if allowed(b, t, inside) else -1e9 for t in range(TAGS)] for b in range(TAGS)]) for inside in (False, True)}


def path(logits, inside):
    best = logits[0] + np.array([0, 0, -1e9, 0, -1e9])
    back = []
    for i in range(1, len(logits)):
        table = best[:, None] + STEP[bool(inside[i])]
        back.append(table.argmax(axis=0))
        best = table.max(axis=0) + logits[i]
    out = [int(best.argmax())]
    for row in reversed(back):
        out.append(int(row[out[-1]]))
    return out[::-1]


def stretches(logits, offsets, inside, least=(0.6, 0.5)):
    if not len(offsets):
        return []
    tags = path(logits, inside)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    out, i = [], 0
    while i < len(tags):
        if tags[i] in (1, 3):
            j = i
            while j + 1 < len(tags) and tags[j + 1] == tags[i] + 1:
                j += 1
            confidence = float(np.mean([p[k, tags[k]] for k in range(i, j + 1)]))
            if confidence >= least[0 if tags[i] == 1 else 1]:
                out.append((offsets[i][0], offsets[j][1], "PERSON" if tags[i] == 1 else "ADDRESS"))
            i = j
        i += 1
    return out


def tidy(text, span):
    """What dev.declaw.guardrails.pii.names.NameSpan does."""
    start, end, kind = span
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    if start == end:
        return None
    if kind == "PERSON":
        more = re.match(r"-[^\W\d_]+", text[end:])
        if more and more[0][1].isupper():
            end += more.end()
    part = text[start:end]
    letter, digit = any(c.isalpha() for c in part), any(c.isdigit() for c in part)
    if kind == "ADDRESS":
        return (start, end, kind) if letter and digit and len(part) >= 6 else None
    mail = re.match(r"(?:[^\W]|[.+-]){0,63}@(?=[^\W_])|(?:[^\W]|[.+-]){1,63}@", text[end:])
    return (start, end, kind) if letter and not digit and len(part) >= 2 and not mail else None


class Tagger:
    def __init__(self, onnx, tokenizer):
        import onnxruntime
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(512)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        self.session = onnxruntime.InferenceSession(str(onnx), options)

    def tag(self, text):
        e = self.tokenizer.encode(text)
        offsets = e.offsets[1:-1]
        shape = shapes.of(text, offsets)
        feed = {"ids": np.array([e.ids], dtype=np.int32), "mask": np.ones((1, len(e.ids)), dtype=np.float32), "shapes": np.concatenate([[0], shape, [0]]).astype(np.int32)[None]}
        logits = self.session.run(["tags"], feed)[0][0][1:-1]
        return logits, offsets, shapes.inside(text, offsets)

    def find(self, text, **options):
        out = []
        for start in range(0, len(text), 400):
            part = text[start : start + 440]
            out += [(s + start, e + start, k) for s, e, k in stretches(*self.tag(part), **options) if s < 400]
        return [s for s in (tidy(text, s) for s in out) if s]


def wanted(row):
    """Names, and addresses with their parts joined where only commas, spaces and line ends lie between."""
    text, persons, parts = row["text"], [], []
    for s in sorted(row["spans"], key=lambda s: s["start"]):
        if s["type"] == "PERSON":
            persons.append((s["start"], s["end"], "PERSON"))
        elif s["type"] in ADDRESS_PARTS:
            if parts and not re.sub(r"[\s,]", "", text[parts[-1][1] : s["start"]]):
                parts[-1] = (parts[-1][0], s["end"], parts[-1][2] | {s["type"]})
            else:
                parts.append((s["start"], s["end"], {s["type"]}))
    return persons + [(a, b, "ADDRESS") for a, b, kinds in parts if "STREET_ADDRESS" in kinds]


def score(found, gold):
    """Counts of one text: found, wanted, exactly right, wanted that are touched, found that touch."""
    return np.array([len(found), len(gold), len(set(found) & set(gold)), sum(any(f[0] < g[1] and f[1] > g[0] for f in found) for g in gold), sum(any(f[0] < g[1] and f[1] > g[0] for g in gold) for f in found)])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--onnx", type=pathlib.Path, required=True)
    p.add_argument("--tokenizer", type=pathlib.Path, required=True)
    p.add_argument("--limit", type=int, default=700)
    p.add_argument("--show", type=int, default=0)
    a = p.parse_args()
    tagger = Tagger(a.onnx, a.tokenizer)
    groups = {}
    for row in corpus.read(a.data / "pii/train.jsonl"):
        groups.setdefault(row["source"], []).append(row)
    for source in sorted(groups):
        total, shown = {"PERSON": np.zeros(5), "ADDRESS": np.zeros(5)}, 0
        for row in sample(groups[source], a.limit):
            found, gold = tagger.find(row["text"]), wanted(row)
            for kind in total:
                f, g = [s for s in found if s[2] == kind], [s for s in gold if s[2] == kind]
                total[kind] += score(f, g)
                if shown < a.show and sorted(f) != sorted(g):
                    shown += 1
                    print("   ", kind, repr(row["text"][:160]), "found", [row["text"][s:e] for s, e, _ in f], "wanted", [row["text"][s:e] for s, e, _ in g])
        for kind, (n, gold, right, touched, touching) in total.items():
            if gold:
                precision, recall = right / max(1, n), right / gold
                print(f"{source:20} {kind:8} n {gold:4.0f}  strict P {precision:.3f} R {recall:.3f} F1 {2 * precision * recall / max(1e-9, precision + recall):.3f}  overlap P {touching / max(1, n):.3f} R {touched / gold:.3f}" + ("  (trained on)" if source == "WNUT17-train" else ""))
    for name, file, sources in (("code and commands", "code-security/train.jsonl", ("CyberSecEval-ICD", "atomic-red-team")), ("manuals and code that trained as harmless", "injection/train.jsonl", ("tldr", "CyberSecEval-autocomplete"))):
        rows = sample([r for r in corpus.read(a.data / file) if r["source"] in sources], a.limit)
        words, false = 0, {"PERSON": 0, "ADDRESS": 0}
        for row in rows:
            words += len(row["text"].split())
            for s in tagger.find(row["text"]):
                false[s[2]] += 1
                if sum(false.values()) <= a.show:
                    print("   ", s[2], repr(row["text"][max(0, s[0] - 30) : s[1] + 20]), repr(row["text"][s[0] : s[1]]))
        print(f"{name}: {words} words, per 1,000: names {1000 * false['PERSON'] / words:.2f}, addresses {1000 * false['ADDRESS'] / words:.2f}")


if __name__ == "__main__":
    main()
