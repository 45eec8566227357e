"""Art for training pages: pictures cut, inked, toned or left in colour, and grounds drawn from nothing."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (H, W, 3) RGB
_SUFFIXES = {".png", ".webp", ".jpg", ".jpeg"}


def find_art(folders: Sequence[Path], leave_out: Sequence[str] = ()) -> tuple[Path, ...]:
    """Pictures under `folders`, but for those whose file name begins with a word of `leave_out`."""
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    return tuple(path for path in found if not path.name.startswith(tuple(leave_out) or ("\0",)))


@lru_cache(maxsize=120)
def _load(path: Path) -> Picture:
    from PIL import Image

    with Image.open(path) as picture:
        picture.thumbnail((1100, 1500))
        layered = picture.convert("RGBA")
    ground = Image.new("RGBA", layered.size, "white")
    return np.asarray(Image.alpha_composite(ground, layered).convert("RGB"))


class Painter:
    """Fills panels of one page, all in one style."""

    def __init__(self, rng: np.random.Generator, art: Sequence[Path]) -> None:
        self.rng, self.art = rng, art
        self.style = str(rng.choice(["grey", "ink", "tone", "colour"], p=[0.25, 0.35, 0.2, 0.2]))

    def panel(self, wide: int, high: int) -> Picture:
        panel = self._ground(wide, high) if self.rng.random() < 0.2 else self._crop(wide, high)
        if self.rng.random() < 0.3:
            panel = np.minimum(panel, self._ground(wide, high))
        return self._styled(panel)

    def _crop(self, wide: int, high: int) -> Picture:
        art = _load(self.art[int(self.rng.integers(len(self.art)))])
        least = max(wide / art.shape[1], high / art.shape[0])
        if min(art.shape[:2]) < 500 and self.rng.random() < 0.6:  # small drawings: several, whole, on a ground
            panel = self._ground(wide, high)
            for _ in range(int(self.rng.integers(1, 5))):
                self._paste(panel, _load(self.art[int(self.rng.integers(len(self.art)))]))
            return panel
        scale = least * self.rng.uniform(1.0, 1.6)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        art = cv2.resize(art, None, fx=scale, fy=scale, interpolation=how).astype(np.uint8)
        short = (0, max(high - art.shape[0], 0)), (0, max(wide - art.shape[1], 0)), (0, 0)
        art = np.pad(art, short, mode="edge")
        top = int(self.rng.integers(art.shape[0] - high + 1))
        left = int(self.rng.integers(art.shape[1] - wide + 1))
        part = art[top : top + high, left : left + wide].astype(np.uint8)
        return part[:, ::-1] if self.rng.random() < 0.5 else part

    def _paste(self, panel: Picture, art: Picture) -> None:
        scale = self.rng.uniform(0.15, 1.1) * min(panel.shape[:2]) / max(art.shape[:2])
        art = cv2.resize(art, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
        top = int(self.rng.integers(max(panel.shape[0] - art.shape[0], 0) + 1))
        left = int(self.rng.integers(max(panel.shape[1] - art.shape[1], 0) + 1))
        part = panel[top : top + art.shape[0], left : left + art.shape[1]]
        np.minimum(part, art[: part.shape[0], : part.shape[1]], out=part)

    def _ground(self, wide: int, high: int) -> Picture:
        kind = int(self.rng.integers(6))
        flat = np.full((high, wide), 255, np.uint8)
        if kind == 0:
            flat[:] = 0 if self.rng.random() < 0.5 else self.rng.integers(0, 256)
        elif kind == 1:  # a gradient
            flat[:] = np.linspace(self.rng.uniform(60, 255), self.rng.uniform(60, 255), high).astype(np.uint8)[:, None]
        elif kind == 2:  # speed lines to a point
            centre = self.rng.uniform(0.2, 0.8, 2) * (wide, high)
            for angle in self.rng.uniform(0, 2 * np.pi, int(self.rng.integers(60, 250))):
                ray = np.array([np.cos(angle), np.sin(angle)])
                near = centre + ray * min(wide, high) * self.rng.uniform(0.25, 0.5)
                far = centre + ray * (wide + high)
                cv2.line(flat, xy(near), xy(far), 0, int(self.rng.integers(1, 4)), cv2.LINE_AA)
        elif kind == 3:  # parallel lines, hatching
            slope, step = self.rng.uniform(-1, 1), int(self.rng.integers(4, 14))
            for x in range(-high, wide + high, step):
                bend = self.rng.normal(0, 2)
                cv2.line(flat, (x, 0), xy(np.array([x + slope * high + bend, high])), 0, 1, cv2.LINE_AA)
        elif kind == 4:
            flat = _toned(np.full((high, wide), self.rng.integers(90, 240), np.uint8), self.rng)
        if self.rng.random() < 0.2:
            flat = 255 - flat
        return np.repeat(flat[:, :, None], 3, axis=2)

    def _styled(self, panel: Picture) -> Picture:
        if self.style == "colour":
            return panel
        grey = cv2.cvtColor(panel, cv2.COLOR_RGB2GRAY).astype(np.uint8)
        if self.style == "ink":
            grey = _inked(grey, self.rng)
        elif self.style == "tone":
            grey = np.minimum(_toned(grey, self.rng), _inked(grey, self.rng))
        return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


def xy(point: NDArray[np.float64]) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _inked(grey: Picture, rng: np.random.Generator) -> Picture:
    """Grey art as ink lines, flat shadows and a few greys."""
    soft = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.6, 1.3)).astype(np.float32)
    wide = cv2.GaussianBlur(grey, (0, 0), rng.uniform(2, 4)).astype(np.float32)
    lines = np.clip(255 + (soft - wide * 0.99 + 2) * rng.uniform(8, 20), 0, 255)
    dark = rng.uniform(20, 80)
    levels = np.where(soft < dark, 0, np.where(soft < dark + rng.uniform(0, 60), rng.integers(120, 230), 255))
    return np.asarray(np.minimum(lines, cv2.GaussianBlur(levels.astype(np.float32), (0, 0), 0.7)).astype(np.uint8))


def _toned(grey: Picture, rng: np.random.Generator) -> Picture:
    """Grey as dots on a turned grid."""
    high, wide = grey.shape
    rows, columns = np.mgrid[:high, :wide].astype(np.float32)
    angle, pitch = rng.choice([0.785, 0.785, 0.26, 0.0]), rng.uniform(3.5, 9)
    turned = columns * np.cos(angle) + rows * np.sin(angle), rows * np.cos(angle) - columns * np.sin(angle)
    waves = (np.cos(turned[0] * 2 * np.pi / pitch) + np.cos(turned[1] * 2 * np.pi / pitch)) / 4 + 0.5
    return np.asarray(np.clip(128 + (grey / 255 - 0.98 * waves) * 255 * 2, 0, 255).astype(np.uint8))
