"""Lists of names, which stay: which places of a page belong to them. Sentences beside them, and afterwords, go."""

import math
import re
import unicodedata
from collections.abc import Callable, Sequence

from mangaclean.blocks import Block
from mangaclean.panels import is_strip
from mangaclean.types import Box

LONG = 300  # letters of one block from which it is a list, if it is not prose
LISTED = 0.7  # share of a page's letters that stand in such blocks, from which all of it is
NEAR = 0.5  # of a strip's width: how far away its letters count
WORDS, LOWER = 3, 0.3  # words of prose, or its hiragana, at least; share of its words that begin with no capital
CAPITALS = 0.05  # share of small letters up to which a text is in capitals, which tell nothing
HIRAGANA, CASELESS = 0.15, 0.2  # of Japanese prose, at least: hiragana among its letters without case, and those
SENTENCE = 60  # letters to one mark that ends a sentence, at most, where neither capitals nor hiragana tell
KANA = re.compile("[ぁ-ゖ]")
ENDS = re.compile(r"[。！？!?…।؟۔]|\.(?!\w)")


def lists(blocks: Sequence[Block], width: int, height: int) -> Callable[[Box, str], bool]:
    """What tells of a place on a page of this size, with these blocks, and of its text, whether it belongs to a list.

    Long lists do. Where most of a page's letters stand in such, all of it does but sentences; of a strip, only what is
    near them.
    """
    reach = NEAR * width if is_strip(width, height) else math.inf
    known = [(block.box, len(block.text), _is_list(block.text)) for block in blocks]

    def stays(box: Box, text: str) -> bool:
        near = [(n, listed) for at, n, listed in known if max(at.top - box.bottom, box.top - at.bottom) < reach]
        mostly = sum(n for n, listed in near if listed) > LISTED * sum(n for n, _ in near)
        return _is_list(text) or (mostly and not is_prose(text))

    return stays


def _is_list(text: str) -> bool:
    return len(text) > LONG and not is_prose(text)


def is_prose(text: str) -> bool:
    """Whether a text consists of sentences rather than of names.

    They have words in small letters or hiragana; where a text has neither, for being in capitals or in another script,
    marks that end them.
    """
    text = unicodedata.normalize("NFC", text)
    letters = sum(map(str.isalpha, text))
    cased = "".join(sign if sign.lower() != sign.upper() else " " for sign in text)
    words = re.findall(r"[^\W\d_]+", cased)
    caseless = letters - sum(map(len, words))
    kana = len(KANA.findall(text))
    if kana >= max(WORDS, HIRAGANA * caseless) and caseless >= CASELESS * letters:
        return True
    if 2 * caseless < letters and sum(map(str.islower, cased)) > CAPITALS * letters:
        return len(words) >= WORDS and sum(word[0].islower() for word in words) >= LOWER * len(words)
    return SENTENCE * len(ENDS.findall(text)) >= letters > 0
