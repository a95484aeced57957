"""What case and spacing say of each word piece, the same as dev.declaw.guardrails.encoder.Shapes computes."""
import unicodedata

import numpy as np

# Kind of the word that a piece lies in.
LOWER, TITLE, UPPER, INITIAL, MIXED, DIGITS, ALPHANUMERIC, SIGN, CASELESS = range(1, 10)
# What is before the piece: nothing, white space, a line end.
GLUED, SPACED, NEW_LINE = range(3)


def part_of_word(c):
    return unicodedata.category(c)[0] in "LNM"


def kind(word):
    if not word or not part_of_word(word[0]):
        return SIGN
    digits = any(unicodedata.category(c)[0] == "N" for c in word)
    letters = [c for c in word if unicodedata.category(c)[0] == "L"]
    if digits:
        return ALPHANUMERIC if letters else DIGITS
    cased = [c for c in letters if unicodedata.category(c) in ("Lu", "Lt", "Ll")]
    if not cased:
        return CASELESS
    upper = [unicodedata.category(c) != "Ll" for c in cased]
    if not any(upper):
        return LOWER
    if all(upper):
        return INITIAL if len(cased) == 1 else UPPER
    return TITLE if upper[0] and not any(upper[1:]) else MIXED


def of(text, offsets):
    """Shape of each piece of a text, given the pieces' (start, end); shape 0 is for the markers at start and end."""
    return _walk(text, offsets)[0]


def inside(text, offsets):
    """Whether each piece goes on with the word of the one before it."""
    return _walk(text, offsets)[1]


def _walk(text, offsets):
    out, goes_on, cached, last = [], [], (0, 0, SIGN), 0
    for start, end in offsets:
        same = bool(out) and cached[0] <= start < cached[1]
        goes_on.append(same)
        if not same:
            if start < len(text) and part_of_word(text[start]):
                a = start
                while a > 0 and part_of_word(text[a - 1]):
                    a -= 1
                b = start
                while b < len(text) and part_of_word(text[b]):
                    b += 1
                cached = (a, max(b, end), kind(text[a:b]))
            else:
                cached = (start, end, SIGN)
        gap = text[last:start]
        before = NEW_LINE if "\n" in gap or "\r" in gap else SPACED if gap else GLUED
        out.append(cached[2] * 3 + before)
        last = end
    return np.array(out, dtype=np.int64), goes_on
