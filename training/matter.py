"""Manga matter drawn from nothing: tones, hatching, speed lines, hair, eyes and faces, and the small marks round them.

All of it is what a young network takes for lettering: none of it is.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Rng = np.random.Generator


def xy(point: NDArray[np.float64]) -> tuple[int, int]:
    """A point as OpenCV takes it."""
    return int(point[0]), int(point[1])


def rgb(grey: Picture) -> Picture:
    """Grey (H, W) as (H, W, 3)."""
    return np.repeat(grey[:, :, None], 3, axis=2)


def ground(rng: Rng, wide: int, high: int, light: bool = False) -> Picture:
    """What stands behind figures (high, wide, 3); `light`: mostly white."""
    flat = np.full((high, wide), 255, np.uint8)
    kind = rng.choice(
        ["white", "flat", "ramp", "focus", "hatch", "tone", "spray"], p=[0.3, 0.1, 0.12, 0.14, 0.1, 0.17, 0.07]
    )
    if kind == "flat":
        flat[:] = rng.integers(150, 256) if light or rng.random() < 0.5 else rng.choice([0, 20, 60, 110])
    elif kind == "ramp":
        top, bottom = rng.uniform(140 if light else 0, 255, 2)
        flat[:] = np.linspace(top, bottom, high).astype(np.uint8)[:, None]
        if rng.random() < 0.6:
            flat = toned(flat, rng)
    elif kind == "focus":
        _focus(rng, flat)
    elif kind == "hatch":
        _hatched(rng, flat, np.array([wide / 2, high / 2]), max(wide, high) * 0.6)
    elif kind == "tone":
        flat = toned(np.full((high, wide), rng.integers(150 if light else 60, 245), np.uint8), rng)
    elif kind == "spray":
        for _ in range(int(rng.integers(20, 200))):
            centre = rng.uniform(0, 1, 2) * (wide, high)
            cv2.circle(flat, xy(centre), int(rng.integers(1, 9)), int(rng.choice([0, 120, 200])), -1, cv2.LINE_AA)
    if not light and rng.random() < 0.12:
        flat = 255 - flat
    return rgb(flat)


def toned(grey: Picture, rng: Rng) -> Picture:
    """Grey (H, W) as screentone: dots or lines on a turned grid; white stays white."""
    high, wide = grey.shape
    rows, columns = np.mgrid[:high, :wide].astype(np.float32)
    angle = float(rng.choice([0.785, 0.785, 0.785, 0.26, 0.0, 1.2]))
    pitch = float(np.exp(rng.uniform(np.log(2.3), np.log(8))))
    across = columns * np.cos(angle) + rows * np.sin(angle)
    down = rows * np.cos(angle) - columns * np.sin(angle)
    waves = np.cos(across * np.float32(2 * np.pi / pitch)) / 4
    waves += np.cos(down * np.float32(2 * np.pi / pitch)) / 4 if rng.random() < 0.85 else waves
    sharp = float(rng.uniform(1.2, 3))
    dots = np.clip(128 + (grey / np.float32(255) - np.float32(0.98) * (waves + np.float32(0.5))) * 255 * sharp, 0, 255)
    return np.where(grey > 250, np.uint8(255), dots.astype(np.uint8))


def _focus(rng: Rng, flat: Picture) -> None:
    """Speed lines to a point, or side by side."""
    high, wide = flat.shape
    count = int(rng.integers(50, 220))
    if rng.random() < 0.6:
        centre = rng.uniform(0.2, 0.8, 2) * (wide, high)
        for angle in rng.uniform(0, 2 * np.pi, count):
            ray = np.array([np.cos(angle), np.sin(angle)])
            near = centre + ray * min(wide, high) * rng.uniform(0.25, 0.5)
            left = np.array([-ray[1], ray[0]]) * rng.uniform(0.5, 6)
            far = centre + ray * (wide + high)
            wedge = np.array([xy(near), xy(far - left * 3), xy(far + left * 3)], np.int32)
            cv2.fillPoly(flat, [wedge], 0, cv2.LINE_AA)
        return
    slope, heavy = rng.uniform(-0.4, 0.4), rng.random() < 0.4
    for start in rng.uniform(-0.3, 1.3, count) * (high if (level := rng.random() < 0.6) else wide):
        ends = np.array([[0, start], [wide, start + slope * wide]])
        ends = ends[0] + (ends[1] - ends[0]) * np.sort(rng.uniform(0, 1, 2))[:, None]
        if not level:
            ends = ends[:, ::-1]
        if heavy:
            _wedge(flat, ends, float(rng.uniform(1, 9)))
            continue
        cv2.line(flat, xy(ends[0]), xy(ends[1]), int(rng.choice([0, 0, 90])), int(rng.integers(1, 3)), cv2.LINE_AA)


def _wedge(flat: Picture, ends: NDArray[np.float64], width: float) -> None:
    """A speed line with a thick head that runs out to nothing."""
    ray = ends[1] - ends[0]
    side = np.array([-ray[1], ray[0]]) / max(float(np.hypot(*ray)), 1.0) * width
    head = ends[0] + ray * 0.12
    cv2.fillPoly(flat, [np.round([ends[0], head + side, ends[1], head - side]).astype(np.int32)], 0, cv2.LINE_AA)


def _hatched(rng: Rng, flat: Picture, centre: NDArray[np.float64], reach: float) -> None:
    """Pen strokes side by side, crossed now and then."""
    step = float(rng.uniform(3, 11))
    angle = rng.uniform(0, np.pi)
    for turn in (0.0, rng.uniform(0.5, 1.6))[: int(rng.integers(1, 3))]:
        ray = np.array([np.cos(angle + turn), np.sin(angle + turn)])
        side = np.array([-ray[1], ray[0]])
        for at in np.arange(-reach, reach, step):
            half = np.sqrt(max(reach**2 - at**2, 0)) * rng.uniform(0.6, 1)
            middle = centre + side * (at + rng.normal(0, step / 8))
            cv2.line(flat, xy(middle - ray * half), xy(middle + ray * half), 0, 1, cv2.LINE_AA)


def _curve(rng: Rng, start: NDArray[np.float64], end: NDArray[np.float64], bend: float) -> NDArray[np.int32]:
    """Points of a quadratic Bézier curve in eighths of a pixel."""
    t = np.linspace(0, 1, 24)[:, None]
    middle = (start + end) / 2 + np.array([-(end - start)[1], (end - start)[0]]) * bend
    return np.round(8 * ((1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end)).astype(np.int32)


def _stroke(rng: Rng, flat: Picture, points: NDArray[np.int32], pen: int, tone: int) -> None:
    """A pen stroke that swells in the middle."""
    third = len(points) // 4
    cv2.polylines(flat, [points], False, tone, max(pen // 2, 1), cv2.LINE_AA, 3)
    cv2.polylines(flat, [points[third:-third]], False, tone, pen, cv2.LINE_AA, 3)


def face(rng: Rng, wide: int, high: int) -> Picture:
    """A manga face close up: hair, eyes, brows, nose, mouth, blush (high, wide, 3)."""
    flat = ground(rng, wide, high, light=True)[:, :, 0].copy()
    size = min(wide, high) * rng.uniform(0.3, 1.1)
    centre = rng.uniform(0.25, 0.75, 2) * (wide, high)
    pen = int(rng.integers(1, 5))
    cv2.ellipse(flat, xy(centre), xy(np.array([0.5, 0.6]) * size), rng.uniform(-20, 20), 0, 360, 255, -1, cv2.LINE_AA)
    cv2.ellipse(flat, xy(centre), xy(np.array([0.5, 0.6]) * size), 0, 0, 180, 0, pen, cv2.LINE_AA)
    dark = rng.random() < 0.45
    roots = centre - (0, size * 0.75)
    for _ in range(int(rng.integers(8, 60))):
        tip = (
            centre + np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.45, 0.7 if rng.random() < 0.3 else -0.1)]) * size
        )
        lock = _curve(rng, roots + rng.normal(0, 0.12, 2) * size, tip, rng.normal(0, 0.3))
        if dark:
            width = max(int(size * rng.uniform(0.01, 0.07)), 1)
            cv2.polylines(flat, [lock], False, int(rng.choice([0, 0, 0, 255])), width, cv2.LINE_AA, 3)
        else:
            _stroke(rng, flat, lock, pen, 0)
    for side in (-1, 1):
        _eye(rng, flat, centre + np.array([side * 0.22, 0.08]) * size, size * rng.uniform(0.08, 0.17), side, pen)
        brow = centre + np.array([side * 0.22, -0.16 + rng.normal(0, 0.04)]) * size
        half = np.array([0.11, rng.normal(0, 0.04)]) * size
        _stroke(rng, flat, _curve(rng, brow - half, brow + half, rng.normal(0, 0.2)), pen + 1, 0)
        if rng.random() < 0.4:
            _blush(rng, flat, centre + np.array([side * 0.3, 0.25]) * size, size * 0.12)
    mouth = centre + np.array([rng.normal(0, 0.03), 0.38]) * size
    half = np.array([rng.uniform(0.03, 0.2), 0]) * size
    if rng.random() < 0.4:
        cv2.ellipse(
            flat, xy(mouth), xy(half[[0, 0]] * (1, 0.7)), 0, 0, 360, int(rng.choice([0, 90, 255])), -1, cv2.LINE_AA
        )
        cv2.ellipse(flat, xy(mouth), xy(half[[0, 0]] * (1, 0.7)), 0, 0, 360, 0, pen, cv2.LINE_AA)
    else:
        _stroke(rng, flat, _curve(rng, mouth - half, mouth + half, rng.normal(0, 0.3)), pen, 0)
    picture = rgb(flat)
    marks(rng, picture)
    return picture


def _eye(rng: Rng, flat: Picture, at: NDArray[np.float64], size: float, side: int, pen: int) -> None:
    if rng.random() < 0.15:  # shut
        half = np.array([size, 0])
        _stroke(rng, flat, _curve(rng, at - half, at + half, rng.choice([-0.5, 0.5])), pen + 1, 0)
        return
    axes = np.array([rng.uniform(0.55, 0.9), rng.uniform(0.8, 1.2)]) * size
    shade = int(rng.choice([0, 0, 60, 130]))
    cv2.ellipse(flat, xy(at), xy(axes), 0, 0, 360, shade, -1 if rng.random() < 0.8 else pen, cv2.LINE_AA)
    cv2.ellipse(flat, xy(at), xy(axes), 0, 0, 360, 0, pen, cv2.LINE_AA)
    if shade:
        cv2.ellipse(flat, xy(at), xy(axes * 0.45), 0, 0, 360, 0, -1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 3))):
        cv2.circle(
            flat,
            xy(at + rng.uniform(-0.5, 0.5, 2) * axes),
            max(int(size * rng.uniform(0.1, 0.3)), 1),
            255,
            -1,
            cv2.LINE_AA,
        )
    lid = at - (0, axes[1])
    half = np.array([axes[0] * 1.3, -side * rng.uniform(-0.2, 0.3) * size])
    lash = _curve(rng, lid - half, lid + half, -rng.uniform(0.1, 0.3))
    cv2.polylines(flat, [lash], False, 0, max(int(size * rng.uniform(0.1, 0.3)), 2), cv2.LINE_AA, 3)


def _blush(rng: Rng, flat: Picture, at: NDArray[np.float64], size: float) -> None:
    for number in range(int(rng.integers(2, 7))):
        top = at + np.array([(number - 2) * size / 3, -size / 3]) + rng.normal(0, 1, 2)
        cv2.line(flat, xy(top), xy(top + np.array([-size * 0.3, size * 0.7])), 0, int(rng.integers(1, 3)), cv2.LINE_AA)


def limbs(rng: Rng, picture: Picture) -> None:
    """Arms, fingers, pens, sleeves with folds: white tubes with an outline, onto a picture (H, W, 3), in place."""
    high, wide = picture.shape[:2]
    flat = picture[:, :, 0].copy()
    for _ in range(int(rng.integers(1, 4))):
        size = min(wide, high) * float(rng.uniform(0.05, 0.25))
        start = rng.uniform(0, 1, 2) * (wide, high)
        end = start + rng.normal(0, 4, 2) * size
        pen = int(rng.integers(1, 5))
        tubes = [(_curve(rng, start, end, rng.normal(0, 0.3)), size)]
        along = (end - start) / max(float(np.hypot(*(end - start))), 1.0)
        for _ in range(int(rng.integers(0, 5))):  # fingers
            root = end + rng.normal(0, 0.25, 2) * size
            tip = root + (along + rng.normal(0, 0.4, 2)) * size * rng.uniform(0.6, 1.2)
            tubes.append((_curve(rng, root, tip, rng.normal(0, 0.3)), size * 0.28))
        shade = 255 if rng.random() < 0.8 else int(rng.integers(0, 230))
        for points, width in tubes:
            cv2.polylines(flat, [points], False, 0, int(width) + 2 * pen, cv2.LINE_AA, 3)
            cv2.polylines(flat, [points], False, shade, max(int(width), 1), cv2.LINE_AA, 3)
        for _ in range(int(rng.integers(0, 7))):  # folds
            at = start + (end - start) * rng.uniform(0, 1) + rng.normal(0, 0.3, 2) * size
            _stroke(rng, flat, _curve(rng, at, at + rng.normal(0, 0.4, 2) * size, rng.normal(0, 0.4)), pen, 0)
    picture[:] = rgb(flat)


def marks(rng: Rng, picture: Picture) -> None:
    """Sweat, veins, hearts, stars, rings, steam, sparks: onto a picture (H, W, 3), in place."""
    high, wide = picture.shape[:2]
    flat = np.full((high, wide), 255, np.uint8)
    bright = np.zeros((high, wide), np.uint8)
    for _ in range(int(rng.integers(1, 7))):
        at = rng.uniform(0, 1, 2) * (wide, high)
        size = float(np.exp(rng.uniform(np.log(8), np.log(60))))
        layer, tone = (flat, 0) if rng.random() < 0.85 else (bright, 255)
        pen = int(rng.integers(1, 4))
        kind = int(rng.integers(8))
        if kind == 0:
            _blush(rng, flat, at, size)
        elif kind == 1:  # a heart or drop, hollow or filled
            t = np.linspace(0, 2 * np.pi, 40)
            shape = np.stack([16 * np.sin(t) ** 3, -13 * np.cos(t) + 5 * np.cos(2 * t) + 2 * np.cos(3 * t)], 1) / 17
            if rng.random() < 0.5:
                shape = np.stack([np.sin(t) * np.sin(t / 2) ** 2, -np.cos(t)], 1)
            points = np.round((at + shape * size / 2) * 8).astype(np.int32)
            if rng.random() < 0.5:
                cv2.fillPoly(layer, [points], tone, cv2.LINE_AA, 3)
            else:
                cv2.polylines(layer, [points], True, tone, pen, cv2.LINE_AA, 3)
        elif kind == 2:  # rays of surprise
            for angle in rng.uniform(0, 2 * np.pi) + np.arange(int(rng.integers(2, 6))) * rng.uniform(0.2, 0.5):
                ray = np.array([np.cos(angle), np.sin(angle)]) * size
                _stroke(rng, layer, _curve(rng, at + ray * 0.4, at + ray, 0), pen + 1, tone)
        elif kind == 3:  # a star or spark
            angle = np.arange(8) * np.pi / 4
            reach = np.where(np.arange(8) % 2, rng.uniform(0.15, 0.5), 1.0) * size / 2
            points = np.round(8 * (at + np.stack([np.cos(angle), np.sin(angle)], 1) * reach[:, None])).astype(np.int32)
            cv2.fillPoly(layer, [points], tone, cv2.LINE_AA, 3)
        elif kind == 4:  # rings and bubbles
            for _ in range(int(rng.integers(1, 5))):
                centre = at + rng.normal(0, size, 2)
                cv2.circle(
                    layer, xy(centre), int(rng.uniform(0.1, 0.6) * size) + 1, tone, rng.choice([-1, 1, 2]), cv2.LINE_AA
                )
        elif kind == 5:  # a vein: four bent strokes
            for turn in range(4):
                ray = np.array([np.cos(turn * np.pi / 2 + 0.4), np.sin(turn * np.pi / 2 + 0.4)]) * size / 2
                across = np.array([-ray[1], ray[0]])
                _stroke(rng, layer, _curve(rng, at + ray - across, at + ray + across, 0.4), pen + 1, tone)
        elif kind == 6:  # steam, breath, folds
            for _ in range(int(rng.integers(1, 5))):
                start = at + rng.normal(0, size / 2, 2)
                _stroke(
                    rng, layer, _curve(rng, start, start + rng.normal(0, size, 2), rng.normal(0, 0.5)), pen + 1, tone
                )
        else:
            _hatched(rng, flat, at, size)
    np.minimum(picture, flat[:, :, None], out=picture)
    np.maximum(picture, bright[:, :, None], out=picture)
