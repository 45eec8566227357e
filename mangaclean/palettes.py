"""Pages with a palette or clear parts: their colours, and the way back to them after painting."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mangaclean.types import Image, Mask

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Indices = NDArray[np.uint8]  # (H, W)
Palette = NDArray[np.uint8]  # (n, 4) RGBA


def over_white(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours (…, 3) as they look on white paper under their alpha (…)."""
    cover = alpha[..., None].astype(np.uint16)
    return ((colours * cover + 255 * (255 - cover) + 127) // 255).astype(np.uint8)


def cleared(image: Image, painted: Mask, alpha: NDArray[np.uint8]) -> Mask:
    """Which pixels (H, W) of those painted on a page (H, W, 3) are white beside what is clear there.

    They are clear themselves: on any ground but white, lettering would stay readable as white cut-outs.
    """
    white = painted & (image == 255).all(2)
    if not white.any() or painted.all() or alpha.min() > 0:
        return np.zeros_like(painted)
    import cv2

    nearest = cv2.distanceTransformWithLabels(
        painted.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    clear = np.zeros(int(nearest.max()) + 1, bool)
    clear[nearest[~painted]] = alpha[~painted] == 0
    return np.asarray(white & clear[nearest])


def read(picture: "Picture") -> tuple[Indices, Palette]:
    """Indices and colours of a picture in mode P; its transparency is in the palette's alpha."""
    indices = np.array(picture)
    ramp = picture.crop((0, 0, 256, 1))  # keeps palette and transparency; Pillow itself then says what each index is
    ramp.putdata(range(256))
    entries = max(len(picture.getpalette("RGB") or []) // 3, int(indices.max(initial=0)) + 1)
    return indices, np.array(ramp.convert("RGBA"))[0, :entries]


def again(image: Image, indices: Indices, palette: Palette) -> "Picture | None":
    """`image` (H, W, 3) in mode P. Painted colours that the palette lacks join it; None where they do not fit."""
    from PIL import Image as Pillow

    painted = (image != over_white(palette[:, :3], palette[:, 3])[indices]).any(2)
    clear = cleared(image, painted, palette[:, 3][indices])
    used = np.bincount(indices[~painted].ravel(), minlength=256) > 0
    painted &= ~clear
    wanted, inverse = np.unique(_packed(image[painted]), return_inverse=True)
    opaque = palette[:, 3] == 255
    known = {int(colour): n for n, colour in reversed(list(enumerate(_packed(palette[:, :3])))) if opaque[n]}
    needed = {known[int(colour)] for colour in wanted if int(colour) in known}
    # New entries first; then those that no pixel uses.
    places = [*range(len(palette), 256), *(n for n in range(len(palette)) if not used[n] and n not in needed)]
    fresh = [int(colour) for colour in wanted if int(colour) not in known]
    if len(fresh) > len(places):
        return None
    full = np.zeros((256, 4), np.uint8)
    full[: len(palette)] = palette
    entries = len(palette)
    for colour, place in zip(fresh, places, strict=False):
        full[place] = colour >> 16, colour >> 8 & 255, colour & 255, 255
        known[colour], entries = place, max(entries, place + 1)
    numbers = indices.copy()
    if clear.any():
        numbers[clear] = np.flatnonzero(used[: len(palette)] & (palette[:, 3] == 0))[0]
    numbers[painted] = np.array([known[int(colour)] for colour in wanted], np.uint8)[inverse.ravel()]
    picture = Pillow.fromarray(numbers)
    picture.putpalette(full[:entries, :3].tobytes())
    if (full[:entries, 3] < 255).any():
        picture.info["transparency"] = full[:entries, 3].tobytes()
    return picture


def _packed(colours: NDArray[np.uint8]) -> NDArray[np.int32]:
    red, green, blue = (colours[..., n].astype(np.int32) for n in range(3))
    return red << 16 | green << 8 | blue
