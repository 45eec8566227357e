"""Memory that large pages leave behind."""

import ctypes
import sys
from contextlib import suppress

from mangaclean.types import Image

LARGE = 30_000_000  # values of a page from which its memory counts


def trim(image: Image) -> None:
    """Give freed memory back to the system while a large page (H, W, 3) is worked on; glibc keeps hundreds of MB."""
    if image.size > LARGE and sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").malloc_trim(0)
