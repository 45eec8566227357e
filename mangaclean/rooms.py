"""Where on a cleaned page each region's text may stand: inside its balloon as drawn, clear of others."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean.bubbles import closed
from mangaclean.pieces import pieces
from mangaclean.strokes import disc
from mangaclean.types import Box, Image, Mask, Region

TOLERANCE = 40  # levels by which a pixel may differ from the balloon's ground: JPEG dirt and soft edges are ground
SMALLEST = 0.25  # share of a balloon's box that its ground fills, at least; else the box is taken as an ellipse
WIDER = 0.25  # how far text on open ground may go beyond the source's box, as a share of its shorter side
EVEN = 1.0  # and how far where the ground stays the same
TAIL = 0.12  # what is narrower than this share of a balloon is its tail, where no text goes


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A box of the page and the pixels in it on which a region's text may stand; `known`: it is a balloon's inside."""

    box: Box
    inside: Mask
    known: bool


def places(image: Image, regions: Sequence[Region]) -> tuple[Place, ...]:
    """The place of each region on a cleaned page (H, W, 3). Regions in one balloon share it out by what is nearest."""
    height, width = image.shape[:2]
    found = [_place(image, region, width, height) for region in regions]
    return tuple(_shared(i, found, regions) for i in range(len(found)))


def pairs(places: Sequence[Place], regions: Sequence[Region]) -> list[tuple[int, int]]:
    """The regions that share a balloon with one other, as pairs of indices in reading order."""

    def rivals(i: int) -> list[int]:
        return [j for j, other in enumerate(regions) if j != i and other.box.overlap(places[i].box)]

    alone = {i: others[0] for i in range(len(regions)) if places[i].known and len(others := rivals(i)) == 1}
    free = {i for i in alone if regions[i].style.box is None and regions[i].kind != "sfx"}
    return [(i, j) for i, j in alone.items() if i < j and alone.get(j) == i and {i, j} <= free]


def stacked(first: Place, second: Place, share: float) -> tuple[Place, Place]:
    """The balloon that two places share, cut across: the first above, with so much of its area, the second below."""
    box = first.box.union(second.box)
    whole = np.zeros((box.height, box.width), np.uint8)
    for place in (first, second):
        top, left = place.box.top - box.top, place.box.left - box.left
        whole[top : top + place.box.height, left : left + place.box.width] |= place.inside
    areas = np.cumsum(whole.sum(axis=1))
    cut = int(np.searchsorted(areas, share * areas[-1]))
    upper, lower = whole > 0, whole > 0
    upper[cut:], lower[:cut] = False, False
    return Place(box, upper, True), Place(box, lower, True)


def eroded(place: Place, by: float) -> Mask:
    """The place's pixels that are at least `by` px from its edge, without the balloon's tail."""
    far = cv2.distanceTransform(np.pad(place.inside.astype(np.uint8), 1), cv2.DIST_L2, 5)
    core = far > by
    narrow = TAIL * min(place.box.width, place.box.height)
    if place.known and narrow > 1:
        deep = far > by + narrow
        if deep.any():  # an opening by a disc: two distance transforms take a tenth of the time
            opened = core & (cv2.distanceTransform((~deep).astype(np.uint8), cv2.DIST_L2, 5) <= narrow)
            core = opened if opened.sum() > 0.5 * core.sum() else core
    return np.asarray(core[1:-1, 1:-1])


def _place(image: Image, region: Region, width: int, height: int) -> Place:
    page = Box(0, 0, width, height)
    if region.style.box is not None:
        box = _clipped(region.style.box, page)
        return Place(box, np.ones((box.height, box.width), bool), True)
    if region.bubble is None or region.kind == "sfx":
        box = _clipped(region.box, page)
        return Place(box, np.ones((box.height, box.width), bool), False) if region.kind == "sfx" else _open(image, box)
    box = _clipped(region.bubble, page)
    inside = _ground(image[box.slices], _clipped(region.box, page), box)
    return Place(box, _ellipse(box) if inside is None else inside, True)


def _open(image: Image, text: Box) -> Place:
    """The source's box and a little more, and more than that where the ground goes on as it is."""
    height, width = image.shape[:2]
    side = min(text.width, text.height)
    box, near = text.grown(round(EVEN * side), width, height), text.grown(round(WIDER * side), width, height)
    crop = image[box.slices]
    tone = np.median(image[text.slices].reshape(-1, 3), axis=0)
    even = np.abs(crop.astype(np.int16) - tone.astype(np.int16)).max(axis=2) <= TOLERANCE
    inside = cv2.erode(np.pad(even.astype(np.uint8), 2), disc(2))[2:-2, 2:-2] > 0
    top, left = near.top - box.top, near.left - box.left
    inside[top : top + near.height, left : left + near.width] = True
    return Place(box, inside, False)


def _clipped(box: Box, page: Box) -> Box:
    """The part of a box that lies on the page; a pixel of it, at least."""
    left, top = min(max(box.left, 0), page.right - 1), min(max(box.top, 0), page.bottom - 1)
    return Box(left, top, max(min(box.right, page.right), left + 1), max(min(box.bottom, page.bottom), top + 1))


def _ground(crop: NDArray[np.uint8], text: Box, box: Box) -> Mask | None:
    """The ground on which the text stood, holes filled; None where it does not look like a balloon."""
    here = Box(text.left - box.left, text.top - box.top, text.right - box.left, text.bottom - box.top)
    here = _clipped(here, Box(0, 0, box.width, box.height))
    tone = np.median(crop[here.slices].reshape(-1, 3), axis=0)
    ground = np.abs(crop.astype(np.int16) - tone.astype(np.int16)).max(axis=2) <= TOLERANCE
    grounds = pieces(ground, connectivity=4)
    counts = np.bincount(grounds.labels[here.slices].ravel(), minlength=len(grounds))
    counts[0] = 0
    label = int(counts.argmax())
    if counts[label] < 0.5 * here.area or grounds.areas[label] < SMALLEST * box.area:
        return None
    return closed(grounds.labels == label, box).inside


def _ellipse(box: Box) -> Mask:
    y, x = np.mgrid[0 : box.height, 0 : box.width]
    across, down = (x + 0.5) / box.width * 2 - 1, (y + 0.5) / box.height * 2 - 1
    return np.asarray(across**2 + down**2 <= 1)


def _shared(i: int, found: Sequence[Place], regions: Sequence[Region]) -> Place:
    """What of a place is nearer to its own region's source text than to another's that stands in it."""
    place = found[i]
    rivals = [
        other
        for j, other in enumerate(regions)
        if j != i and other.action != "keep" and other.box.overlap(place.box) and regions[i].style.box is None
    ]
    if not rivals:
        return place
    own = _distance(regions[i].box, place.box)
    inside = place.inside.copy()
    for rival in rivals:
        inside &= own <= _distance(rival.box, place.box)
    return Place(place.box, inside, place.known) if inside.any() else place


def _distance(of: Box, window: Box) -> NDArray[np.float64]:
    """How far each pixel of a window is from a box."""
    x, y = np.arange(window.left, window.right), np.arange(window.top, window.bottom)
    across = np.maximum(np.maximum(of.left - x, x - of.right + 1), 0).astype(float)
    down = np.maximum(np.maximum(of.top - y, y - of.bottom + 1), 0).astype(float)
    return np.asarray(np.hypot(across[None, :], down[:, None]))
