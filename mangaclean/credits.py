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
HIRAGANA, FOREIGN = 0.15, 0.2  # share of hiragana in Japanese prose, and of letters without case in it, at least
SENTENCE = 60  # letters to one mark that ends a sentence, at most, where neither capitals nor hiragana tell
KANA = re.compile("[ぁ-ゖ]")
ENDS = re.compile(r"[。！？!?…।؟۔]|\.(?!\w)")


def names(blocks: Sequence[Block], width: int, height: int) -> Callable[[Box, str], bool]:
    """What tells of a place on a page of this size, with these blocks, and of its text, whether it belongs to a list.

    Long lists do. Where most of a page's letters stand in such, all of it does but sentences; of a strip, only what is
    near them.
    """
    reach = NEAR * width if is_strip(width, height) else math.inf
    known = [(block.box, len(block.text), _is_list(block.text)) for block in blocks]

    def stays(box: Box, text: str) -> bool:
        near = [one for one in known if max(one[0].top - box.bottom, box.top - one[0].bottom) < reach]
        mostly = sum(letters for _, letters, listed in near if listed) > LISTED * sum(letters for _, letters, _ in near)
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
    alone = letters - sum(map(len, words))  # letters without case
    kana = len(KANA.findall(text))
    if kana >= max(WORDS, HIRAGANA * alone) and alone >= FOREIGN * letters:
        return True
    if 2 * alone < letters and sum(map(str.islower, cased)) > CAPITALS * letters:
        return len(words) >= WORDS and sum(word[0].islower() for word in words) >= LOWER * len(words)
    return SENTENCE * len(ENDS.findall(text)) >= letters > 0
