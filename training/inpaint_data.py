"""Draws pages without lettering, and lettering to hide in them: `python -m training.inpaint_data --data DIR …`.

A page is kept as (H, W, 4): the art, and in the fourth channel the bits of lettering that may be laid over it.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training import comics, draw_pool, matter
from training.art import Picture
from training.canvas import SFX, TYPESET, Labels
from training.pages import Page, Sources
from training.shapes import outline, scanned

Rng = np.random.Generator

_STYLES = {"grey": 0.15, "ink": 0.25, "tone": 0.38, "colour": 0.22}


def draw(
    rng: Rng,
    sources: Sources,
    width: int = 880,
    height: int = 1240,
    styles: Mapping[str, float] = _STYLES,
    *,
    real: float = 0.3,
    lettered: float = 0.0,
) -> tuple[Picture, Labels]:
    """A page (H, W, 3) without lettering, and where lettering might stand on it (H, W); comics keep their height.

    `styles`: how often art is grey, inked, toned or in colour. `real`: share of pages that are of real comics;
    `lettered`: of these, share whose lettering is that which was once set there, as large as published.
    """
    page = Page(rng, sources, width, height)
    shares = np.array(list(styles.values()))
    page.painter.style = str(rng.choice(list(styles), p=shares / shares.sum()))
    if rng.random() < real and sources.comics:
        comic = sources.comics[int(rng.integers(len(sources.comics)))]
        if comic.lettering and rng.random() < lettered:
            return _as_published(rng, page, comic)
        # A part of it now and then: art as large as it is drawn, not shrunk to the page.
        image, _, _ = comics.read(comic, None, int(width * rng.choice([1.0, 1.0, 1.4, 1.8])))
        image = page.painter.styled(_part(rng, image, width, max(height, width)))
    else:
        page.panels()
        image = page.image
        for _ in range(int(rng.integers(0, 5))):
            _tone(rng, image)
        for _ in range(int(rng.integers(0, 6))):
            _balloon(rng, image)
    image = image.copy()
    page.image, page.labels = image.copy(), np.zeros(image.shape[:2], np.uint8)
    page.taken = np.zeros_like(page.labels)
    for _ in range(int(rng.integers(8, 20))):
        page.aside()
    for _ in range(int(rng.integers(4, 11))):
        page.cry()
    letters = page.labels & np.uint8(TYPESET | SFX)
    return scanned(rng, image, letters.astype(np.uint8))


def _as_published(rng: Rng, page: Page, comic: comics.Comic) -> tuple[Picture, Labels]:
    """A comic's page at its own size, and the lettering of one of its languages."""
    layer = comic.lettering[int(rng.integers(len(comic.lettering)))]
    with Image.open(comic.clean) as file:
        width = file.width
    image = page.painter.styled(comics.read(comic, None, width)[0])
    letters = comics.read(comic, layer, width)[1]
    return scanned(rng, image, letters.astype(np.uint8) * np.uint8(SFX))


def _part(rng: Rng, image: Picture, wide: int, high: int) -> Picture:
    top = int(rng.integers(max(image.shape[0] - high, 0) + 1))
    left = int(rng.integers(max(image.shape[1] - wide, 0) + 1))
    return image[top : top + high, left : left + wide]


