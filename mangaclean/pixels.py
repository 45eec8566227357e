"""Pixels of kinds that no cleaned page is written in, made 8-bit grey or RGB: 16 bit, floating point, CMYK, LAB …"""

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

PLAIN = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})  # modes that come back as they were
BITS = 0x0102  # TIFF: bits of each channel


def plain(picture: "Picture", profile: bytes | None) -> tuple["Picture", bytes | None, str]:
    """A picture in a mode of PLAIN, the colour profile that describes it now, and a note where it had to change."""
    mode = picture.mode
    if mode in PLAIN:
        return picture, profile, ""
    if mode.startswith(("I", "F")):
        kind = {"I": "32-bit", "F": "floating-point"}.get(mode, "16-bit")
        return _eight_bits(picture), profile, f"{kind} page converted to 8 bit"
    if mode in ("PA", "La", "RGBa"):
        return picture.convert("LA" if mode == "La" else "RGBA"), profile, f"{mode} page converted"
    if mode == "CMYK" and profile:
        converted = _managed(picture, profile)
        if converted:
            return converted, None, "CMYK page converted to RGB (sRGB) by its colour profile"
    # A profile of the old colours says nothing about the new ones.
    return picture.convert("RGB"), None, f"{mode} page converted to RGB"


def deep(picture: "Picture", data: bytes) -> bool:
    """Whether Pillow has cut 16-bit channels to 8 on its own account."""
    if picture.mode.startswith(("I", "F")):
        return False
    if picture.format == "PNG":
        return data[24] == 16
    if picture.format == "TIFF":
        return bool(max(getattr(picture, "tag_v2", {}).get(BITS, (8,))) > 8)
    return False


def _eight_bits(picture: "Picture") -> "Picture":
    from PIL import Image as Pillow

    values = np.nan_to_num(np.asarray(picture).astype(np.float64), posinf=0.0)
    most = float(values.max(initial=0.0))
    if picture.mode.startswith("I;16"):
        top = 65535.0
    elif picture.mode == "I":
        top = 255.0 if most <= 255 else 65535.0 if most <= 65535 else most
    else:
        top = 1.0 if most <= 1 else max(most, 255.0)
    return Pillow.fromarray(np.clip(values * (255 / top) + 0.5, 0, 255).astype(np.uint8))


def _managed(picture: "Picture", profile: bytes) -> "Picture | None":
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):  # a damaged profile, or one of other colours
        return None
