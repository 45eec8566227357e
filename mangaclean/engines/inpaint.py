"""Inpainters: who paints the grounds that are not flat."""

import cv2
import numpy as np

from mangaclean.config import InpaintConfig
from mangaclean.engines import exemplar, fsr
from mangaclean.types import Box, Image, Inpainter, Mask

PATCH = 5  # px from the middle of a compared patch to its edge; tone of 60 lines repeats within it
LOOK = 32  # px round a hole in which PatchMatch looks for what to copy; its time goes with the area
RADIUS = 5  # px that OpenCV's methods look at round a pixel
SEED = 1
TINTED = 24  # levels by which noise and JPEG move a pixel's colour on a scan without colour
COLOURED = 0.001  # share of pixels that are farther off there


def patchmatch(cfg: InpaintConfig) -> Inpainter:
    """Copies patches that fit from round the hole (Barnes et al. 2009, PatchMatch); strong on screentone."""
    from patchmatch import patch_match

    patch_match.set_random_seed(SEED)

    def inpainter(image: Image, mask: Mask) -> Image:
        out = image.copy()
        for box in windows(mask):
            tile, hole = image[box.slices], mask[box.slices]
            if hole.all():
                out[box.slices] = 255
            elif min(box.width, box.height) <= 2 * PATCH:  # too narrow to hold a patch
                out[box.slices] = smooth(tile, hole, cv2.INPAINT_TELEA)
            else:
                found: Image = patch_match.inpaint(tile, hole, patch_size=PATCH)
                out[box.slices][hole] = found[hole]
        return out

    return inpainter


def frequency_selective(cfg: InpaintConfig) -> Inpainter:
    """Frequency-selective reconstruction (Seiler and Kaup 2010): lines, hatching and tone run on behind the hole."""
    return _in_few_channels(fsr.reconstruct)


def exemplars(cfg: InpaintConfig) -> Inpainter:
    """Frequency-selective reconstruction, said in patches of what stands round the hole (Wexler et al. 2007)."""
    return _in_few_channels(lambda art, mask: exemplar.refined(art, mask, fsr.reconstruct(art, mask)))


def _in_few_channels(paint: Inpainter) -> Inpainter:
    """An inpainter by one for any number of channels: a page without colour takes a third of the time."""

    def inpainter(image: Image, mask: Mask) -> Image:
        if mask.all():  # nothing to continue from
            return np.full_like(image, 255)
        return np.array(np.broadcast_to(paint(distinct_channels(image), mask), image.shape))

    return inpainter


def distinct_channels(image: Image) -> Image:
    """Of an image (H, W, 3) without colour, one channel (H, W, 1); else all."""
    return image if (image != image[..., :1]).any() else np.ascontiguousarray(image[..., :1])


def monochrome(pixels: Image) -> bool:
    """Whether pixels (n, 3) are of one ink on one paper: grey, or a scan with the tint of its paper and some noise.

    Their red and blue then differ from their green as a straight line says, from the ink's difference to the paper's.
    """
    red, green, blue = pixels.astype(np.float32).T
    level = green - green.mean()
    spread = max(float(level @ level), 1.0)
    off = np.zeros(len(pixels), bool)
    for tint in (red - green, blue - green):
        tint -= tint.mean()
        off |= np.abs(tint - level * (level @ tint / spread)) > TINTED
    return bool(off.mean() <= COLOURED)


def telea(cfg: InpaintConfig) -> Inpainter:
    """Smooth continuation by fast marching (Telea 2004)."""
    return lambda image, mask: smooth(image, mask, cv2.INPAINT_TELEA)


def navier_stokes(cfg: InpaintConfig) -> Inpainter:
    """Smooth continuation along lines of equal tone (Bertalmio et al. 2001)."""
    return lambda image, mask: smooth(image, mask, cv2.INPAINT_NS)


def white(cfg: InpaintConfig) -> Inpainter:
    """White, for those who redraw by hand."""
    return lambda image, mask: np.where(mask[..., None], np.uint8(255), image)


def smooth(image: Image, mask: Mask, method: int) -> Image:
    """What OpenCV's `method`, a number of its own, makes of a page."""
    if mask.all():  # nothing to continue from
        return np.full_like(image, 255)
    if not mask.any():
        return image.copy()
    # OpenCV reads past the end of images that are a pixel or two wide.
    pad = 0 if min(mask.shape) > 2 * RADIUS else RADIUS
    border = (pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    framed = cv2.copyMakeBorder(np.ascontiguousarray(image), *border)
    painted = cv2.inpaint(framed, cv2.copyMakeBorder(mask.astype(np.uint8), *border), RADIUS, method)
    height, width = mask.shape
    return painted[pad : pad + height, pad : pad + width].astype(np.uint8)


def windows(mask: Mask) -> list[Box]:
    """What is looked at round the holes of a tile (H, W); holes whose windows meet share one."""
    height, width = mask.shape
    boxes: list[Box] = []
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for left, top, w, h, _ in stats[1:].tolist():
        box = Box(left, top, left + w, top + h).grown(LOOK, width, height)
        while met := [other for other in boxes if box.overlap(other)]:
            for other in met:
                boxes.remove(other)
                box = box.union(other)
        boxes.append(box)
    return boxes
