"""Shapes that pages are drawn with: stamps laid on, turned; outlines and tails of balloons; whole pages, scanned."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.art import Picture

Tone = int | tuple[int, int, int]  # a grey or a colour


def frames(rng: np.random.Generator, wide: int, high: int) -> list[tuple[int, int, int, int]]:
    """Panels of a page, cut again and again: left, top, right, bottom of each."""
    margin = int(rng.integers(0, 40))
    bleed = 0 if rng.random() < 0.7 else -10
    boxes = [(max(margin + 3 * bleed, 0), max(margin + bleed, 0), wide - margin, high - margin)]
    for _ in range(int(rng.integers(1, 7))):
        boxes.sort(key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
        left, top, right, bottom = boxes.pop()
        gutter, share = int(rng.integers(0, 18)), rng.uniform(0.35, 0.65)
        if (right - left) * 1.2 > bottom - top:
            cut = int(left + share * (right - left))
            boxes += [(left, top, cut - gutter, bottom), (cut, top, right, bottom)]
        else:
            cut = int(top + share * (bottom - top))
            boxes += [(left, top, right, cut - gutter), (left, cut, right, bottom)]
    return boxes


def colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """Any colour."""
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def shade(rng: np.random.Generator, ground: Picture) -> tuple[int, int, int]:
    """A ground's (H, W, 3) own colour, much darker where it is light, much lighter where it is dark."""
    mean = ground.reshape(-1, 3).mean(0) + rng.normal(0, 12, 3)
    share = rng.uniform(0.1, 0.55)
    red, green, blue = np.clip(mean * share if mean.mean() > 110 else 255 - (255 - mean) * share, 0, 255).tolist()
    return int(red), int(green), int(blue)


def blend(image: Picture, stamp: Picture, tone: Tone) -> None:
    """Lays a tone on an image (H, W, 3), in place, as far as the stamp (H, W) covers it."""
    if not stamp.size:
        return
    rows, columns = np.nonzero(stamp.max(1))[0], np.nonzero(stamp.max(0))[0]
    if not rows.size:
        return
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    share = stamp[box].astype(np.uint16)[:, :, None]
    image[box] = ((image[box] * (255 - share) + np.asarray(tone, np.uint16) * share) // 255).astype(np.uint8)


def halo(rng: np.random.Generator, stamp: Picture, size: float) -> tuple[Picture, int]:
    """A stamp as light that fades over a share of `size` px, and how many px wider it is on each side."""
    soft = max(size * rng.uniform(0.03, 0.12), 1.5)
    room = int(2 * soft)
    light = cv2.GaussianBlur(np.pad(stamp, room), (0, 0), soft).astype(np.float32) * rng.uniform(1.2, 2.2)
    return np.minimum(light, 255).astype(np.uint8), room


def tilted(stamp: Picture, angle: float, scale: float = 1.0) -> Picture:
    """A stamp (H, W) or (H, W, n) turned by `angle` degrees, `scale` times as large, whole."""
    high, wide = stamp.shape[:2]
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), angle, scale)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = int(high * sin + wide * cos) + 2, int(high * cos + wide * sin) + 2
    turn[:, 2] += size[0] / 2 - wide / 2, size[1] / 2 - high / 2
    return cv2.warpAffine(stamp, turn, size, flags=cv2.INTER_LINEAR).astype(np.uint8)


def outline(kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Points of a balloon's outline about the unit circle."""
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    if kind == "box":
        return np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (1 + rng.normal(0, 0.02, (4, 2)))
    if kind == "jagged":
        count = int(rng.integers(12, 34))
        angle = np.linspace(0, 2 * np.pi, 2 * count, endpoint=False)
        reach = np.where(np.arange(2 * count) % 2, 0.98, rng.uniform(1.1, 1.5, 2 * count))
    elif kind == "cloud":
        reach = 0.95 + 0.12 * np.abs(np.sin(angle * int(rng.integers(4, 9))))
    else:
        power = rng.uniform(2, 4)
        reach = (np.abs(np.cos(angle)) ** power + np.abs(np.sin(angle)) ** power) ** (-1 / power)
        waves = rng.normal(0, 0.05 if kind == "rough" else 0.012, 5)
        reach = reach * (1 + sum(wave * np.sin((n + 2) * angle + 6 * wave) for n, wave in enumerate(waves)))
    return np.stack([np.cos(angle), np.sin(angle)], 1) * reach[:, None]


def tailed(
    shape: NDArray[np.float64], centre: NDArray[np.float64], radius: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """An outline with a tail drawn out of it."""
    at, width = int(rng.integers(len(shape))), max(len(shape) // 40, 1)
    tip = centre + (shape[at] - centre) * rng.uniform(1.15, 1.6) + rng.normal(0, radius.min() * 0.1, 2)
    rolled = np.roll(shape, -at, axis=0)
    return np.concatenate([tip[None], rolled[width:-width]])


def scanned(rng: np.random.Generator, image: Picture, labels: Picture) -> tuple[Picture, Picture]:
    """A page (H, W, 3) and its labels (H, W) out of a scanner: askew, and resampled, which makes tones beat (moiré)."""
    high, wide = labels.shape
    if rng.random() < 0.25:
        turn = cv2.getRotationMatrix2D((wide / 2, high / 2), rng.normal(0, 1.2), 1.0)
        how, edge = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
        image = cv2.warpAffine(image, turn, (wide, high), flags=how, borderMode=edge).astype(np.uint8)
        labels = cv2.warpAffine(labels, turn, (wide, high), flags=cv2.INTER_NEAREST).astype(np.uint8)
    if rng.random() < 0.3:
        share = rng.uniform(0.6, 0.95)
        how = [cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC][int(rng.integers(3))]
        small = cv2.resize(image, None, fx=share, fy=share, interpolation=how)
        image = cv2.resize(small, (wide, high), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return image, labels
