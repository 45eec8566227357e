"""Engines for tests: quick, and failing as the tone of a page's first pixel tells them to.

`python -m tests.toned chapter …` is mangaclean with these engines, in its workers too.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from mangaclean import engines
from mangaclean.config import Config, resolve
from mangaclean.errors import MissingError
from mangaclean.types import Finding, Reading
from tests import drawn

FINE, BROKEN, UNREADABLE, STOPPING, DEADLY, SLOW = 255, 250, 245, 240, 235, 230
calls: list[str] = []
mended: set[int] = set()  # tones that do no harm any more
place = 190, 130


def _page():
    image = drawn.page()
    drawn.balloon(image, (200, 200), (90, 110))
    return image, drawn.column(image, *place, 5)


def draw(path: Path, tone: int = FINE, mark: int = 0) -> Path:
    """A page with one column in a balloon; pages with different `mark` differ."""
    image, _ = _page()
    image[0, 0] = tone
    image[500:510, 10 : 10 + mark] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(image).save(path)
    return path


def segmenter(cfg):
    _, line = _page()

    def find(image):
        calls.append("segment")
        tone = int(image[0, 0, 0])
        if tone == SLOW:
            time.sleep(60)
        if tone == DEADLY and tone not in mended:
            os._exit(9)
        if tone == BROKEN and tone not in mended:
            raise ValueError("no luck")
        if tone == STOPPING and tone not in mended:
            raise MissingError("weights of fake are missing; put them there")
        return Finding(lines=(line,))

    return find


def inpainter(cfg):
    def paint(image, mask):
        calls.append("inpaint")
        return np.where(mask[..., None], 200, image).astype(np.uint8)

    return paint


def reader(cfg):
    def read(image, regions: Sequence):
        calls.append("ocr")
        if int(image[0, 0, 0]) == UNREADABLE and UNREADABLE not in mended:
            raise ValueError("cannot read")
        return [Reading("あいうえお", 0.9) for _ in regions]

    return read


TABLES = (
    (engines.SEGMENTERS, "tests.toned:segmenter"),
    (engines.INPAINTERS, "tests.toned:inpainter"),
    (engines.READERS, "tests.toned:reader"),
)
SETS = ("segment.engine=fake", "inpaint.engine=fake", "ocr.engine=fake")


def register(put=dict.__setitem__) -> None:
    for table, where in TABLES:
        put(table, "fake", where)


def config(*sets: str, workers: int = 1) -> Config:
    return resolve(sets=[*SETS, *sets], run={"workers": workers})


if __name__ in ("__main__", "__mp_main__"):
    register()
if __name__ == "__main__":
    from mangaclean.cli import main

    sys.argv += [word for name in SETS if sys.argv[1:2] == ["chapter"] for word in ("--set", name)]
    main()
