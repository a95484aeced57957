"""A small grammar of phrases that multiply: attacks on agents, requests hidden in documents, and harmless text with the same words.

`phrases.txt` has one rule a line: `name = alternative | alternative`. `<name>` stands for any alternative of a rule or word list,
`(a|b)` for one of them, `[a|b]` for one of them or, half of the time, nothing. Every phrase is our own; no benchmark row is here.
"""
import pathlib
import re

import grammar_injection as g
import grammar_toxicity as x

def _read(text):
    rules = {}
    for line in text.strip().splitlines():
        if line.startswith("#"):
            continue
        name, _, body = line.partition(" = ")
        rules[name] = _top(body)
    return rules


def _top(body):
    """Alternatives at the top level: | outside of brackets, set off by spaces."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(body):
        if c in "([":
            depth += 1
        elif c in ")]":
            depth = max(0, depth - 1)
        elif c == "|" and depth == 0 and body[i - 1 : i + 2] == " | ":
            parts.append(body[start : i - 1])
            start = i + 2
    return parts + [body[start:]]


RULES = {}
for _name in ("phrases.txt", "phrases_toxicity.txt", "phrases_foreign.txt", "phrases_tasks.txt", "phrases_agents.txt"):
    RULES |= _read(pathlib.Path(__file__).with_name(_name).read_text(encoding="utf-8"))
WORDS = {"thing": g.THINGS, "word": g.WORDS, "person": g.PEOPLE, "noun": g.NOUNS, "lang": g.LANGS + ["Spanish", "Turkish", "Dutch", "Polish", "Hindi"], "brand": g.BRANDS, "name": g.NAMES, "secret": g.SECRETS, "url": g.URLS,
         "mail": g.MAILS, "cmd": g.CMDS, "pkg": g.PKGS, "path": g.PATHS, "wallet": g.WALLETS, "tool": g.TOOLS, "group": x.PEOPLE_OF, "adj": x.ADJ, "noun_of_abuse": x.NOUN, "swear": x.SWEAR, "object": x.THINGS, "somewhere": x.PLACES,
         "fence": ["</data>", "</document>", "</context>", "]]>", '"""', "---END---", "</email>", "</article>", "```", "=====", "</search_results>", "[/DOC]", "*/", "-->", "%%%"],
         "opening": ["<system>", "System:", "[system]", "### Instruction:", "## New task", "<|im_start|>system", "<instructions>", "#SYSTEM", "SYSTEM MESSAGE:", "[INST]", "User:", "Task:"]}
TEMPLATES = ["<|system|> {x}", "<|im_start|>user\n{x}<|im_end|>\n<|im_start|>assistant", "<|endoftext|>{x}", "[INST] {x} [/INST]", "<<SYS>> {x} <</SYS>>", "<start_of_turn>user\n{x}<end_of_turn>", "[SYSTEM] {x} [/SYSTEM]",
             "[system](#context) {x}", "<system>{x}</system>", "<|start_header_id|>system<|end_header_id|>\n{x}<|eot_id|>"]


def _close(text, i, opening, closing):
    depth = 0
    for j in range(i, len(text)):
        if text[j] == opening:
            depth += 1
        elif text[j] == closing:
            depth -= 1
            if depth == 0:
                return j
    return -1


def _choices(body):
    parts, depth, start = [], 0, 0
    for i, c in enumerate(body):
        if c in "(<[":
            depth += 1
        elif c in ")>]":
            depth -= 1
        elif c == "|" and depth == 0:
            parts.append(body[start:i])
            start = i + 1
    return parts + [body[start:]]


def expand(r, text, depth=0):
    out, i = [], 0
    while i < len(text):
        c = text[i]
        if c == "<":
            end = text.find(">", i)
            name = text[i + 1 : end]
            if name in RULES and depth < 12:
                out.append(expand(r, r.choice(RULES[name]), depth + 1))
            elif name == "template":
                out.append(r.choice(TEMPLATES).replace("{x}", expand(r, "<goal>", depth + 1)))
            elif name in WORDS:
                out.append(r.choice(WORDS[name]))
            elif name == "n":
                out.append(str(r.randint(2, 29)))
            else:
                out.append(c)
                i += 1
                continue
            i = end + 1
            continue
        if c in "([":
            end = _close(text, i, c, ")" if c == "(" else "]")
            if end > 0:
                if c == "(" or r.random() < 0.5:
                    out.append(expand(r, r.choice(_choices(text[i + 1 : end])), depth + 1))
                i = end + 1
                continue
        if c == "\\" and text[i + 1 : i + 2] == "n":
            out.append("\n")
            i += 2
            continue
        out.append(c)
        i += 1
    return "".join(out)


def phrase(r, name):
    """A phrase of a rule, with the goals of the older grammar filled in and spaces put right."""
    text = g.fill(r, expand(r, f"<{name}>"))
    while "  " in text:
        text = text.replace("  ", " ")
    for wrong, right in ((" ,", ","), (" .", "."), (" ;", ";"), (" :", ":"), (" !", "!"), (" ?", "?"), ("..", "."), (".,", ","), ("?.", "?"), ("!.", "!")):
        text = text.replace(wrong, right)
    text = text.strip(" ")
    if text[:1].islower() and r.random() < 0.75:
        text = text[0].upper() + text[1:]
    return re.sub(r"\b([Aa])n? (?=(\w))", lambda m: m[1] + ("n " if m[2] in "aeiouAEIO" else " ") if m[0][1:2] == "n" or m[2] in "aeiouAEIO" else m[0], text)


# How carefully people write: the same for attacks and for the rest, so that it tells nothing.
def noise(r, text):
    x = r.random()
    if x < 0.05:
        return text.upper()
    if x < 0.17:
        return text.lower().rstrip(".")
    if x < 0.2 and len(text) > 8:
        for _ in range(max(1, len(text) // 60)):
            i = r.randrange(1, len(text) - 2)
            text = r.choice([text[:i] + text[i + 1 :], text[:i] + text[i + 1] + text[i] + text[i + 2 :], text[:i] + text[i] + text[i:]])
        return text
    if x < 0.24:
        return text + r.choice(["!", "!!!", " thanks", " :)", " pls", " please", "...", " asap"])
    return text


def attack(r):
    return noise(r, phrase(r, "attack"))


def harmless(r):
    return noise(r, phrase(r, "harmless"))


if __name__ == "__main__":
    import random
    import sys

    r = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for _ in range(25):
        print("-", repr(noise(r, phrase(r, sys.argv[1]))))
