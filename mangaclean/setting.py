"""A page's translations as pieces of pixels, one for each region, to be laid over the cleaned page or into layers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import radians
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mangaclean import bidi, breaking, effects, fitting, inks, lettering, markup, rooms
from mangaclean.fitting import Job
from mangaclean.layout import Align
from mangaclean.rooms import Place
from mangaclean.shaping import Typography
from mangaclean.types import Image, Region

if TYPE_CHECKING:
    from mangaclean.config import TypesetConfig
    from mangaclean.fonts import Fonts, Voice

SCALE, SCALE_CJK = 0.65, 0.85  # em of the translation, as a share of the source's: alphabets take more room
FEW = 8  # letters that a text counts for besides its own, where two share out a balloon
STACKED = 1.2  # by how much texts of one balloon have to gain from standing one above the other
UNKNOWN_SIZE = 24.0  # px, where no source says how large


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One region's translation, set: `pixels` (h, w, 4) RGBA with straight alpha belong at left, top of the page.

    `fits` is False where the text did not fit at the smallest size: it is set all the same, smaller, and listed. `size`
    is the em in px, `lines` holds the text as it was broken.
    """

    region: str
    left: int
    top: int
    pixels: NDArray[np.uint8]
    fits: bool
    size: float
    lines: tuple[str, ...]


def body_size(regions: Sequence[Region], cfg: "TypesetConfig") -> float:
    """The em in px of a chapter's speech: as set, else a share of the median of the source's, of all its regions."""
    if cfg.size:
        return cfg.size
    sizes = [r.font_size for r in regions if r.font_size > 0 and r.kind in ("speech", "thought", "caption")]
    scale = cfg.scale or (SCALE_CJK if cfg.language[:2] in ("ja", "zh", "ko") else SCALE)
    return scale * float(np.median(sizes)) if sizes else UNKNOWN_SIZE


def pieces(
    image: Image, regions: Sequence[Region], fonts: "Fonts", cfg: "TypesetConfig", body: float
) -> tuple[Piece, ...]:
    """What the regions' translations look like on the cleaned page `image` (H, W, 3); `body`: the chapter's em, px.

    Regions that are kept or have no translation give no piece. Pieces lie within the page.
    """
    chosen = [region for region in regions if region.action != "keep" and wanted(region, cfg)]
    places = rooms.places(image, chosen)
    made = [_piece(image, each, place, fonts, cfg, body) for each, place in zip(chosen, places, strict=True)]
    for one, two in rooms.pairs(places, chosen):
        beside = [piece for piece in (made[one], made[two]) if piece]
        if all(piece.fits for piece in beside):
            continue
        # Columns of the source, side by side, leave lines no width; but a text should not leave its lobe for little
        both = _stacked(image, (chosen[one], chosen[two]), (places[one], places[two]), fonts, cfg, body)
        if both and min(piece.size for piece in both) >= STACKED * min(piece.size for piece in beside):
            made[one], made[two] = both
    height, width = image.shape[:2]
    on_page = (_on_page(piece, width, height) for piece in made if piece is not None)
    return tuple(piece for piece in on_page if piece is not None)


def _stacked(
    image: Image,
    pair: tuple[Region, Region],
    shared: tuple[Place, Place],
    fonts: "Fonts",
    cfg: "TypesetConfig",
    body: float,
) -> tuple[Piece, Piece] | None:
    """Two texts of one balloon, one above the other; None where they do not both fit so, or run in columns."""
    texts = [wanted(region, cfg) for region in pair]
    if any(
        _job(each, text, voice(each, text), fonts, cfg).how.vertical for each, text in zip(pair, texts, strict=True)
    ):
        return None
    weights = [len(text) + FEW for text in texts]
    cut = rooms.stacked(*shared, weights[0] / sum(weights))
    upper, lower = (_piece(image, each, at, fonts, cfg, body) for each, at in zip(pair, cut, strict=True))
    return (upper, lower) if upper and lower and upper.fits and lower.fits else None


