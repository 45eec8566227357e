"""Long strips cut into screens, where nothing is cut through if that can be."""

import numpy as np

from mangaclean.types import Image

LONG = 3.0  # times as high as wide: a strip, which no reader of pages can show
SCREEN = 1.6  # height of a screen by its width
LEAST = 0.9  # of a screen that is cut early at a quiet place


def cuts(image: Image) -> list[tuple[int, int]]:
    """The screens (top, bottom) of a page (H, W, 3), one after another without gap; a page that is no strip is one.

    A cut lies where a row is of one colour, as far down as a screen goes; else where the picture changes least.
    """
    height, width = image.shape[:2]
    if height <= LONG * width:
        return [(0, height)]
    grey = image.mean(2, dtype=np.float32)
    busy = np.abs(np.diff(grey, axis=1)).mean(1) if width > 1 else np.zeros(height, np.float32)
    most, least = round(SCREEN * width), round(LEAST * width)
    made, top = [], 0
    while height - top > most:
        window = busy[top + least : top + most]
        quiet = np.flatnonzero(window < 0.5)
        at = top + least + int(quiet[-1] if len(quiet) else np.argmin(window))
        made.append((top, at))
        top = at
    return [*made, (top, height)]
