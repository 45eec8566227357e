"""Memory while large pages are worked on, which is to last for them."""

import ctypes
import sys
from contextlib import suppress

from mangaclean.types import Image

LARGE = 30_000_000  # values of a page from which its memory counts
MMAP_THRESHOLD = -3  # of mallopt(3)
USUAL, LEAST = 32 << 20, 1 << 20  # bytes from which freed memory goes back at once: glibc's own bound, and ours

_short = False


def begin(image: Image) -> None:
    """Say which page (H, W, 3) this process works on from here."""
    global _short
    before, _short = _short, image.size > LARGE
    if _short != before:
        _ask_glibc("mallopt", MMAP_THRESHOLD, LEAST if _short else USUAL)


def is_short() -> bool:
    """Whether the page is a large one: what is kept for the next is too much for it."""
    return _short


def trim() -> None:
    """Give freed memory back to the system while a large page is worked on; glibc keeps hundreds of MB."""
    if _short:
        _ask_glibc("malloc_trim", 0)


def _ask_glibc(function: str, *words: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            getattr(ctypes.CDLL("libc.so.6"), function)(*words)
