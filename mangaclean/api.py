"""One page cleaned from Python: what the commands do, without files round it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mangaclean import files, images, page
from mangaclean.config import Config
from mangaclean.types import Image, Mask, Region
from mangaclean.work import engine


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A page without its lettering (H, W, 3), what was erased (H, W), and the regions in reading order."""

    image: Image
    mask: Mask
    regions: tuple[Region, ...]
    look: images.Look | None = None

    def save(self, path: str | Path) -> None:
        """Write the page as PNG, in the mode, profile and resolution it came in."""
        look = self.look or images.load(_png(self.image), str(path)).look
        files.write(Path(path), images.dump(self.image, look))


def clean(source: str | Path | Image, config: Config | None = None) -> Cleaned:
    """Clean a page: the path of a picture, or an array (H, W, 3) of RGB. PageError where it cannot be read.

    Engines are loaded at the first call and kept.
    """
    config = config or Config()
    look = None
    if isinstance(source, np.ndarray):
        image = source
    else:
        loaded = images.load(Path(source).read_bytes(), str(source), config.input.max_pixels)
        image, look = loaded.image, loaded.look
    found = page.segment(image, engine("segment", config.segment), config.segment)
    cleaned = page.inpaint(image, found.mask, engine("inpaint", config.inpaint), config.inpaint)
    regions = page.ocr(image, found.regions, engine("ocr", config.ocr), config.ocr)
    return Cleaned(cleaned, found.mask, regions, look)


def _png(image: Image) -> bytes:
    import io

    from PIL import Image as Pillow

    out = io.BytesIO()
    Pillow.fromarray(image).save(out, "PNG", compress_level=0)
    return out.getvalue()
