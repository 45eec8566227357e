"""PSD: one layered file for each page, for Photoshop, Clip Studio Paint, Affinity Photo, Krita and GIMP."""

import io
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mangaclean.export import Book
from mangaclean.export.layers import Group, Layer, Stack, put, stacks
from mangaclean.export.names import Names

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from psd_tools.api.layers import GroupMixin

log = logging.getLogger(__name__)

LONGEST = 30_000  # px; the format holds no more


def write(book: Book, dest: Path) -> None:
    """Write DEST/001.psd and so on. The same book gives the same bytes. OutputError if a file cannot be written."""
    used = Names()
    for page, stack in stacks(book):
        if max(stack.merged.shape) > LONGEST:
            log.warning("%s is longer than the %d px that a PSD can hold; take ora for it", page.name, LONGEST)
            continue
        put(dest / used.other(page.name, ".psd"), dump(stack), force=book.force)


def dump(stack: Stack) -> bytes:
    """The file of a page."""
    from psd_tools import PSDImage
    from psd_tools.constants import Compression, Resource
    from psd_tools.psd.image_resources import ImageResource

    # The library gives a layer an alpha channel of its own only where the document has one, and a layer mask elsewhere.
    # So the document gets alpha while layers are put in, and loses it when it is written: the page itself is opaque.
    mode = "L" if stack.grey else "RGB"
    merged = _picture(stack.merged).convert(mode)
    document = PSDImage.frompil(merged.convert(mode + "A"))
    for layer in stack.layers:
        if isinstance(layer, Group):
            group = document.create_group(open_folder=layer.visible)
            group.name = layer.name  # here any script will do; among the arguments, only what MacRoman has
            for one in layer.layers:
                _add(group, one)
            group.visible = layer.visible
        else:
            _add(document, layer)
    if stack.profile:
        document.image_resources[Resource.ICC_PROFILE] = ImageResource(
            key=Resource.ICC_PROFILE.value, data=stack.profile
        )
    document.image_resources[Resource.RESOLUTION_INFO] = ImageResource(
        key=Resource.RESOLUTION_INFO.value, data=_resolution(stack.dpi)
    )
    record = document._record  # `save` would compose the layers again, slowly, to make the preview that we have
    record.header.channels = len(mode)
    record.image_data.compression = Compression.RLE
    record.image_data.set_data([band.tobytes() for band in merged.split()], record.header)
    out = io.BytesIO()
    record.write(out)
    return out.getvalue()


def _add(parent: "GroupMixin", layer: Layer) -> None:
    made = parent.create_pixel_layer(
        _picture(layer.pixels), top=layer.top, left=layer.left, opacity=round(layer.opacity * 255)
    )
    made.name = layer.name
    made.visible = layer.visible


def _picture(pixels: NDArray[np.uint8]) -> "Picture":
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(pixels))


def _resolution(dpi: tuple[float, float] | None) -> Any:
    """Pixels an inch, as Photoshop holds them: 16.16 fixed point, shown by inch and centimetre."""
    import struct

    across, down = (round(round(value, 2) * 65536) for value in dpi or (72.0, 72.0))
    return struct.pack(">IHHIHH", across, 1, 2, down, 1, 2)
