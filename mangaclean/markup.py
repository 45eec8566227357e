"""A translation as a person writes it, `*loud*` and `{word|reading}`, taken apart into text and what goes with it."""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

_ELLIPSIS = re.compile(r"(?<=\w) (?=(?:\.{2,}|…+)(?:\s|$))")
_MARKS = re.compile(
    r"\\(?P<plain>[*{}|\\])"
    r"|(?<!\d)\*(?P<loud>[^\s*\\](?:[^*\\\n]*[^\s*\\])?)\*(?!\d)"
    r"|\{(?P<base>[^{}|\n]+)\|(?P<ruby>[^{}|\n]+)\}"
)


class Ruby(NamedTuple):
    """The reading of the characters from start to end (exclusive)."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Copy:
    """Text to be set: its characters, which of them are emphasised, and readings to stand beside some of them.

    `names` holds, in capitals, the words that were written with a capital among words that were not.
    """

    text: str
    loud: tuple[bool, ...]
    rubies: tuple[Ruby, ...] = ()
    names: frozenset[str] = frozenset()


def parse(translation: str, language: str = "", capitals: bool = False) -> Copy:
    """What a translation means. A backslash before * { | } takes their meaning away; so do blanks within stars.

    Line breaks stay, other white space is one blank, and none before dots that end a phrase: letterers set none there.
    With `capitals` letters become capitals as `language` has them.
    """
    clean = "\n".join(" ".join(_spaces(line).split(" ")) for line in translation.strip().splitlines())
    clean = _ELLIPSIS.sub("", clean)
    text, loud, rubies = "", [], []
    at = 0
    for match in _MARKS.finditer(clean):
        pieces = [(clean[at : match.start()], False), (match["plain"] or match["base"] or match["loud"], match["loud"])]
        at = match.end()
        for piece, strong in pieces:
            made = upper(piece, language) if capitals else piece
            if match["base"] and piece is pieces[1][0]:
                rubies.append(Ruby(len(text), len(text) + len(made), match["ruby"]))
            text += made
            loud += [bool(strong)] * len(made)
    rest = upper(clean[at:], language) if capitals else clean[at:]
    words = () if clean.isupper() else re.findall(r"\w+", clean)
    names = frozenset(word.upper() for word in words if word[0].isupper())
    return Copy(text + rest, (*loud, *[False] * len(rest)), tuple(rubies), names)


def barless(copy: Copy) -> Copy:
    """For faces whose i is an I without bars: bars only on an I that stands alone, as the pronoun does (I, I'M, I'LL).

    That is how comics are lettered: within a word bars look clumsy and close it up.
    """
    text = re.sub(r"(?<![^\W\d_])(?<![^\W\d_]['’])I(?![^\W\d_])", "\0", copy.text.replace("\0", " "))
    return replace(copy, text=text.replace("I", "i").replace("\0", "I"))


def upper(text: str, language: str) -> str:
    """Capitals; Turkish and Azeri keep the dot of their i."""
    if language[:2] in ("tr", "az"):
        text = text.replace("i", "İ").replace("ı", "I")
    return text.upper()


def _spaces(line: str) -> str:
    """Runs of ordinary blanks as one; no-break spaces stay."""
    return re.sub(r"[ \t\r\f\v　]+", " ", line).strip(" ")
