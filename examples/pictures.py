"""Make README's pictures: pages before and after, side by side, from a chapter and what mangaclean left of it.

mangaclean chapter examples/ch01 --out /tmp/ch01-cleaned
python examples/pictures.py examples/ch01 /tmp/ch01-cleaned examples/pictures
"""

import argparse
from pathlib import Path

from PIL import Image

PAGES = ("003", "004")
HEIGHT = 900  # px


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("chapter", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("pictures", type=Path)
    args = parser.parse_args()
    args.pictures.mkdir(parents=True, exist_ok=True)
    for stem in PAGES:
        before = Image.open(next(args.chapter.glob(f"{stem}.*"))).convert("RGB")
        after = Image.open(next((args.out / "cleaned").glob(f"{stem}.*"))).convert("RGB")
        side_by_side(before, after).save(args.pictures / f"{stem}.jpg", quality=85, optimize=True)


def side_by_side(before: Image.Image, after: Image.Image) -> Image.Image:
    """Two pictures of one size, scaled to a height, with a gap between them."""
    width = round(before.width * HEIGHT / before.height)
    sheet = Image.new("RGB", (2 * width + 12, HEIGHT), "white")
    for i, picture in enumerate((before, after)):
        sheet.paste(picture.resize((width, HEIGHT), Image.Resampling.LANCZOS), (i * (width + 12), 0))
    return sheet


if __name__ == "__main__":
    main()
