"""Hashed n-grams, the same as dev.declaw.guardrails.encoder.HashedLinear computes: words 1-3, characters 3-5.

All arithmetic is unsigned 32 bit; characters are UTF-16 units of the prepared text.
"""
import re
import unicodedata

import numpy as np

BITS = 19
PRIME = np.uint32(0x01000193)
WORD = re.compile(r"[0-9a-z_\u0080-\uffff]+")


def prepare(text):
    text = re.sub(r"[0-9]", "0", unicodedata.normalize("NFKC", text).lower())
    return " " + re.sub(r"[\x00-\x20\u00a0\u2028\u2029]+", " ", text).strip(" ") + " "


def mix(h):
    h = h ^ (h >> np.uint32(15))
    h = h * np.uint32(0x85EBCA6B)
    return (h ^ (h >> np.uint32(13))) & np.uint32((1 << BITS) - 1)


def word_hash(word, cache={}):
    h = cache.get(word)
    if h is None:
        h = 0x811C9DC5
        for unit in np.frombuffer(word.encode("utf-16-le", "surrogatepass"), dtype="<u2").tolist():
            h = ((h ^ unit) * 0x01000193) & 0xFFFFFFFF
        if len(cache) < 500_000:
            cache[word] = h
    return h


def buckets(text):
    """(character buckets, word buckets), each n-gram once per occurrence."""
    text = prepare(text)
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2").astype(np.uint32)
    chars = []
    with np.errstate(over="ignore"):
        for n in (3, 4, 5):
            if len(units) >= n:
                h = np.full(len(units) - n + 1, 0x811C9DC5 + n, dtype=np.uint32)
                for i in range(n):
                    h = (h ^ units[i : len(units) - n + 1 + i]) * PRIME
                chars.append(mix(h))
        # A surrogate pair is two units of the range, as in Java.
        words = np.array([word_hash(w) for w in WORD.findall("".join(chr(u) for u in units))], dtype=np.uint32)
        grams = []
        for n in (1, 2, 3):
            if len(words) >= n:
                h = np.full(len(words) - n + 1, 0x9E3779B9 + n & 0xFFFFFFFF, dtype=np.uint32)
                for i in range(n):
                    h = (h ^ words[i : len(words) - n + 1 + i]) * PRIME
                grams.append(mix(h))
    empty = np.zeros(0, dtype=np.uint32)
    return np.concatenate(chars) if chars else empty, np.concatenate(grams) if grams else empty


def matrix(texts):
    from scipy.sparse import csr_matrix

    data, columns, starts = [], [], [0]
    for text in texts:
        chars, words = buckets(text)
        for part in (chars, words):
            columns.append(part)
            data.append(np.full(len(part), 1 / np.sqrt(max(1, len(part))), dtype=np.float32))
        starts.append(starts[-1] + len(chars) + len(words))
    m = csr_matrix((np.concatenate(data), np.concatenate(columns).astype(np.int32), starts), shape=(len(texts), 1 << BITS))
    m.sum_duplicates()
    return m
