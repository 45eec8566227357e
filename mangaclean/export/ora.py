"""ORA (OpenRaster): one layered file for each page, for Krita, GIMP and MyPaint."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from mangaclean.export import Book
from mangaclean.export.cbz import store
from mangaclean.export.layers import Group, Layer, Stack, put, stacks
from mangaclean.export.names import Names

THUMBNAIL = 256  # px, by the specification


def write(book: Book, dest: Path) -> None:
    """Write DEST/001.ora and so on. The same book gives the same bytes. OutputError if a file cannot be written."""
    used = Names()
    for page, stack in stacks(book):
        put(dest / used.other(page.name, ".ora"), dump(stack), force=book.force)


def dump(stack: Stack) -> bytes:
    """The file of a page, as version 0.0.5 of the specification has it."""
    from PIL import Image

    out = io.BytesIO()
    height, width = stack.merged.shape[:2]
    with zipfile.ZipFile(out, "w") as archive:
        store(archive, "mimetype", b"image/openraster")  # first and as it is, so that files can be told by their head
        about = {"version": "0.0.5", "w": str(width), "h": str(height)}
        if stack.dpi:
            about |= {"xres": str(round(stack.dpi[0])), "yres": str(round(stack.dpi[1]))}
        root = ElementTree.Element("image", about)
        images = ElementTree.SubElement(root, "stack")
        for path, data in _tree(images, stack.layers, stack.profile):
            store(archive, path, data)
        ElementTree.indent(root)
        store(archive, "stack.xml", ElementTree.tostring(root, "utf-8", xml_declaration=True), compressed=True)
        store(archive, "mergedimage.png", _png(stack.merged, stack.profile))
        small = Image.fromarray(stack.merged)
        small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
        store(archive, "Thumbnails/thumbnail.png", _png(np.asarray(small), None))
    return out.getvalue()


def _tree(
    parent: ElementTree.Element, layers: tuple[Layer | Group, ...], profile: bytes | None, prefix: str = "data/"
) -> Iterator[tuple[str, bytes]]:
    """Enter layers, which the file lists from the top down, and give their pictures."""
    for number, layer in reversed(list(enumerate(layers))):
        seen = {"name": layer.name, "visibility": "visible" if layer.visible else "hidden"}
        if isinstance(layer, Group):
            group = ElementTree.SubElement(parent, "stack", seen | {"isolation": "auto"})
            yield from _tree(group, layer.layers, profile, f"{prefix}{number:02}-")
            continue
        path = f"{prefix}{number:02}.png"
        place = {"src": path, "x": str(layer.left), "y": str(layer.top), "opacity": f"{layer.opacity:g}"}
        ElementTree.SubElement(parent, "layer", seen | place | {"composite-op": "svg:src-over"})
        yield path, _png(layer.pixels, profile)


def _png(pixels: NDArray[np.uint8], profile: bytes | None) -> bytes:
    from PIL import Image

    options: dict[str, Any] = {"icc_profile": profile} if profile and profile[16:20] == b"RGB " else {}
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG", compress_level=6, **options)
    return out.getvalue()
