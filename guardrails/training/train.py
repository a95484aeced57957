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
from encoder import LABELS, OUTPUTS

MAX_TOKENS = 96
TOKENS_PER_STEP = 2560
FROZEN = 2
WARMUP_STEPS = 40


def targets(row):
    _, injection, toxicity, labels = row
    if labels is None:
        # Nothing toxic means no label but profanity; what a toxic row is, only the own grammar says.
        labels = [0] * (len(LABELS) - 1) + [corpus.UNKNOWN] if toxicity == 0 else [corpus.UNKNOWN] * len(LABELS)
    return [injection, toxicity] + labels


def batches(rows, tokenizer, seed):
    """Batches of like length, in random order, for ever."""
    r = random.Random(seed)
    encoded = [(e.ids, targets(row)) for e, row in zip(tokenizer.encode_batch([row[0] for row in rows]), rows)]
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
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros(len(batch), longest)
    for i, (tokens, _) in enumerate(batch):
        # A few words are blanked (103 = [MASK]), so that no single trigger word decides.
        noisy = [103 if 0 < j < len(tokens) - 1 and r.random() < 0.04 else t for j, t in enumerate(tokens)]
        ids[i, : len(tokens)] = torch.tensor(noisy)
        mask[i, : len(tokens)] = 1
    return ids, mask, torch.tensor([t for _, t in batch], dtype=torch.float)


def loss_of(logits, wanted):
    known = (wanted >= 0).float()
    smooth = wanted.clamp(min=0) * 0.96 + 0.02
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, smooth, reduction="none") * known
    weight = torch.tensor([1.0, 1.0] + [0.15] * (OUTPUTS - 2))
    return (each * weight).sum() / len(logits)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--base", required=True)
    p.add_argument("--tokenizer", required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--steps", type=int, default=900)
    p.add_argument("--minutes", type=float, default=600, help="wall time after which the schedule has run out, whatever the step")
    p.add_argument("--seed", type=int, default=7)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    torch.set_num_threads(1)
    a.out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(a.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    rows = corpus.injection_rows(a.data, a.seed) + corpus.toxicity_rows(a.data, a.seed)
    tokens = sum(len(e.ids) for e in tokenizer.encode_batch([row[0] for row in rows]))
    print(f"{len(rows)} rows, {tokens} tokens, {a.steps * TOKENS_PER_STEP / tokens:.2f} epochs", flush=True)

    model = encoder.from_onnx(a.base).train()
    heads, body = [], []
    for name, parameter in model.named_parameters():
        frozen = name.startswith(("words.", "positions.", "norm.")) or any(name.startswith(f"layers.{i}.") for i in range(FROZEN))
        if frozen:
            parameter.requires_grad_(False)
        else:
            (heads if name.startswith(("pool", "injection", "toxicity")) else body).append(parameter)
    optimizer = torch.optim.AdamW([{"params": body, "lr": 8e-5}, {"params": heads, "lr": 1e-3}], weight_decay=0.01)
    rates = [group["lr"] for group in optimizer.param_groups]
    mean, averaged, r, started, running = None, 0, random.Random(a.seed), time.time(), 0.0
    for step, batch in enumerate(batches(rows, tokenizer, a.seed)):
        progress = max(step / a.steps, (time.time() - started) / 60 / a.minutes)
        if progress >= 1:
            break
        for group, rate in zip(optimizer.param_groups, rates):
            group["lr"] = rate * min(1, (step + 1) / WARMUP_STEPS) * max(0.03, 1 - progress)
        ids, mask, wanted = collate(batch, r)
        with torch.cpu.amp.autocast():
            logits = model(ids, mask)
        loss = loss_of(logits, wanted)
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
