"""How a page is cleaned and set again: four pure functions on arrays."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mangaclean import fill, memory, regions, setting
from mangaclean.config import InpaintConfig, OcrConfig, SegmentConfig, TypesetConfig
from mangaclean.types import Detection, Image, Inpainter, Mask, Reader, Reading, Region, Segmenter, Wish

if TYPE_CHECKING:
    from mangaclean.fonts import Fonts


def segment(image: Image, segmenter: Segmenter, cfg: SegmentConfig, wishes: Sequence[Wish] = ()) -> Detection:
    """Find the lettering of a page (H, W, 3): the mask (H, W) to erase, and regions in reading order.

    The mask follows `wishes`; the regions have what the program would do: that tells a wish.
    """
    memory.begin(image)
    return regions.detect(image, segmenter(image), cfg, wishes)


def inpaint(image: Image, mask: Mask, inpainter: Inpainter, cfg: InpaintConfig) -> Image:
    """Remove what `mask` marks. Pixels outside the mask are those of `image`, bit for bit."""
    return fill.remove(image, mask, inpainter, cfg)


def ocr(image: Image, regions: tuple[Region, ...], reader: Reader, cfg: OcrConfig) -> tuple[Region, ...]:
    """Read each region. Its lines get texts of their own where the reader gives them."""
    readings = reader(image, regions)
    return tuple(_with_reading(region, reading) for region, reading in zip(regions, readings, strict=True))


def typeset(
    image: Image, regions: tuple[Region, ...], fonts: "Fonts", cfg: TypesetConfig, body: float | None = None
) -> Image:
    """Set the regions' translations on a cleaned page; `body` is the em of speech in px, else that of these regions."""
    size = setting.body_size(regions, cfg) if body is None else body
    return setting.composed(image, setting.pieces(image, regions, fonts, cfg, size))


def _with_reading(region: Region, reading: Reading) -> Region:
    lines = region.lines
    if len(reading.lines) == len(lines):
        lines = tuple(replace(line, text=text) for line, text in zip(lines, reading.lines, strict=True))
    return replace(region, text=reading.text, confidence=round(reading.confidence, 4), lines=lines)
