"""How a page is cleaned: three pure functions on arrays."""

from dataclasses import replace

from mangaclean import fill, regions
from mangaclean.config import InpaintConfig, OcrConfig, SegmentConfig
from mangaclean.types import Detection, Image, Inpainter, Mask, Reader, Region, Segmenter


def segment(image: Image, segmenter: Segmenter, cfg: SegmentConfig) -> Detection:
    """Find the lettering of a page (H, W, 3): the mask (H, W) to erase, and regions in reading order."""
    return regions.detect(image, segmenter(image), cfg)


def inpaint(image: Image, mask: Mask, inpainter: Inpainter, cfg: InpaintConfig) -> Image:
    """Remove what `mask` marks. Pixels outside the mask are those of `image`, bit for bit."""
    return fill.remove(image, mask, inpainter, cfg)


def ocr(image: Image, regions: tuple[Region, ...], reader: Reader, cfg: OcrConfig) -> tuple[Region, ...]:
    """Read each region. Lines get their own text where the reader gives it."""
    raise NotImplementedError  # written with the reader
