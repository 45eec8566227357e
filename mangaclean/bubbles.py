"""The balloon that a line of lettering stands in: the closed patch of one tone round it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mangaclean.pieces import pieces
from mangaclean.strokes import Levels, box_of, disc, filled, grown, ink_of, tone_of
from mangaclean.types import Box, Image, Line, Mask

TOLERANCE = 28  # levels by which a pixel may differ from its ground's tone and still be ground
LEAKS = (0, 2, 4)  # px by which grounds are thinned so that they do not run out through gaps in an outline
LARGEST = 0.30  # a balloon's share of the page, at most: what is larger is paper or sky
STRANGE = 0.06  # share of a balloon that may be ink outside its lines: more than that is a drawing
EMPTIEST = 0.035  # share of a balloon that its lines cover, at least
RAGGED = 0.6  # a balloon's share of its convex hull, at least


@dataclass(frozen=True, slots=True, eq=False)
class Bubble:
    """A balloon: its box, and inside that box the pixels within its outline, lettering included."""

    box: Box
    inside: Mask
    convexity: float  # its share of its convex hull's area; joined balloons have waists

    def window(self, box: Box) -> Mask:
        """The balloon's pixels in any `box` of the page."""
        return placed(self.inside, self.box, box)


def find(image: Image, lines: Sequence[Line]) -> list[Bubble | None]:
    """The balloon of each line of a page (H, W, 3), None on open ground. Lines of one balloon share one object."""
    found: list[Bubble | None] = [None] * len(lines)
    boxes = [box_of(line) for line in lines]
    lettering = filled(lines, Box(0, 0, image.shape[1], image.shape[0]))
    for tone, members in _by_tone([tone_of(image, line) for line in lines]):
        ground = ink_of(image, tone) <= TOLERANCE
        still_open = members
        for thin in LEAKS:
            balloons = _closed(ground, lettering, boxes, still_open, thin)
            for i, bubble in balloons.items():
                found[i] = bubble
            still_open = [i for i in still_open if i not in balloons]
            if not still_open:
                break
    return found


def _by_tone(tones: Sequence[Levels]) -> list[tuple[Levels, list[int]]]:
    """Lines whose grounds differ by less than half the tolerance are looked at together."""
    groups: list[tuple[Levels, list[int]]] = []
    for i, tone in enumerate(tones):
        for first, members in groups:
            if np.abs(first.astype(int) - tone.astype(int)).max() <= TOLERANCE // 2:
                members.append(i)
                break
        else:
            groups.append((tone, [i]))
    return groups


def _closed(ground: Mask, lettering: Mask, boxes: Sequence[Box], lines: Sequence[int], thin: int) -> dict[int, Bubble]:
    """The balloons, among connected grounds thinned by `thin` px, that `lines` stand in."""
    grounds = pieces(cv2.erode(ground.astype(np.uint8), disc(thin)) if thin else ground, connectivity=4)
    members: dict[int, list[int]] = {}
    for i in lines:
        here = grounds.labels[boxes[i].slices][lettering[boxes[i].slices]]
        counts = np.bincount(here[here > 0], minlength=2)
        if counts.max() > 0.15 * boxes[i].area:
            members.setdefault(int(counts.argmax()), []).append(i)
    found: dict[int, Bubble] = {}
    for label, inside in members.items():
        if grounds.areas[label] > LARGEST * ground.size:
            continue
        box = grounds.box(label).grown(thin + 1, ground.shape[1], ground.shape[0])
        bubble = closed(grounds.labels[box.slices] == label, box, thin)
        if _plausible(bubble, ground, lettering):
            found.update(dict.fromkeys(inside, bubble))
    return found


def cells(mask: Mask, side: int) -> Mask:
    """Which cells of `side` × `side` px hold marks of a mask (H, W), and those round them: (H / side, W / side)."""
    padded = np.pad(mask, [(0, -length % side) for length in mask.shape])
    marked = np.asarray(padded.reshape(padded.shape[0] // side, side, -1, side).any((1, 3)))
    return cv2.dilate(marked.astype(np.uint8, copy=False), np.ones((3, 3), np.uint8)) > 0


def placed(mask: Mask, at: Box, window: Box) -> Mask:
    """A mask (h, w) that lies at a box of the page, as any other window of the page shows it."""
    out = np.zeros((window.height, window.width), bool)
    if (both := window.common(at)).area:
        out[both.moved(-window.left, -window.top).slices] = mask[both.moved(-at.left, -at.top).slices]
    return out


def closed(core: Mask, box: Box, thin: int = 0) -> Bubble:
    """A connected ground with its holes filled, lettering being such holes; `thin` px are given back to it."""
    solid = grown(core, thin).astype(np.uint8)
    contours = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    inside = cv2.drawContours(np.zeros_like(solid), contours, -1, 1, cv2.FILLED) > 0
    hull = cv2.contourArea(cv2.convexHull(np.concatenate(contours)))
    return Bubble(box, inside, float(min(inside.sum() / max(hull, 1.0), 1.0)))


def _plausible(bubble: Bubble, ground: Mask, lettering: Mask) -> bool:
    """Whether a patch is a balloon: neither a page's paper nor a white dress with a face in it."""
    area = int(bubble.inside.sum())
    if area > LARGEST * ground.size or bubble.convexity < RAGGED:
        return False
    letters = lettering[bubble.box.slices]
    strange = bubble.inside & ~ground[bubble.box.slices] & ~grown(letters, 4)
    return bool(strange.sum() <= STRANGE * area and (letters & bubble.inside).sum() > EMPTIEST * area)
