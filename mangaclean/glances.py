"""The small pictures of a page that the report shows, made where its arrays are at hand."""

import base64
import io
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mangaclean.types import Image, Mask, Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
HEIGHT = 1000  # px of a page in the report
STRIP = 2.5  # height / width from which a page is a strip, whose width has to stay readable
STRIP_PIXELS = 3_000_000
LONGEST = 16_000  # px; WebP ends at 16,383
QUALITY = 60
CELL = 8  # source px; the mask is described in cells of this size


def layer(before: Image, after: Image) -> bytes:
    """What the report shows of a page that was set: a small WebP of what differs from the cleaned page."""
    import cv2
    import numpy as np

    size = _shown(before.shape[1], before.shape[0])
    before, after = (
        np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8) for image in (before, after)
    )
    return base64.b64decode(_difference(before, after))


def shares(regions: Iterable[Region], mask: Mask, art: Mask) -> dict[str, float]:
    """How much of what was erased in each region's box an inpainter painted, by id; the rest got its ground's own tone.

    `art` is the part of `mask` (H, W) that was not flat; regions in which nothing was erased are left out.
    """
    found = {}
    for region in regions:
        if erased := int(mask[region.box.slices].sum()):
            found[region.id] = round(int(art[region.box.slices].sum()) / erased, 3)
    return found


def tile(
    original: Image,
    mask: Mask | None,
    cleaned: Image | None,
    engine: str = "",
    shares: Mapping[str, float] | None = None,
) -> bytes:
    """What the report shows of a page, as JSON to keep: small pictures, where the mask lies, and what painted what.

    Made once, in the worker that has the arrays at hand. Of the cleaned page only what differs is stored.
    """
    import cv2
    import numpy as np

    height, width = original.shape[:2]
    size = _shown(width, height)
    small = cv2.resize(original, size, interpolation=cv2.INTER_AREA)
    made: dict[str, Any] = {"version": VERSION, "original": _webp(small)}
    if mask is not None:
        full = mask.astype(np.uint8) * 255
        made["mask"] = _overlay(cv2.resize(full, size, interpolation=cv2.INTER_AREA) >= 64)
        made["blobs"] = _blobs(full)
    if cleaned is not None:
        after = cv2.resize(cleaned, size, interpolation=cv2.INTER_AREA)
        made["cleaned"] = _difference(np.asarray(small, np.uint8), np.asarray(after, np.uint8))
    if shares:
        made |= {"engine": engine, "shares": shares}
    return json.dumps(made, separators=(",", ":")).encode()


def _difference(small: Image, after: Image) -> str:
    """The pixels of a small picture that are not those of another, and round about them, as WebP in base 64."""
    import cv2
    import numpy as np

    red, green, blue = cv2.split(cv2.absdiff(after, small))
    differs = cv2.bitwise_or(cv2.bitwise_or(red, green), blue) > 0
    alpha = cv2.dilate(differs.astype(np.uint8), np.ones((3, 3), np.uint8)) * 255
    return _webp(np.dstack([np.where(alpha[..., None] > 0, after, 255).astype(np.uint8), alpha]))


def _shown(width: int, height: int) -> tuple[int, int]:
    scale = HEIGHT / height
    if height > STRIP * width:
        scale = min((STRIP_PIXELS / (width * height)) ** 0.5, LONGEST / height)
    scale = min(scale, 1.0, LONGEST / width)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _webp(image: "NDArray[Any]") -> str:
    from PIL import Image as Pillow

    out = io.BytesIO()
    Pillow.fromarray(image).save(out, "WEBP", quality=QUALITY, method=2)
    return base64.b64encode(out.getvalue()).decode()


def _overlay(mask: Mask) -> str:
    from PIL import Image as Pillow

    picture = Pillow.fromarray(mask).convert("1").convert("P")
    picture = picture.point([0] * 255 + [1])
    picture.putpalette([255, 0, 60, 255, 0, 60])
    out = io.BytesIO()
    picture.save(out, "PNG", bits=1, transparency=bytes([0, 255]), optimize=False)
    return base64.b64encode(out.getvalue()).decode()


def _blobs(full: "NDArray[np.uint8]") -> list[list[int]]:
    """Patches of a 0/255 mask as [left, top, right, bottom, area], in source pixels."""
    import cv2
    import numpy as np

    height, width = full.shape
    cells = (max(-(-width // CELL), 1), max(-(-height // CELL), 1))
    padded = np.zeros((cells[1] * CELL, cells[0] * CELL), np.uint8)
    padded[:height, :width] = full > 0
    filled = padded.reshape(cells[1], CELL, cells[0], CELL).sum(axis=(1, 3), dtype=np.int64)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((filled > 0).astype(np.uint8))
    areas = np.bincount(labels.ravel(), weights=filled.ravel(), minlength=count)
    return [
        [left * CELL, top * CELL, min((left + w) * CELL, width), min((top + h) * CELL, height), int(areas[i])]
        for i, (left, top, w, h, _) in enumerate(stats.tolist())
        if i
    ]