def wanted(region: Region, cfg: "TypesetConfig") -> str:
    """What is to be set in a region; empty if nothing is."""
    return region.translation.strip() or (region.text.strip() if cfg.untranslated == "source" else "")


def composed(image: Image, pieces: Sequence[Piece]) -> Image:
    """The page (H, W, 3) with the pieces laid over it."""
    out = image.copy()
    for piece in pieces:
        height, width = piece.pixels.shape[:2]
        window = out[piece.top : piece.top + height, piece.left : piece.left + width]
        alpha = piece.pixels[..., 3:].astype(np.uint16)
        mixed = piece.pixels[..., :3] * alpha + window * (255 - alpha)
        window[:] = (mixed + 127) // 255
    return out


def voice(region: Region, text: str) -> "Voice":
    """How a region speaks: as its kind, but a text that ends with !! or stands in stars as a whole is a shout."""
    if region.kind == "speech" and re.search(r"[!！]{2,}\W*$|^\*[^*]+\*\W*$", text):
        return "shout"
    return region.kind


def _piece(
    image: Image, region: Region, place: Place, fonts: "Fonts", cfg: "TypesetConfig", body: float
) -> Piece | None:
    text = wanted(region, cfg)
    speaks = voice(region, text)
    job = _job(region, text, speaks, fonts, cfg)
    most = region.style.size or body * (cfg.shout if speaks == "shout" else 1.0)
    least = most if region.style.size else body * cfg.smallest
    turn = radians(region.style.angle or 0.0)
    if region.kind == "sfx" and region.style.box is None:
        turn, place = effects.slanted(region, place, upright=job.how.vertical)
        most = region.style.size or effects.LARGEST * max(region.font_size, body)
    found = fitting.fitted(job, place, most, least, cfg.margin)
    if found is None:
        return None
    ink = inks.chosen(image, region, place, cfg, found.size)
    centre = (place.box.left + place.box.right) / 2, (place.box.top + place.box.bottom) / 2
    drawn = lettering.draw(found.lines, found.size, ink, job.how.vertical, turn, centre)
    if drawn is None:
        return None
    pixels, left, top = drawn
    return Piece(region.id, left, top, pixels, found.fits, round(found.size, 2), found.texts)


def _job(region: Region, text: str, speaks: "Voice", fonts: "Fonts", cfg: "TypesetConfig") -> Job:
    """How a region's text is shaped, aligned and led, after its style, the settings, its kind and its script."""
    copy = markup.parse(text, cfg.language, cfg.capitals)
    plain, loud = (fonts.fitting(copy.text, speaks, strong, region.style.font) for strong in (False, True))
    if plain[0].barred_i:
        copy = markup.barless(copy)
    asian = sum(map(breaking.is_ideographic, copy.text)) > 0.4 * len(copy.text.replace(" ", ""))
    direction = region.style.direction or cfg.direction
    vertical = direction == "vertical" or (direction == "auto" and asian and region.vertical)
    how = Typography(plain, loud, fonts.standin, cfg.language, vertical, cfg.tracking)
    rtl = bidi.is_rtl(copy.text)
    beginning: Align = "right" if rtl else "left"
    usual: Align = beginning if vertical or region.kind in ("caption", "other") else "center"
    align = region.style.align or (usual if cfg.align == "auto" else cfg.align)
    small = rtl or (any(map(str.islower, copy.text)) and not plain[0].capitals_only)
    square = vertical or asian or any("가" <= char <= "힣" for char in copy.text)
    leading = cfg.leading or (1.25 if square else 1.15 if small else 0.98) + 0.35 * bool(copy.rubies)
    return Job(copy, how, rtl, align, leading, cfg.hyphens and not asian and not rtl)


def _on_page(piece: Piece, width: int, height: int) -> Piece | None:
    """The part of a piece that lies on a page of width × height."""
    left, top = max(piece.left, 0), max(piece.top, 0)
    pixels = piece.pixels[top - piece.top : height - piece.top, left - piece.left : width - piece.left]
    return replace(piece, left=left, top=top, pixels=pixels) if pixels.size else None
