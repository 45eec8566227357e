"""Lists of names and afterwords, which stay: which places of a page belong to them."""

import math
from collections.abc import Callable, Sequence

from mangaclean.blocks import Block
from mangaclean.panels import is_strip
from mangaclean.types import Box

LONG = 300  # letters of one block from which it is taken for credits or an afterword
LISTED = 0.7  # share of a page's letters that stand in such blocks, from which all of it is
NEAR = 0.5  # of a strip's width: how far away its letters count


def places(blocks: Sequence[Block], width: int, height: int) -> Callable[[Box], bool]:
    """What tells whether a place on a page of this size, with these blocks, belongs to credits or an afterword.

    All of a page does, where most of its letters stand in long blocks; of a strip, only what is near such blocks.
    """
    reach = NEAR * width if is_strip(width, height) else math.inf
    known = [(block.box, len(block.text)) for block in blocks]

    def listed(box: Box) -> bool:
        near = [letters for other, letters in known if max(other.top - box.bottom, box.top - other.bottom) < reach]
        return sum(letters for letters in near if letters > LONG) > LISTED * sum(near)

    return listed
