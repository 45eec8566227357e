"""Pages of a PDF: the picture that fills a page as it lies there, else the page drawn."""

import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mangaclean.config import InputConfig
from mangaclean.errors import InputError, PageError

FILLS = 0.9  # share of the page from which a picture is the page


def read(path: Path, cfg: InputConfig) -> tuple[Mapping[str, Callable[[], bytes]], tuple[str, ...], Callable[[], None]]:
    """Functions that give each page's picture, by name; notes; and what closes the PDF.

    InputError for a password, where it is damaged, or where no page holds a picture.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
        count = len(document)
        sights = [_sight(document, number) for number in range(count)]
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise InputError(f"{path}: protected by a password; save a copy without one") from error
        raise InputError(f"{path}: damaged PDF ({error}); copy or download it again") from error
    if not any(sights):
        document.close()
        raise InputError(f"{path}: no page of this PDF holds a picture; there is nothing to clean")
    digits = max(len(str(count)), 3)
    pages = {
        f"{number + 1:0{digits}}{'.jpg' if sight == 'jpeg' else '.png'}": partial(_page, document, number, sight, cfg)
        for number, sight in enumerate(sights)
    }
    drawn = sum(sight not in ("jpeg", "picture") for sight in sights)
    notes = (
        f"{drawn} of {count} pages are more than one picture, and were drawn at {cfg.pdf_dpi} dpi (input.pdf_dpi)",
    )
    return pages, notes if drawn else (), document.close


def _sight(document: Any, number: int) -> str:
    """What a page is: `jpeg` or `picture` that fills it, `mixed` with others or with text, or nothing like it."""
    import pypdfium2.raw as pdfium

    page = document[number]
    try:
        objects = list(page.get_objects())
        pictures = [thing for thing in objects if thing.type == pdfium.FPDF_PAGEOBJ_IMAGE]
        if not pictures:
            return ""
        if len(objects) > 1 or page.get_rotation() or not _fills(page, pictures[0]):
            return "mixed"
        if list(pictures[0].get_filters())[-1:] != ["DCTDecode"]:
            return "picture"
        # What CMYK in a JPEG of a PDF means stands in the PDF alone.
        return "jpeg" if pictures[0].get_metadata().bits_per_pixel in (8, 24) else "mixed"
    finally:
        page.close()


def _fills(page: Any, picture: Any) -> bool:
    """Whether a picture lies upright on its page, and covers it and no more."""
    left, bottom, right, top = picture.get_bounds()
    width, height = page.get_size()
    a, b, c, d = picture.get_matrix().get()[:4]
    area = (right - left) * (top - bottom) / (width * height)
    return bool(FILLS <= area <= 1 / FILLS and not b and not c and a > 0 and d > 0)


def _page(document: Any, number: int, sight: str, cfg: InputConfig) -> bytes:
    import pypdfium2

    try:
        page = document[number]
        try:
            return _bytes(page, sight, cfg)
        finally:
            page.close()
    except (pypdfium2.PdfiumError, OSError, ValueError) as error:
        raise PageError(f"page {number + 1} of the PDF: damaged ({error}); copy or download it again") from error


def _bytes(page: Any, sight: str, cfg: InputConfig) -> bytes:
    scale = cfg.pdf_dpi / 72
    if sight == "jpeg":
        return bytes(next(page.get_objects()).get_data(decode_simple=True))
    if sight == "picture":
        picture = next(page.get_objects())
        width, height = picture.get_px_size()
        _check_size(width, height, cfg)
        return _png(picture.get_bitmap().to_pil())
    width, height = page.get_size()
    _check_size(width * scale, height * scale, cfg)
    return _png(page.render(scale=scale).to_pil(), dpi=(cfg.pdf_dpi, cfg.pdf_dpi))


def _check_size(width: float, height: float, cfg: InputConfig) -> None:
    if width * height > cfg.max_pixels:
        raise PageError(
            f"{width:.0f} × {height:.0f} px is more than input.max_pixels = {cfg.max_pixels}; "
            "lower input.pdf_dpi, or raise that limit"
        )


def _png(picture: Any, **options: Any) -> bytes:
    import numpy as np

    if picture.mode != "L":
        picture = picture.convert("RGB")
        red, green, blue = np.moveaxis(np.asarray(picture), 2, 0)
        if np.array_equal(red, green) and np.array_equal(green, blue):  # PDFium draws grey pages in colour
            picture = picture.convert("L")
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1, **options)
    return out.getvalue()
