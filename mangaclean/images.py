"""Pages as pictures: loaded to RGB, and given back in the mode, profile and resolution they came in."""

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mangaclean.errors import PageError
from mangaclean.types import Image, Mask

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

ORIENTATION = 0x0112  # EXIF tag
SUFFIXES = {"png": ".png", "webp": ".webp", "jpg": ".jpg"}
# What `same` writes: the page's own format where it can hold the page again, else PNG.
SAME = {"PNG": "png", "JPEG": "jpg", "MPO": "jpg", "WEBP": "webp", "TIFF": "tiff", "BMP": "bmp", "GIF": "gif"}
PLAIN = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}  # modes that come back as they were


@dataclass(frozen=True, slots=True)
class Look:
    """What is needed to give a page back as it came."""

    mode: str
    format: str
    icc_profile: bytes | None
    dpi: tuple[float, float] | None
    exif: bytes | None
    original: Image  # (H, W, 3)
    alpha: Any  # (H, W) uint8 or None
    indices: Any  # (H, W) uint8 of a palette page, or None
    palette: Any  # (n, 3) uint8, or None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page: (H, W, 3) RGB, how it looked on disk, and what had to be converted."""

    image: Image
    look: Look
    notes: tuple[str, ...]


def load(data: bytes, name: str, max_pixels: int = 300_000_000) -> Loaded:
    """Read a page. EXIF orientation is applied; transparency is laid over white. PageError says what is wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of sizes that our own limit judges, and of odd metadata
        return _load(data, name, max_pixels)


def _load(data: bytes, name: str, max_pixels: int) -> Loaded:
    from PIL import Image as Pillow
    from PIL import ImageOps, UnidentifiedImageError

    if not data:
        raise PageError(f"{name}: the file is empty; copy or download it again")
    try:
        with Pillow.open(io.BytesIO(data)) as picture:
            _check_size(picture, name, max_pixels)
            frames = int(getattr(picture, "n_frames", 1))
            notes = [f"{frames} frames: the first is used"] if frames > 1 else []
            picture.load()
            info, form = dict(picture.info), picture.format or "PNG"
            exif = picture.getexif()
            turned = ImageOps.exif_transpose(picture) if exif.get(ORIENTATION, 1) != 1 else picture.copy()
    except UnidentifiedImageError:
        raise PageError(f"{name}: this is not a picture, or of no known format{_guess(data)}") from None
    except Pillow.DecompressionBombError as error:
        raise PageError(f"{name}: {error}") from None
    except PageError:
        raise
    except Exception as error:  # broken files make decoders raise nearly anything
        raise PageError(f"{name}: damaged or cut short ({error}); copy or download it again") from error
    return _decoded(turned, form, info, exif, notes)


def _check_size(picture: "Picture", name: str, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise PageError(
            f"{name}: {width} × {height} px is more than input.max_pixels = {max_pixels}; "
            "if the page is genuine, raise that limit"
        )


def _decoded(picture: "Picture", form: str, info: dict[Any, Any], exif: Any, notes: list[str]) -> Loaded:
    exif.pop(ORIENTATION, None)
    profile: bytes | None = info.get("icc_profile")
    mode = picture.mode
    if mode not in PLAIN:
        mode, picture, profile = _converted(picture, profile, notes)
    alpha = indices = palette = None
    if mode in ("P", "PA"):
        indices = np.asarray(picture if mode == "P" else picture.getchannel(0)).copy()
        table = picture.convert("P").palette if mode == "PA" else picture.palette
        kind = table.mode if table else ""
        palette = np.frombuffer(table.tobytes() if table and kind == "RGB" else b"", np.uint8)
        palette = palette[: len(palette) // 3 * 3].reshape(-1, 3)
        if mode == "PA" or kind != "RGB" or "transparency" in info:
            mode, indices, palette = "RGBA", None, None
            picture = picture.convert("RGBA")
    elif "transparency" in info and mode in ("1", "L", "RGB"):
        mode = "RGBA" if mode == "RGB" else "LA"
        picture = picture.convert(mode)
    if mode in ("RGBA", "LA"):
        alpha = np.asarray(picture.getchannel("A")).copy()
        colours = np.asarray(picture.convert("RGBA"))[..., :3].astype(np.uint16)
        cover = alpha[..., None].astype(np.uint16)
        image = ((colours * cover + 255 * (255 - cover) + 127) // 255).astype(np.uint8)
        original = np.asarray(picture.convert("RGBA"))[..., :3].copy()
    else:
        image = np.asarray(picture.convert("RGB")).copy()
        original = image.copy()
    dpi = info.get("dpi")
    look = Look(
        mode,
        form,
        profile,
        (float(dpi[0]), float(dpi[1])) if dpi and min(dpi) > 0 else None,
        exif.tobytes() if len(exif) else None,
        original,
        alpha,
        indices,
        palette,
    )
    return Loaded(image, look, tuple(notes))


def _converted(picture: "Picture", profile: bytes | None, notes: list[str]) -> tuple[str, "Picture", bytes | None]:
    """Modes that no cleaned page is written in: 16 bit, CMYK and the like."""
    from PIL import Image as Pillow

    mode = picture.mode
    if mode.startswith(("I", "F")):
        values = np.asarray(picture).astype(np.float64)
        top = 65535.0 if mode.startswith("I") and values.max(initial=0) > 255 else max(values.max(initial=0), 255.0)
        notes.append(f"{'16-bit' if mode.startswith('I') else 'floating-point'} page converted to 8 bit")
        return "L", Pillow.fromarray(np.clip(values * (255 / top) + 0.5, 0, 255).astype(np.uint8)), profile
    if mode in ("CMYK", "YCbCr", "LAB", "HSV", "RGBX"):
        notes.append(f"{mode} page converted to RGB" + ("; its colour profile no longer fits" if profile else ""))
        return "RGB", picture.convert("RGB"), None
    notes.append(f"{mode} page converted to RGBA")
    return "RGBA", picture.convert("RGBA"), profile


def _guess(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html")):
        return "; it is a web page: the download went wrong"
    if head.startswith(b"<"):
        return "; it is text"
    return "; it is text" if all(9 <= byte < 127 for byte in head) else ""


def suffix(look: Look, to: str) -> str:
    """The suffix of a cleaned page: `to` is png, webp, jpg or same."""
    if to == "same":
        return "." + SAME.get(look.format, "png")
    return SUFFIXES[to]


def dump(image: Image, look: Look, to: str = "png", quality: int = 95) -> bytes:
    """Write a page (H, W, 3) in the mode, profile and resolution of `look`. Unchanged pixels come out unchanged."""
    from PIL import Image as Pillow

    picture = _as_before(image, look)
    kind = suffix(look, to)[1:]
    options: dict[str, Any] = {"icc_profile": look.icc_profile, "exif": look.exif, "dpi": look.dpi}
    options = {key: value for key, value in options.items() if value}
    out = io.BytesIO()
    if kind == "png":
        picture.save(out, "PNG", compress_level=3, **options)
    elif kind == "jpg":
        flat = picture if picture.mode in ("L", "RGB") else Pillow.fromarray(image).convert("RGB")
        flat.save(out, "JPEG", quality=quality, subsampling=0, optimize=True, **options)
    elif kind == "webp":
        options.pop("dpi", None)
        picture.convert("RGBA" if "A" in picture.mode else "RGB").save(out, "WEBP", quality=quality, **options)
    else:
        options.pop("exif" if kind in ("bmp", "gif") else "", None)
        picture.save(out, kind.upper(), **({"compression": "tiff_lzw"} if kind == "tiff" else {}), **options)
    return out.getvalue()


def _as_before(image: Image, look: Look) -> "Picture":
    from PIL import Image as Pillow

    if look.mode == "1":
        return Pillow.fromarray(image[..., 0] >= 128)
    if look.mode == "L":
        return Pillow.fromarray(np.ascontiguousarray(image[..., 0]))
    if look.mode == "P":
        return _indexed(image, look)
    if look.alpha is None:
        return Pillow.fromarray(image)
    # Pixels that were painted are opaque; the others keep their transparency and what lies under it.
    cover = look.alpha[..., None].astype(np.uint16)
    laid = (look.original.astype(np.uint16) * cover + 255 * (255 - cover) + 127) // 255
    painted = (image != laid).any(2)
    colours = np.where(painted[..., None], image, look.original)
    alpha = np.where(painted, 255, look.alpha).astype(np.uint8)
    if look.mode == "LA":
        return Pillow.merge("LA", (Pillow.fromarray(colours[..., 0].copy()), Pillow.fromarray(alpha)))
    return Pillow.fromarray(np.dstack([colours, alpha]))


def _indexed(image: Image, look: Look) -> "Picture":
    """A palette page again where the new colours fit; else RGB."""
    from PIL import Image as Pillow

    indices, palette = look.indices.copy(), look.palette
    painted = (image != look.original).any(2)
    colours, inverse = np.unique(image[painted].reshape(-1, 3), axis=0, return_inverse=True)
    known = {tuple(colour): i for i, colour in reversed(list(enumerate(palette.tolist())))}
    fresh = [tuple(colour) for colour in colours.tolist() if tuple(colour) not in known]
    if len(palette) + len(fresh) > 256:
        return Pillow.fromarray(image)
    for colour in fresh:
        known[colour] = len(known) if len(known) >= len(palette) else len(palette) + fresh.index(colour)
    table = np.array([known[tuple(colour)] for colour in colours.tolist()], np.uint8)
    indices[painted] = table[inverse.ravel()] if len(table) else 0
    full = np.concatenate([palette, np.array(fresh, np.uint8).reshape(-1, 3)])
    picture = Pillow.fromarray(indices)
    picture.putpalette(full.astype(np.uint8).tobytes())
    return picture


def load_mask(data: bytes, name: str, size: tuple[int, int]) -> Mask:
    """A mask from a picture of any mode, light = erase. `size` is (width, height), and has to be the page's."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(io.BytesIO(data)) as picture:
            grey = np.asarray(picture.convert("L"))
    except Exception as error:  # a person may have left anything here
        raise PageError(f"mask {name}: cannot be read ({error}); delete it to have it made again") from error
    if grey.shape != (size[1], size[0]):
        shape = f"{grey.shape[1]} × {grey.shape[0]}"
        raise PageError(
            f"mask {name}: {shape} px, but the page has {size[0]} × {size[1]}; delete it or give it that size"
        )
    return grey > 127


def dump_mask(mask: Mask) -> bytes:
    """An 8-bit PNG, white = erase."""
    from PIL import Image as Pillow

    out = io.BytesIO()
    Pillow.fromarray(mask.astype(np.uint8) * 255).save(out, "PNG", compress_level=4)
    return out.getvalue()
