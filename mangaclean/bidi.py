"""Text of mixed direction in the order in which it is seen, after the Unicode bidirectional algorithm."""

import unicodedata
from typing import NamedTuple

STRONG = {"L": 0, "R": 1, "AL": 1}


class Run(NamedTuple):
    """Characters from start to end (exclusive) that run one way."""

    start: int
    end: int
    rtl: bool


def is_rtl(text: str) -> bool:
    """Whether a paragraph runs right to left: its first strong character says so (rules P2, P3)."""
    for char in text:
        if (kind := unicodedata.bidirectional(char)) in STRONG:
            return bool(STRONG[kind])
    return False


def runs(text: str, rtl: bool) -> list[Run]:
    """The runs of one line from left to right as they are seen, in a paragraph that runs `rtl`.

    Unicode Standard Annex 9 without explicit embeddings and isolates, which lettering does not need.
    """
    if not rtl and not any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in text):
        return [Run(0, len(text), False)] if text else []
    levels = _levels(_resolved(text, rtl), rtl)
    made: list[tuple[int, Run]] = []
    start = 0
    for i in range(1, len(text) + 1):
        if i == len(text) or levels[i] != levels[start]:
            made.append((levels[start], Run(start, i, bool(levels[start] % 2))))
            start = i
    # L2: from the highest level down to the lowest odd one, every stretch of that level or higher is turned round
    for level in range(max(levels, default=0), 0, -1):
        first = 0
        while first < len(made):
            last = first
            while last < len(made) and made[last][0] >= level:
                last += 1
            made[first:last] = made[first:last][::-1]
            first = max(last, first + 1)
    return [run for _, run in made]


def _resolved(text: str, rtl: bool) -> list[str]:
    """Each character's kind: L, R, EN or AN, after the rules for numbers (W1-W7) and neutrals (N1, N2)."""
    kinds = [unicodedata.bidirectional(char) or "ON" for char in text]
    own = "R" if rtl else "L"
    strong = own
    for i, kind in enumerate(kinds):
        if kind == "NSM":
            kinds[i] = kinds[i - 1] if i else own
        elif kind == "EN" and strong == "AL":
            kinds[i] = "AN"
        elif kind in STRONG:
            strong = kind
    kinds = ["R" if kind == "AL" else kind for kind in kinds]
    for i in range(1, len(kinds) - 1):  # W4: 1.5 and 1,5 are one number
        around = {kinds[i - 1], kinds[i + 1]}
        if (kinds[i] in ("CS", "ES") and around == {"EN"}) or (kinds[i] == "CS" and around == {"AN"}):
            kinds[i] = kinds[i - 1]
    for i, kind in enumerate(kinds):  # W5: 50 %
        beside = kinds[max(i - 1, 0) : i] + kinds[i + 1 : i + 2]
        if kind == "ET" and "EN" in beside:
            kinds[i] = "EN"
    strong = own
    for i, kind in enumerate(kinds):  # W7
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[i] = "L"
    return _neutrals(kinds, own)


def _neutrals(kinds: list[str], own: str) -> list[str]:
    i = 0
    while i < len(kinds):
        if kinds[i] in ("L", "R", "EN", "AN"):
            i += 1
            continue
        end = i
        while end < len(kinds) and kinds[end] not in ("L", "R", "EN", "AN"):
            end += 1
        before = own if i == 0 else "L" if kinds[i - 1] == "L" else "R"
        after = own if end == len(kinds) else "L" if kinds[end] == "L" else "R"
        kinds[i:end] = [before if before == after else own] * (end - i)
        i = end
    return kinds


def _levels(kinds: list[str], rtl: bool) -> list[int]:
    """Rules I1 and I2."""
    table = {"L": 2, "R": 1, "EN": 2, "AN": 2} if rtl else {"L": 0, "R": 1, "EN": 2, "AN": 2}
    return [table[kind] for kind in kinds]
