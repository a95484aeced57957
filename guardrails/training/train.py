"""Fine-tunes the shared encoder: python train.py --data DIR --base all-minilm-l6-v2.onnx --tokenizer tokenizer.json --out DIR

Mixed precision (bfloat16) on one CPU thread. Word embeddings and the first FROZEN layers stay as they are. The weights
that are written are the mean over the last quarter of the run.
"""
import argparse
import pathlib
import random
import time

import torch
from tokenizers import Tokenizer

import corpus
import encoder
import shapes
from encoder import LABELS, OUTPUTS, TAGS

MAX_TOKENS = 140
TOKENS_PER_STEP = 2560
FROZEN = 1
WARMUP_STEPS = 40


# Share of the loss that the tags have beside the two classifiers.
TAGS_WEIGHT = 4.0


def targets(row):
    _, injection, toxicity, labels, _ = row
    if labels is None:
        # Nothing toxic means no label but profanity; what a toxic row is, only the own grammar says.
        labels = [0] * (len(LABELS) - 1) + [corpus.UNKNOWN] if toxicity == 0 else [corpus.UNKNOWN] * len(LABELS)
    return [injection, toxicity] + labels


def tags_of(spans, offsets):
    """The tag of each piece between the two markers, or None where the text's names are not known."""
    if spans is None:
        return None
    out = []
    for start, end in offsets[1:-1]:
        tag = 0
        for s, e, kind in spans:
            if start < e and end > s:
                tag = (1 if kind == "PERSON" else 3) + (0 if start <= s else 1)
        out.append(tag)
    return out


def encode(tokenizer, row):
    e = tokenizer.encode(row[0])
    shape = [0] + shapes.of(row[0], e.offsets[1:-1]).tolist() + [0]
    return e.ids, shape, tags_of(row[4], e.offsets), targets(row)


def batches(rows, tokenizer, seed):
    """Batches of like length, in random order, for ever."""
    r = random.Random(seed)
    encoded = [encode(tokenizer, row) for row in rows]
    while True:
        order = sorted(range(len(encoded)), key=lambda i: (len(encoded[i][0]) + r.uniform(-6, 6)))
        groups, start = [], 0
        while start < len(order):
            longest, end = 0, start
            while end < len(order) and max(longest, len(encoded[order[end]][0])) * (end - start + 1) <= TOKENS_PER_STEP:
                longest = max(longest, len(encoded[order[end]][0]))
                end += 1
            groups.append(order[start:end])
            start = end
        r.shuffle(groups)
        for group in groups:
            yield [encoded[i] for i in group]


def collate(batch, r):
    longest = max(len(ids) for ids, _, _, _ in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    shape = torch.zeros(len(batch), longest, dtype=torch.long)
    tags = torch.full((len(batch), longest), -100, dtype=torch.long)
    mask = torch.zeros(len(batch), longest)
    for i, (tokens, forms, marks, _) in enumerate(batch):
        # A few words are blanked (103 = [MASK]), so that no single trigger word decides.
        noisy = [103 if 0 < j < len(tokens) - 1 and r.random() < 0.05 else t for j, t in enumerate(tokens)]
        ids[i, : len(tokens)] = torch.tensor(noisy)
        shape[i, : len(tokens)] = torch.tensor(forms)
        mask[i, : len(tokens)] = 1
        if marks is not None:
            tags[i, 1 : 1 + len(marks)] = torch.tensor(marks, dtype=torch.long)
    return ids, mask, shape, tags, torch.tensor([t for _, _, _, t in batch], dtype=torch.float)


def loss_of(logits, tag_logits, wanted, tags):
    known = (wanted >= 0).float()
    smooth = wanted.clamp(min=0) * 0.96 + 0.02
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, smooth, reduction="none") * known
    weight = torch.tensor([1.0, 1.0] + [0.15] * (OUTPUTS - 2))
    loss = (each * weight).sum() / len(logits)
    if (tags >= 0).any():
        tagged = (tags >= 0).any(dim=1).float().mean()
        loss = loss + TAGS_WEIGHT * tagged * torch.nn.functional.cross_entropy(tag_logits.reshape(-1, len(TAGS)), tags.reshape(-1))
    return loss


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--base", required=True)
    p.add_argument("--tokenizer", required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--steps", type=int, default=900)
    p.add_argument("--minutes", type=float, default=600, help="wall time after which the schedule has run out, whatever the step")
    p.add_argument("--start", type=pathlib.Path, help="weights to go on from: an encoder.pt, or the int8 graph that ships")
    p.add_argument("--last", action="store_true", help="learn from corpus.LAST_PASS too")
    p.add_argument("--rate", type=float, default=8e-5, help="of the layers; that of the heads is five to twelve times as high")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=7)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    a.out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(a.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    rows = corpus.injection_rows(a.data, a.seed, last=a.last) + corpus.toxicity_rows(a.data, a.seed) + corpus.name_rows(a.data, a.seed)
    tokens = sum(len(e.ids) for e in tokenizer.encode_batch([row[0] for row in rows]))
    print(f"{len(rows)} rows, {tokens} tokens, {a.steps * TOKENS_PER_STEP / tokens:.2f} epochs", flush=True)

    if a.start is None:
        model = encoder.from_onnx(a.base).train()
    elif a.start.suffix == ".onnx":
        model = encoder.from_shipped(a.start).train()
    else:
        model = encoder.from_onnx(a.base).train()
        model.load_state_dict(torch.load(a.start))
    heads, body = [], []
    for name, parameter in model.named_parameters():
        frozen = name.startswith(("words.", "positions.", "norm.")) or any(name.startswith(f"layers.{i}.") for i in range(FROZEN))
        if frozen:
            parameter.requires_grad_(False)
        else:
            (heads if name.startswith(("pool", "injection", "toxicity", "tags", "shapes")) else body).append(parameter)
    optimizer = torch.optim.AdamW([{"params": body, "lr": a.rate}, {"params": heads, "lr": 1e-3 if a.start is None else 5 * a.rate}], weight_decay=0.01)
    rates = [group["lr"] for group in optimizer.param_groups]
    mean, averaged, r, started, running = None, 0, random.Random(a.seed), time.time(), 0.0
    for step, batch in enumerate(batches(rows, tokenizer, a.seed)):
        progress = max(step / a.steps, (time.time() - started) / 60 / a.minutes)
        if progress >= 1:
            break
        for group, rate in zip(optimizer.param_groups, rates):
            group["lr"] = rate * min(1, (step + 1) / WARMUP_STEPS) * max(0.03, 1 - progress)
        ids, mask, shape, tags, wanted = collate(batch, r)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits, tag_logits = model(ids, mask, shape)
        loss = loss_of(logits, tag_logits, wanted, tags)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(body + heads, 1.0)
        optimizer.step()
        running = loss.item() if step == 0 else 0.97 * running + 0.03 * loss.item()
        if progress >= 0.75:
            averaged += 1
            state = model.state_dict()
            mean = {k: v.clone() for k, v in state.items()} if mean is None else {k: mean[k] + (v - mean[k]) / averaged for k, v in state.items()}
        if step % 25 == 0:
            print(f"step {step} loss {running:.4f} {time.time() - started:.0f} s", flush=True)
        if step % 150 == 149:
            torch.save(model.state_dict(), a.out / "last.pt")
    print(f"{step} steps", flush=True)
    torch.save(mean, a.out / "encoder.pt")


if __name__ == "__main__":
    main()
