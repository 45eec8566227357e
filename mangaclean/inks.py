"""The colours that a text is set in: those of the source, as long as they can be read on the cleaned ground."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mangaclean.lettering import Color, Ink
from mangaclean.rooms import Place
from mangaclean.types import Box, Image, Region

if TYPE_CHECKING:
    from mangaclean.config import TypesetConfig

WIDTH = 0.12  # of an outline, ems
CONTRAST = 80.0  # levels of grey between letters and ground, at least
UNIFORM = 14.0  # standard deviation, grey levels, up to which a ground needs no outline
NEUTRAL = 28  # levels between channels up to which a colour is a grey
DULL = 150  # levels from black or white within which a grey was meant to be it: soft edges dull thin strokes so far
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def chosen(image: Image, region: Region, place: Place, cfg: "TypesetConfig", size: float) -> Ink:
    """Colour and outline of a region's text of `size` px an em on the cleaned page."""
    ground = _ground(image, place)
    given = region.style.color or (cfg.color if cfg.color != "source" else None)
    color = parsed(given) if given else _readable(_meant(parsed(region.color), ground), ground)
    outline = region.style.outline or cfg.outline
    if outline == "none":
        return Ink(color)
    if outline != "auto":
        return Ink(color, parsed(outline), WIDTH * size)
    if region.kind == "sfx" or (not place.known and _uneven(ground)):
        source = parsed(region.outline) if region.outline else None
        around = source if source and abs(_grey(source) - _grey(color)) >= CONTRAST else _against(color)
        return Ink(color, around, WIDTH * size)
    return Ink(color)


def parsed(color: str) -> Color:
    """#rrggbb as numbers; black for anything else."""
    try:
        red, green, blue = bytes.fromhex(color.removeprefix("#"))
    except ValueError:
        return BLACK
    return red, green, blue


def _ground(image: Image, place: Place) -> NDArray[np.uint8]:
    """The pixels, (n, 3), that the text may cover."""
    box = place.box
    both = box.common(Box(0, 0, image.shape[1], image.shape[0]))
    crop, inside = image[both.slices], place.inside[both.moved(-box.left, -box.top).slices]
    return crop[inside] if inside.any() else crop.reshape(-1, 3)


def _grey(color: Color) -> float:
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]


def _meant(color: Color, ground: NDArray[np.uint8]) -> Color:
    """What a source's colour was before thin strokes were measured: greys are black or white."""
    if max(color) - min(color) > NEUTRAL or not len(ground):
        return color
    light = float(np.median(ground)) > _grey(color)
    if light:
        return BLACK if max(color) <= DULL else color
    return WHITE if min(color) >= 255 - DULL else color


def _readable(color: Color, ground: NDArray[np.uint8]) -> Color:
    if not len(ground):
        return color
    tone = _grey(tuple(int(v) for v in np.median(ground, axis=0)))  # type: ignore[arg-type]
    return color if abs(tone - _grey(color)) >= CONTRAST else WHITE if tone < 128 else BLACK


def _uneven(ground: NDArray[np.uint8]) -> bool:
    return len(ground) > 0 and float(ground.mean(axis=1).std()) > UNIFORM


def _against(color: Color) -> Color:
    return WHITE if _grey(color) < 128 else BLACK
