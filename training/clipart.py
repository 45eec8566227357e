"""Copies drawings of things that carry no lettering: `python -m training.clipart PICTURES DATA/openart`.

Drawings by many hands are good negatives: what an early network takes for letters are wheels, hands, leaves, buttons.
But only such on which nobody can read anything, or the truth of a page that they stand on would be wrong.
"""

import argparse
import re
from pathlib import Path

import numpy as np
from PIL import Image

from mangaclean.config import SegmentConfig
from mangaclean.engines.segment import rapidocr
from mangaclean.judging import MARKS
from mangaclean.types import Segmenter

# Folders of Debian's openclipart-png. Logos, flags, shapes and icons of programs are half lettering.
SUBJECTS = (
    *("animals", "buildings", "containers", "decorations", "electronics", "food", "office", "people", "plants"),
    *("recreation", "science", "special", "tools", "transportation", "unsorted"),
)
# In names of files: numbers on cards, letters on signs.
LETTERED = re.compile("alphabet|card|dice|domino|flag|font|letter|logo|number|question|sign|text", re.IGNORECASE)
LARGEST, LEAST, THINNEST = 1000, 120, 64  # px: sides that are kept, the least long side, the least short one
READ = 0.6  # confidence from which something reads as lettering
_SEEN, _ROUND = 384, 32  # px: long side at which a drawing is read, and the white round it


def is_lettered(drawing: Image.Image, find: Segmenter) -> bool:
    """Whether letters can be read on a drawing (RGBA), on white; a ring or a bar that reads as one is none."""
    small = drawing.copy()
    small.thumbnail((_SEEN, _SEEN))
    ground = Image.new("RGBA", (small.width + 2 * _ROUND, small.height + 2 * _ROUND), "white")
    ground.alpha_composite(small, (_ROUND, _ROUND))
    lines = find(np.asarray(ground.convert("RGB"))).lines
    return any(line.confidence > READ and any(map(str.isalnum, set(line.text) - MARKS)) for line in lines)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pictures", type=Path, help="folder with one folder for each subject, as openclipart-png has")
    parser.add_argument("out", type=Path, help="folder that gets a folder openclipart_SUBJECT for each")
    given = parser.parse_args(words)
    find = rapidocr(SegmentConfig())
    kept = seen = 0
    for subject in SUBJECTS:
        target = given.out / f"openclipart_{subject}"
        for path in sorted((given.pictures / subject).rglob("*.png")):
            if LETTERED.search(str(path.relative_to(given.pictures))):
                continue
            with Image.open(path) as picture:
                picture.thumbnail((LARGEST, LARGEST))
                drawing = picture.convert("RGBA")
            seen += 1
            if max(drawing.size) < LEAST or min(drawing.size) < THINNEST or is_lettered(drawing, find):
                continue
            target.mkdir(parents=True, exist_ok=True)
            drawing.save(target / path.name)
            kept += 1
    print(f"{kept} of {seen} drawings copied to {given.out}")


if __name__ == "__main__":
    main()