def _tone(rng: Rng, image: Picture) -> None:
    """Lays a sheet of screentone on the page, in place: one grade, a ramp or clouds, cut to a shape or by the art."""
    high, wide = (int(side * rng.uniform(0.15, 0.5)) for side in image.shape[:2])
    top, left = int(rng.integers(image.shape[0] - high + 1)), int(rng.integers(image.shape[1] - wide + 1))
    part = image[top : top + high, left : left + wide]
    draw = rng.random()
    grade = np.full((high, wide), rng.uniform(70, 240), np.float32)
    if draw < 0.35:
        ends = np.linspace(rng.uniform(60, 250), rng.uniform(60, 250), high if draw < 0.2 else wide)
        grade += (ends[:, None] if draw < 0.2 else ends[None]) - grade
    elif draw < 0.6:
        coarse = rng.uniform(60, 255, (int(rng.integers(3, 8)), int(rng.integers(3, 8)))).astype(np.float32)
        grade = np.asarray(cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC), np.float32)
    sheet = matter.rgb(matter.toned(np.clip(grade, 0, 255).astype(np.uint8), rng))
    if rng.random() < 0.5:  # tone lies on what is light and leaves the drawing
        np.minimum(part, sheet, out=part)
        return
    shape = np.zeros((high, wide), np.uint8)
    points = (0.5 + 0.45 * outline(str(rng.choice(["round", "rough", "jagged", "cloud", "box"])), rng)) * (wide, high)
    cv2.fillPoly(shape, [np.round(points).astype(np.int32)], 1)
    part[shape > 0] = sheet[shape > 0]
    if rng.random() < 0.6:
        cv2.polylines(part, [np.round(points * 8).astype(np.int32)], True, (0, 0, 0), 2, cv2.LINE_AA, 3)


def _balloon(rng: Rng, image: Picture) -> None:
    """An empty balloon: its outline passes behind lettering that leaves it."""
    reach = np.exp(rng.uniform(np.log(30), np.log(180), 2))
    centre = rng.uniform(0, 1, 2) * image.shape[1::-1]
    kind = str(rng.choice(["round", "rough", "jagged", "cloud", "box"]))
    points = np.round((centre + reach * outline(kind, rng)) * 8).astype(np.int32)
    fill, line = (0, 255) if rng.random() < 0.1 else (255, 0)
    cv2.fillPoly(image, [points], (fill, fill, fill), cv2.LINE_AA, 3)
    if pen := int(rng.integers(0, 6)):
        cv2.polylines(image, [points], True, (line, line, line), pen, cv2.LINE_AA, 3)


def lettered(rng: Rng, image: Picture, letters: NDArray[np.bool_]) -> Picture:
    """A crop (H, W, 3) with lettering (H, W) printed on it in one tone, now and then with an outline of another."""
    tones = rng.permutation([0, 255]) if rng.random() < 0.85 else rng.integers(0, 256, 2)
    share = cv2.GaussianBlur(letters.astype(np.float32), (0, 0), 0.6)[:, :, None]
    work = image.astype(np.float32)
    if rng.random() < 0.4:
        inner = cv2.erode(letters.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        work += share * (float(tones[1]) - work)
        share = cv2.GaussianBlur(inner, (0, 0), 0.6)[:, :, None]
    work += share * (float(tones[0]) - work)
    return np.asarray(work.astype(np.uint8))


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=600, help="pages in the pool; the oldest are overwritten")
    parser.add_argument("--draws", type=int, default=600, help="how many to draw before the end")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validation", action="store_true", help="draw from the art that training pages never show")
    parser.add_argument(
        "--styles",
        type=float,
        nargs=len(_STYLES),
        default=list(_STYLES.values()),
        help=f"shares of {', '.join(_STYLES)}",
    )
    parser.add_argument("--real", type=float, default=0.3, help="share of pages that are of real comics")
    parser.add_argument("--lettered", type=float, default=0.0, help="share of these that have their own lettering")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds of rest after each page")
    given = parser.parse_args(words)
    given.pool.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    drawn_from = draw_pool.sources(given.data, given.fonts, given.validation)
    styles = dict(zip(_STYLES, given.styles, strict=True))
    for number in range(given.draws):
        rng = np.random.default_rng([given.seed, number])
        page = draw(rng, drawn_from, styles=styles, real=given.real, lettered=given.lettered)
        draw_pool.save(given.pool / f"{given.seed:02d}-{number % given.pages:05d}.npy", *page)
        time.sleep(given.pause)


if __name__ == "__main__":
    main()
