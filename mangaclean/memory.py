"""Memory while large pages are worked on, which is to last for them."""

import ctypes
import sys
from contextlib import suppress

from mangaclean.types import Image

LARGE = 30_000_000  # values of a page from which its memory counts

_short = False


def begin(image: Image) -> None:
    """Say which page (H, W, 3) this process works on from here."""
    global _short
    _short = image.size > LARGE


def is_short() -> bool:
    """Whether the page is a large one: what is kept for the next is too much for it."""
    return _short


def trim() -> None:
    """Give freed memory back to the system while a large page is worked on; glibc keeps hundreds of MB."""
    if _short and sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").malloc_trim(0)
