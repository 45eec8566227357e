"""A page as layers, from the bottom up: original, cleaned, mask, the source's lettering and the translations."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mangaclean import files, images
from mangaclean.errors import PageError
from mangaclean.export import Book, BookPage, read
from mangaclean.types import Image, Mask, Region

if TYPE_CHECKING:
    from mangaclean.setting import Piece

log = logging.getLogger(__name__)

MASK = (255, 0, 0)
SHORT = 60  # letters of a text that name its layer


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Pixels (h, w, 3) or (h, w, 4) with straight alpha, at left, top of the page; `opacity` from 0 to 1."""

    name: str
    pixels: NDArray[np.uint8]
    left: int = 0
    top: int = 0
    visible: bool = True
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Layers that are shown and hidden together, from the bottom up."""

    name: str
    layers: tuple[Layer, ...]
    visible: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """A page's layers from the bottom up, and what they look like together, (H, W, 3)."""

    layers: tuple[Layer | Group, ...]
    merged: Image
    grey: bool
    profile: bytes | None
    dpi: tuple[float, float] | None


def stacks(book: Book) -> Iterator[tuple[BookPage, Stack]]:
    """The pages of a book as layers, one at a time; a page that cannot be read is left out, with a warning."""
    for page in book.pages:
        try:
            yield page, stack(page)
        except PageError as error:
            log.warning("%s; there are no layers of this page", error)


def stack(page: BookPage) -> Stack:
    """The layers of a page. PageError where neither the original nor the cleaned page can be read."""
    original = cleaned = None
    try:
        original = images.load(read(page), page.name)
    except PageError as error:
        if page.cleaned is None:
            raise
        log.warning("%s; the layers go without the original", error)
    if page.cleaned is not None and page.cleaned.is_file():
        cleaned = images.load(page.cleaned.read_bytes(), page.cleaned.name)
    base = cleaned or original
    assert base is not None
    pieces = page.pieces() if cleaned else ()
    mask = _mask(page, base.image)
    layers: list[Layer | Group] = []
    if original:
        layers.append(Layer("Original", original.image))
    if cleaned:
        layers.append(Layer("Cleaned", cleaned.image))
    if mask is not None:
        layers.append(Layer("Mask", _tinted(mask), visible=False, opacity=0.5))
    if original and mask is not None and (found := tuple(_lettering(original.image, mask, page.regions))):
        layers.append(Group("Lettering of the source", found, visible=False))
    merged = base.image
    if pieces:
        from mangaclean.setting import composed

        named = {region.id: region for region in page.regions}
        layers.append(Group("Translation", tuple(_piece(piece, named.get(piece.region)) for piece in pieces)))
        merged = composed(merged, pieces)
    grey = base.look.mode in ("1", "L", "LA") and all(_is_grey(piece.pixels) for piece in pieces)
    profile = base.look.icc_profile
    if profile and profile[16:20] != (b"GRAY" if grey else b"RGB "):
        profile = None
    return Stack(tuple(layers), merged, grey, profile, base.look.dpi)


def _mask(page: BookPage, image: Image) -> Mask | None:
    if page.mask is None or not page.mask.is_file():
        return None
    try:
        return images.load_mask(page.mask.read_bytes(), page.mask.name, (image.shape[1], image.shape[0]))
    except PageError as error:
        log.warning("%s; the layers go without it", error)
        return None


def _tinted(mask: Mask) -> NDArray[np.uint8]:
    """Clear, and of one colour where the mask is: a click on the layer selects it."""
    pixels = np.zeros((*mask.shape, 4), np.uint8)
    pixels[mask] = (*MASK, 255)
    return pixels


def _lettering(image: Image, mask: Mask, regions: tuple[Region, ...]) -> Iterator[Layer]:
    """What the mask covers of each region, as it was: to see what stood there, and how."""
    height, width = mask.shape
    for region in regions:
        box = region.box.grown(8, width, height)
        cover = mask[box.slices]
        if not cover.any():
            continue
        rows, columns = np.flatnonzero(cover.any(1)), np.flatnonzero(cover.any(0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        pixels = np.dstack([image[box.slices][part], cover[part].astype(np.uint8) * 255])
        yield Layer(name(region, region.text), pixels, box.left + int(columns[0]), box.top + int(rows[0]))


def _piece(piece: "Piece", region: Region | None) -> Layer:
    label = name(region, region.translation or region.text) if region else piece.region
    return Layer(label, piece.pixels, piece.left, piece.top)


def name(region: Region, text: str) -> str:
    """A layer's name: the region's number and kind, and the beginning of its text."""
    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    short = words if len(words) <= SHORT else words[: SHORT - 1] + "…"
    return f"{region.order} {region.kind}" + (f": {short}" if short else "")


def _is_grey(pixels: NDArray[np.uint8]) -> bool:
    seen = pixels[pixels[..., 3] > 0]
    return bool((seen[:, :3] == seen[:, :1]).all())


def put(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file that people work in: one that is there and differs is kept, with a warning, unless by `force`."""
    if path.is_file() and not force:
        if path.read_bytes() != data:
            log.warning("%s differs from what would be written, and may hold work: kept; --force replaces it", path)
        return
    files.write(path, data)
