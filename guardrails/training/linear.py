"""Trains the tier-0 model of one task: python linear.py --task injection --data DIR --out FILE [--report]

The file holds, big-endian: "DCLN", u8 version 1, u8 bits, f32 scale, f32 bias, then 2^bits int8 weights.
--report trains once more for each source left out and prints what it does there.
"""
import argparse
import pathlib
import struct

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import corpus
import features


def fit(x, y, weight, c):
    model = LogisticRegression(C=c, solver="liblinear", max_iter=60, tol=1e-3, random_state=1)
    return model.fit(x, y, sample_weight=weight)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--task", choices=["injection", "toxicity"], required=True)
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--out", type=pathlib.Path)
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--c", type=float, default=4.0)
    p.add_argument("--last", action="store_true", help="learn from corpus.LAST_PASS too")
    a = p.parse_args()
    injection, toxicity = corpus.injection_rows(a.data, a.seed, last=a.last), corpus.toxicity_rows(a.data, a.seed)
    names = corpus.name_rows(a.data, a.seed)[::4]
    if a.task == "injection":
        rows = [(row[0], row[1]) for row in injection] + [(row[0], 0) for row in toxicity[::4] + names]
    else:
        rows = [(row[0], row[2]) for row in toxicity] + [(row[0], 0) for row in injection[::3] + names if row[2] == 0]
    x, y = features.matrix([t for t, _ in rows]), np.array([label for _, label in rows])
    model = fit(x, y, None, a.c)
    weights = model.coef_[0]
    scale = np.quantile(np.abs(weights[weights != 0]), 0.9995) / 127
    quantised = np.clip(np.round(weights / scale), -127, 127).astype(np.int8)
    print(f"{len(rows)} rows, {np.count_nonzero(quantised)} weights, scale {scale:.5f}")
    development = corpus.development_rows(a.data, a.task)
    logits = features.matrix([r["text"][:2000] for r in development]) @ (quantised * scale) + model.intercept_[0]
    labels, sources = np.array([r["label"] for r in development]), np.array([r["source"] for r in development])
    print("development AUC", round(roc_auc_score(labels, logits), 4))
    for source in sorted(set(sources)):
        for label in (0, 1):
            part = logits[(sources == source) & (labels == label)]
            if len(part):
                print(f"  {source} label {label}: {len(part)} rows, logit quantiles", np.round(np.quantile(part, [0.05, 0.25, 0.5, 0.75, 0.95, 0.99]), 2))
    if a.out:
        a.out.write_bytes(b"DCLN" + struct.pack(">BBff", 1, features.BITS, scale, model.intercept_[0]) + quantised.tobytes())


if __name__ == "__main__":
    main()
