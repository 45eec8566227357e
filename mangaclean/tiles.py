"""Where tiles go on a masked page, and how their overlaps are weighed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mangaclean.types import Box, Image, Mask

STRIP = 256  # rows of a page that are turned into whole levels at once

Weights = NDArray[np.float32]  # (h, w), 0 to 1


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A window on the page, and how much of each of its pixels this tile decides.

    The weights of all tiles add up to 1 on each pixel of the mask, and to 0 elsewhere. Without `blended` they are
    0 or 1: no other tile writes there.
    """

    window: Box
    weight: Weights
    blended: bool = False

    @property
    def own(self) -> Mask:
        return self.weight > 0


def plan(mask: Mask, core: int, context: int) -> Iterator[Tile]:
    """Tiles that together decide each pixel of `mask` (H, W) once.

    Components of the mask that fit in `core` × `core` px stay whole, near ones in one tile; larger ones are covered
    by cores that overlap by a quarter. Each window shows `context` px more on every side, clipped to the page. The
    rows are gone through in bands between empty rows, so that empty parts cost neither time nor memory.
    """
    for top, bottom in bands(mask):
        columns = np.flatnonzero(mask[top:bottom].any(0))
        band = Box(int(columns[0]), top, int(columns[-1]) + 1, bottom)
        yield from _of_band(mask, band, core, context)


def compose(image: Image, mask: Mask, core: int, context: int, paint: Callable[[Image, Mask], Image]) -> None:
    """Paints the pixels of `mask` into `image` (H, W, 3), in place, tile by tile; large components without a seam.

    `paint` sees a window and all that is masked in it; what stands under the mask there may be painted already.
    """
    # Sums of blended tiles, in 1/256 level; pages of memory that no tile touches are never really taken.
    sums = blended = None
    for tile in plan(mask, core, context):
        at = tile.window.slices
        painted = paint(np.ascontiguousarray(image[at]), np.ascontiguousarray(mask[at]))
        if not tile.blended:
            image[at][tile.own] = painted[tile.own]
            continue
        if sums is None or blended is None:
            sums, blended = np.zeros(image.shape, np.uint16), np.zeros(mask.shape, bool)
        sums[at] += np.rint(tile.weight[..., None] * painted * 256).astype(np.uint16)
        blended[at] |= tile.own
    if sums is not None and blended is not None:
        for top in range(0, len(image), STRIP):
            rows = slice(top, top + STRIP)
            image[rows][blended[rows]] = ((sums[rows][blended[rows]].astype(np.uint32) + 128) >> 8).clip(0, 255)


def bands(mask: Mask) -> Iterator[tuple[int, int]]:
    """Rows of `mask` from top to bottom, end-exclusive, between empty rows."""
    yield from runs(np.asarray(mask.any(1)))


def runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where flags (n,) are set on end: from the first on, end-exclusive."""
    turns = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    yield from zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True)


def _of_band(mask: Mask, band: Box, core: int, context: int) -> Iterator[Tile]:
    import cv2

    height, width = mask.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask[band.slices].astype(np.uint8), connectivity=8)
    corner = np.array([band.left, band.top, band.left, band.top])
    boxes = stats[1:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP, cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP]] + corner
    boxes[:, 2] += stats[1:, cv2.CC_STAT_WIDTH]
    boxes[:, 3] += stats[1:, cv2.CC_STAT_HEIGHT]

    def owned(members: NDArray[np.bool_], window: Box) -> Weights:
        """1 on the pixels of the components `members` within `window`; index 0 of `members` is no component."""
        part = window.common(band)
        weight = np.zeros((window.height, window.width), np.float32)
        inside = labels[part.moved(-band.left, -band.top).slices]
        weight[part.moved(-window.left, -window.top).slices] = members[inside]
        return weight

    for group in _groups(boxes, core, max(context // 2, 1)):
        members = np.zeros(count, bool)
        members[group + 1] = True
        box = Box(*boxes[group, :2].min(0).tolist(), *boxes[group, 2:].max(0).tolist())
        if max(box.width, box.height) <= core:
            window = box.grown(context, width, height)
            yield Tile(window, owned(members, window))
            continue
        for part, ramp in _cores(box, core):
            weight = owned(members, part) * ramp
            if weight.any():
                window = part.grown(context, width, height)
                whole = np.zeros((window.height, window.width), np.float32)
                whole[part.moved(-window.left, -window.top).slices] = weight
                yield Tile(window, whole, blended=True)


def _groups(boxes: NDArray[np.integer], core: int, near: int) -> Iterator[NDArray[np.intp]]:
    """Which components share a tile: those within `near` px of each other, as far as all fit in one core."""
    free = np.ones(len(boxes), bool)
    large = (boxes[:, 2:] - boxes[:, :2]).max(1) > core
    for i in np.flatnonzero(large):
        free[i] = False
        yield np.array([i])
    while free.any():
        seed = int(np.argmax(free))
        group = np.zeros(len(boxes), bool)
        group[seed] = True
        free[seed] = False
        left, top, right, bottom = (int(v) for v in boxes[seed])
        # A frame of one core, with the seed at its top in the middle: whatever is taken from it fits.
        frame_left = (left + right - core) // 2
        framed = (boxes[:, 0] >= frame_left) & (boxes[:, 2] <= frame_left + core)
        framed &= (boxes[:, 1] >= top) & (boxes[:, 3] <= top + core)
        while True:
            more = free & framed & (boxes[:, 0] <= right + near) & (boxes[:, 2] >= left - near)
            more &= (boxes[:, 1] <= bottom + near) & (boxes[:, 3] >= top - near)
            if not more.any():
                break
            group |= more
            free &= ~more
            left, top = (int(v) for v in boxes[group, :2].min(0))
            right, bottom = (int(v) for v in boxes[group, 2:].max(0))
        yield np.flatnonzero(group)


def _cores(box: Box, core: int) -> Iterator[tuple[Box, Weights]]:
    """Cores that cover `box`, overlapping by a quarter, with ramps that add up to 1."""
    for top, bottom, down in _spans(box.top, box.bottom, core):
        for left, right, across in _spans(box.left, box.right, core):
            yield Box(left, top, right, bottom), down[:, None] * across[None, :]


def _spans(start: int, stop: int, core: int) -> Iterator[tuple[int, int, Weights]]:
    if stop - start <= core:
        yield start, stop, np.ones(stop - start, np.float32)
        return
    count = -(-(stop - start - core) // (core - core // 4)) + 1
    starts = [start + at for at in np.linspace(0, stop - start - core, count).round().astype(int).tolist()]
    half = core // 8  # ramps stay this near the middle of an overlap, so that no three cores meet
    seams = [(a + core + b) / 2 for a, b in pairwise(starts)]
    for i, at in enumerate(starts):
        middles = np.arange(at, at + core) + 0.5
        ramp = np.ones(core, np.float32)
        if i:
            ramp *= np.clip((middles - seams[i - 1]) / (2 * half) + 0.5, 0, 1).astype(np.float32)
        if i + 1 < count:
            ramp *= 1 - np.clip((middles - seams[i]) / (2 * half) + 0.5, 0, 1).astype(np.float32)
        yield at, at + core, ramp
