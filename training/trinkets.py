"""Small drawings that stand among letters and are none: petals, drops, hearts, crowns, buttons with arrows, rules."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from training.matter import Picture, Rng, toned
from training.shapes import blend

Points = NDArray[np.float64]  # (N, 2), in units of the drawing's size, 0 in its middle


def _petal(rng: Rng) -> list[Points]:
    """A leaf, petal or drop, bent; now and then with its vein."""
    t = np.linspace(0, 2 * np.pi, 40)
    wide = rng.uniform(0.25, 0.7)
    shape = np.stack([np.sin(t) * np.abs(np.sin(t / 2)) ** rng.uniform(0.6, 2.5) * wide, -np.cos(t)], 1) / 2
    shape[:, 0] += rng.normal(0, 0.5) * (shape[:, 1] ** 2 - 0.1)
    vein = np.stack([rng.normal(0, 0.3) * (np.linspace(-0.4, 0.3, 9) ** 2), np.linspace(-0.4, 0.3, 9)], 1)
    return [shape, vein] if rng.random() < 0.3 else [shape]


def _heart(rng: Rng) -> list[Points]:
    t = np.linspace(0, 2 * np.pi, 40)
    down = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [np.stack([16 * np.sin(t) ** 3, -down], 1) / 34]


def _crown(rng: Rng) -> list[Points]:
    tips = int(rng.integers(3, 6))
    across = np.linspace(-0.5, 0.5, 2 * tips - 1)
    high = np.where(np.arange(len(across)) % 2, rng.uniform(-0.1, 0.15), -0.4) + rng.normal(0, 0.03, len(across))
    return [np.concatenate([np.stack([across, high], 1), [(0.42, 0.4), (-0.42, 0.4)]])]


def _button(rng: Rng) -> list[Points]:
    """A ring or box with an arrow, cross, bar or triangle in it."""
    t = np.linspace(0, 2 * np.pi, 40)
    power = 1.0 if rng.random() < 0.6 else 0.4
    frame = np.stack([np.sign(f) * np.abs(f) ** power for f in (np.cos(t), np.sin(t))], 1) / 2
    reach = rng.uniform(0.15, 0.28)
    signs = (
        [(-reach / 2, -reach), (reach / 2, 0), (-reach / 2, reach)],
        [(reach / 2, -reach), (-reach / 2, 0), (reach / 2, reach)],
        [(-reach, -reach / 2), (0, reach / 2), (reach, -reach / 2)],
        [(-reach, 0), (reach, 0)],
        [(-reach, -reach), (reach, reach), (0, 0), (reach, -reach), (-reach, reach)],
    )
    return [frame, np.array(signs[int(rng.integers(len(signs)))], np.float64)]


def _blossom(rng: Rng) -> list[Points]:
    t = np.linspace(0, 2 * np.pi, 60)
    reach = 0.35 + 0.15 * np.abs(np.sin(t * rng.choice([2, 2.5, 3])))
    rings = [np.stack([np.cos(t), np.sin(t)], 1) * reach[:, None]]
    return [*rings, rings[0] * 0.3]


_SHAPES: tuple[Callable[[Rng], list[Points]], ...] = (_petal, _petal, _petal, _heart, _heart, _crown, _button, _blossom)


def strew(rng: Rng, picture: Picture, bare: NDArray[np.bool_], near: tuple[int, int, int, int] | None = None) -> None:
    """A few alike onto a picture (H, W, 3), in place, where it is `bare` (H, W); `near`: left, top, right, bottom."""
    high, wide = bare.shape
    left, top, right, bottom = near or (0, 0, wide, high)
    make = _SHAPES[int(rng.integers(len(_SHAPES)))]
    size = float(np.exp(rng.uniform(np.log(12), np.log(70))))
    pen = int(rng.integers(1, 5))
    shade = int(rng.choice([255, 255, 230, 200, 160, 90, 0]))
    fill = np.full((high, wide), shade, np.uint8)
    if 0 < shade < 255 and rng.random() < 0.4:
        fill = toned(fill, rng)
    ink = 0 if rng.random() < 0.9 else int(rng.integers(40, 160))
    for _ in range(int(rng.integers(1, 7))):
        middle = np.array([rng.uniform(left - size, right + size), rng.uniform(top - size, bottom + size)])
        turn = rng.normal(0, 0.3) if make in (_crown, _button, _heart) else rng.uniform(0, 2 * np.pi)
        about = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        lines = [
            np.round(8 * (middle + (part * size * rng.uniform(0.7, 1.3)) @ about.T)).astype(np.int32)
            for part in make(rng)
        ]
        inside, rim = np.zeros((high, wide), np.uint8), np.zeros((high, wide), np.uint8)
        cv2.fillPoly(inside, lines[:1], 1, cv2.LINE_8, 3)
        if not inside.any() or not bare[inside > 0].all():
            continue
        cv2.polylines(rim, lines[:1], True, 255, pen, cv2.LINE_AA, 3)
        cv2.polylines(rim, lines[1:], False, 255, pen, cv2.LINE_AA, 3)
        rim[~bare] = 0
        covered = inside > 0
        picture[covered] = fill[covered][:, None]
        blend(picture, rim, ink)


def rule(rng: Rng, picture: Picture, bare: NDArray[np.bool_], near: tuple[int, int, int, int]) -> None:
    """A line or a narrow box drawn below what stands in a box (left, top, right, bottom), or beside it."""
    left, top, right, bottom = near
    gap = int(rng.integers(3, 14))
    if right - left >= bottom - top:
        start, end = np.array([left - gap, bottom + gap]), np.array([right + gap, bottom + gap])
    else:
        start, end = np.array([left - gap, top - gap]), np.array([left - gap, bottom + gap])
    end = end + rng.normal(0, 3, 2)
    line = np.zeros(bare.shape, np.uint8)
    thick = int(rng.integers(1, 9))
    points = np.round(8 * np.array([start, (start + end) / 2 + rng.normal(0, 2, 2), end])).astype(np.int32)
    cv2.polylines(line, [points], False, 255, thick, cv2.LINE_AA, 3)
    line[~bare] = 0
    blend(picture, line, 0)
    if thick > 5 and rng.random() < 0.7:
        core = np.zeros(bare.shape, np.uint8)
        cv2.polylines(core, [points], False, 255, thick - 4, cv2.LINE_AA, 3)
        picture[(core > 128) & bare] = int(rng.choice([255, 200, 150]))
