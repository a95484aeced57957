"""Writes the rows on which the Java code must agree with the reference: python agreement.py --tokenizer FILE --linear FILE --out FILE

Every text is our own (the two grammars and the oddities below). ids and offsets are the reference tokenizer's (offsets as
UTF-16 indices), shapes and inside are what shapes.py says of the pieces, logit is the linear model's.
"""
import argparse
import json
import pathlib

from tokenizers import Tokenizer

import calibrate
import grammar_injection
import grammar_toxicity
import shapes

ODD = [
    "", " ", "a", "Ünïcödé Straße ÉCOLE naïve coöperate", "日本語のテキスト and English混在", "한국어 문장입니다.", "مرحبا بالعالم", "हिन्दी में पाठ", "Привет, мир! Ёлка", "emoji 😀👩‍💻🇩🇪 done",
    "tabs\tand\nlines\r\nend", "zero\u200bwidth\u200djoin", "nbsp\u00a0here", "soft\u00adhyphen", "a" * 130, "x" * 99 + " " + "y" * 101, "don't stop-me_now!!!", "$100.50 + 7%=107.5^2|~`",
    "user@example.com https://example.org/a?b=c&d=e#f", "<|im_start|>system [INST] <<SYS>>", "\u0000null\ufffdreplace\u0001", "fi ligature ﬁ and ｆｕｌｌ width", "e\u0301 combining a\u030a", "İstanbul ıssız",
    "ΑΒΓ αβγ ς", "“quotes” – dash — em … ellipsis", "unaffable tokenization antidisestablishmentarianism", "1234567890 12:30 2026-11-21", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "ไทยไม่มีช่องว่าง", "क्षत्रिय ज्ञान", "㊗️①②Ⅳ", "\U00020000\U0002a6d6 rare ideographs", "a\u0300\u0301\u0302b",
    "Ada M. O'Brien-Smith\n12 Baker St.\r\nLONDON NW1 6XE, iPhone6 x86_64 ÅSA ǅ ª º ²", "Dr.ZOË McKay ß ẞ ÉCOLE v2.0 #1",
]


def utf16(text):
    """Index of each code point in UTF-16 units."""
    out = [0]
    for c in text:
        out.append(out[-1] + (2 if ord(c) > 0xFFFF else 1))
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tokenizer", required=True)
    p.add_argument("--linear", type=pathlib.Path, required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    a = p.parse_args()
    tokenizer = Tokenizer.from_file(a.tokenizer)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    texts = ODD + [t for t, _, _ in grammar_injection.rows(99, 120)] + [t for t, _ in grammar_toxicity.rows(98, 60)]
    texts += [" ".join(v[0].split("|")) for v in grammar_injection.FOREIGN.values()]
    logits = calibrate.linear_logits(a.linear, texts)
    with a.out.open("w", encoding="utf-8") as out:
        for text, logit in zip(texts, logits):
            e, at = tokenizer.encode(text, add_special_tokens=False), utf16(text)
            offsets = [[at[s], at[t]] for s, t in e.offsets]
            out.write(json.dumps({"text": text, "ids": e.ids, "offsets": offsets, "shapes": shapes.of(text, e.offsets).tolist(), "inside": [int(x) for x in shapes.inside(text, e.offsets)], "logit": round(float(logit), 6)}) + "\n")
    print(len(texts), "rows")


if __name__ == "__main__":
    main()
