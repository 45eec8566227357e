"""Pages made smaller by JPEG, where that makes them smaller."""

import io
import logging
from typing import Any

log = logging.getLogger(__name__)


def smaller(suffix: str, data: bytes, quality: int) -> tuple[str, bytes]:
    """A page's file as JPEG of `quality`: its suffix and bytes; as it was where JPEG is no gain or would do harm.

    1-bit pages and those of few colours stay, being small and sharp; so do JPEGs, which would only lose, and pages with
    transparency. A colour page that shows greys alone is written in grey.
    """
    from PIL import Image

    if suffix in (".jpg", ".jpeg", ".jpe", ".jfif"):
        return suffix, data
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode not in ("L", "RGB") or "transparency" in image.info or max(image.size) > 65_500:
                return suffix, data
            options: dict[str, Any] = {
                name: image.info[name] for name in ("icc_profile", "dpi", "exif") if image.info.get(name)
            }
            picture: Image.Image = image
            if image.mode == "RGB" and "icc_profile" not in options and _is_grey(image):
                picture = image.convert("L")
            out = io.BytesIO()
            # Chroma of lettering and screen tones is kept whole above the quality where a person would look for it
            picture.save(out, "JPEG", quality=quality, optimize=True, subsampling=0 if quality >= 80 else 2, **options)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        log.debug("not made smaller: %s", error)
        return suffix, data
    return (".jpg", out.getvalue()) if len(out.getvalue()) < len(data) else (suffix, data)


def _is_grey(image: Any) -> bool:
    from PIL import ImageChops

    red, green, blue = image.split()
    return not (ImageChops.difference(red, green).getbbox() or ImageChops.difference(red, blue).getbbox())
