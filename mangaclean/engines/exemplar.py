"""Exemplar-based inpainting: what a fill suggests for a hole, said in patches that stand round it.

After Wexler et al. (2007, Space-Time Completion of Video) and Arias et al. (2011, A Variational Framework for
Exemplar-Based Image Inpainting): each patch of the hole becomes the mean of those like it, weighed as in non-local
means (Buades et al. 2005), and what overlapping patches say of a pixel is averaged. All patches within reach are
compared, as one matrix product for a cell of the hole. Strong on screentone, hatching and lines that go on.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mangaclean.types import Image, Mask

CELL = 16  # px; hidden pixels of one cell are compared with the same patches
KNOWN = 0.6  # of a patch that is copied from: the least share that the page shows
GUESSED = 0.2  # weight of a pixel that a fill made, where one of the page's has 1
EVEN = 20.0  # squared levels by which patches differ and are alike all the same
FEW, MANY = 64, 4096  # patches: with fewer, reach is doubled; of more, some are left out
FARTHEST = 160  # px to which it is doubled

Levels = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Search:
    """How patches are looked for."""

    radii: tuple[int, ...]  # px from a patch's middle to its edge, pass by pass; small ones bring detail back
    reach: int  # px round a cell
    spread: float  # share of the least difference by which others may differ more and count nearly as much
    doubt: float  # squared levels a pixel: where no patch differs less, the fill is believed
    thin: int = 1  # of the places within reach, one in so many is compared


SHARP = Search((4, 3, 2), 20, 0.5, 3000.0)  # what repeats itself: tone, hatching, lines
AGAIN = replace(SHARP, radii=(3, 2))  # by a good painting: large patches would only undo its details
CRISP = replace(AGAIN, spread=0.1)  # few are alike enough: a patch of one place, not the mean of two
BROAD = Search((3, 2), 32, 2.0, 800.0, thin=2)  # paintings, where nothing is quite like anything


def refined(image: Image, mask: Mask, fill: Image, search: Search = SHARP) -> Image:
    """`fill` (H, W, C), which is `image` with the hole (H, W) filled somehow, in patches of what the page shows."""
    made = np.where(mask[..., None], fill, image).astype(np.float32) - 128  # small numbers keep the products exact
    trust = np.where(mask, np.float32(GUESSED), np.float32(1))
    for radius in search.radii:
        if min(mask.shape) > 2 * radius:
            _resay(made, mask, trust, radius, search)
    return np.where(mask[..., None], np.rint(made + 128).clip(0, 255).astype(np.uint8), image)


def _resay(made: Levels, mask: Mask, trust: Levels, radius: int, search: Search) -> None:
    """Gives the hidden pixels of `made` (H, W, C), in place, what patches like those round them show."""
    side, inner = 2 * radius + 1, slice(radius, -radius)
    # One product of matrices compares all patches: Σ trust · their trust · (pixel − their pixel)² is multiplied out,
    # and these are each side's factors.
    square, level = trust[..., None] * np.square(made).sum(2, keepdims=True), trust[..., None] * made
    views = (
        _patches([trust[..., None], -2 * level, square], side),
        _patches([square, level, trust[..., None]], side),
        _patches([made], side),
    )
    shown = cv2.boxFilter((~mask).astype(np.float32), -1, (side, side))
    good = ((shown >= KNOWN) & ~mask)[inner, inner]
    diagonal = np.add.outer(*map(np.arange, good.shape))
    good &= diagonal % search.thin == 0
    asking = np.argwhere(mask[inner, inner] & (diagonal % radius == 0))  # patches overlap: some say enough
    sums = np.zeros((*mask.shape, made.shape[2] + 1), np.float32)
    for cell in _cells(asking):
        asked = _near(good, cell, search.reach)
        if len(asked):
            _add(sums, cell, _heard(views, cell, asked, search))
    heard = mask & (sums[..., -1] > 0)
    made[heard] = sums[heard][:, :-1] / sums[heard][:, -1:]


def _patches(planes: list[Levels], side: int) -> Levels:
    """(H', W', side, side, C): the patches of planes (H, W, …), by their upper left corners."""
    return sliding_window_view(np.concatenate(planes, axis=2), (side, side), (0, 1)).transpose(0, 1, 3, 4, 2)


def _cells(places: Indices) -> list[Indices]:
    """Places (N, 2), cell by cell."""
    cells = places // CELL
    order = np.lexsort(cells.T)
    return np.split(places[order], np.flatnonzero(np.diff(cells[order], axis=0).any(1)) + 1) if len(places) else []


def _near(good: Mask, cell: Indices, reach: int) -> Indices:
    """Places (M, 2) of `good` (H', W') within reach of a cell's (N, 2)."""
    while True:
        top, left = (cell.min(0) - reach).clip(0).tolist()
        bottom, right = (cell.max(0) + reach + 1).tolist()
        found: Indices = np.argwhere(good[top:bottom, left:right]) + np.array([top, left])
        if len(found) >= FEW or reach >= FARTHEST:
            return found[:: max(-(-len(found) // MANY), 1)]
        reach *= 2


def _heard(views: tuple[Levels, Levels, Levels], asking: Indices, asked: Indices, search: Search) -> Levels:
    """(N, side, side, C): what patches at `asking` (N, 2) are as means of those at `asked` (M, 2)."""
    ours, theirs, levels = views
    side, channels = levels.shape[3:]
    left, right, itself, shown = (
        patches[tuple(places.T)].reshape(len(places), -1)
        for patches, places in ((ours, asking), (theirs, asked), (levels, asking), (levels, asked))
    )
    trust, their_trust = left[:, :: channels + 2], right[:, channels + 1 :: channels + 2]
    apart = left @ right.T
    apart /= (trust @ their_trust.T) * channels
    least = apart.min(1, keepdims=True).clip(0, search.doubt)
    scale = search.spread * least + EVEN
    like = np.exp((least - apart) / scale)
    doubt = np.exp((least - search.doubt) / scale)
    heard: Levels = (like @ shown + doubt * itself) / (like.sum(1, keepdims=True) + doubt)
    return heard.reshape(len(asking), side, side, channels)


def _add(sums: Levels, corners: Indices, heard: Levels) -> None:
    """Adds patches (N, side, side, C) to `sums` (H, W, C + 1) where their corners (N, 2) are, and counts them."""
    side = heard.shape[1]
    (top, left), (bottom, right) = corners.min(0), corners.max(0) + side
    part = sums[top:bottom, left:right]
    high, wide = part.shape[:2]
    rows, columns = np.divmod(np.arange(side * side), side)
    at = ((corners[:, :1] - top + rows) * wide + corners[:, 1:] - left + columns).ravel()
    for channel in range(heard.shape[3]):
        part[..., channel] += np.bincount(at, heard[..., channel].ravel(), high * wide).reshape(high, wide)
    part[..., -1] += np.bincount(at, minlength=high * wide).reshape(high, wide)
