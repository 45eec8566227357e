"""Art for training pages: pictures cut, inked, toned or left in colour, and grounds drawn from nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training import matter

Picture = NDArray[np.uint8]  # (H, W, 3) RGB, or (H, W) where it says grey
_SUFFIXES = {".png", ".webp", ".jpg", ".jpeg"}
# How often a folder's pictures are drawn, whatever their number: what looks like manga counts most.
_SHARES = {"clean": 7.0, "learntocoderpg": 4.0, "renpy": 3.0, "dialogic": 2.5, "fungus": 2.0, "shimeji": 1.5}
_SHARES |= {"easyrpg_faces": 1.5}
_FAMILIES = {"gutenberg": 0.9, "openclipart": 0.5, "dicebear": 0.5, "emoji": 0.7, "gophers": 0.8}


@dataclass(frozen=True, slots=True)
class Art:
    """Pictures by folder, and how often each folder is drawn."""

    folders: tuple[tuple[Path, ...], ...]
    shares: NDArray[np.float64]

    @classmethod
    def under(cls, roots: Sequence[Path], wanted: Callable[[Path], bool] = lambda path: True) -> "Art":
        """All pictures under `roots` that are `wanted`; FileNotFoundError where there is none."""
        paths = sorted(path for root in roots for path in root.rglob("*") if path.suffix.lower() in _SUFFIXES)
        folders: dict[Path, list[Path]] = {}
        for path in filter(wanted, paths):
            folders.setdefault(path.parent, []).append(path)
        if not folders:
            raise FileNotFoundError(f"no pictures under {', '.join(map(str, roots))}")
        shares = [_SHARES.get(folder.name, _FAMILIES.get(folder.name.partition("_")[0], 1.0)) for folder in folders]
        return cls(tuple(map(tuple, folders.values())), np.array(shares) / sum(shares))

    def pick(self, rng: np.random.Generator) -> Picture:
        """One picture, on white."""
        folder = self.folders[int(rng.choice(len(self.folders), p=self.shares))]
        return load(folder[int(rng.integers(len(folder)))])


@lru_cache(maxsize=400)
def load(path: Path) -> Picture:
    """A picture on white, no larger than 1100 × 1500."""
    from PIL import Image

    with Image.open(path) as picture:
        picture.thumbnail((1100, 1500))
        layered = picture.convert("RGBA")
    ground = Image.new("RGBA", layered.size, "white")
    return np.asarray(Image.alpha_composite(ground, layered).convert("RGB"))


class Painter:
    """Fills panels of one page, all in one style."""

    def __init__(self, rng: np.random.Generator, art: Art) -> None:
        self.rng, self.art = rng, art
        self.style = str(rng.choice(["grey", "ink", "tone", "colour"], p=[0.15, 0.35, 0.3, 0.2]))

    def panel(self, wide: int, high: int) -> Picture:
        """What stands in one panel (high, wide, 3)."""
        draw = self.rng.random()
        if draw < 0.1:
            return matter.ground(self.rng, wide, high)
        if draw < 0.22 or (self.style in ("ink", "tone") and draw < 0.35):
            return matter.face(self.rng, wide, high) if draw < 0.3 else self._figures(wide, high)
        panel = self.styled(self._crop(wide, high))
        if self.rng.random() < 0.15:
            panel = np.minimum(panel, matter.ground(self.rng, wide, high, light=True))
        if self.rng.random() < 0.35:
            panel = panel.copy()
            matter.marks(self.rng, panel)
        if self.style in ("ink", "tone") and self.rng.random() < 0.15:
            panel = panel.copy()
            matter.limbs(self.rng, panel)
        return panel

    def _crop(self, wide: int, high: int) -> Picture:
        art = self.art.pick(self.rng)
        if min(art.shape[:2]) < 500 and self.rng.random() < 0.6:
            return self._figures(wide, high, plain=True)
        # Close up or whole: a panel shows a part of a picture, never blown up to mush.
        least = max(wide / art.shape[1], high / art.shape[0])
        scale = float(np.exp(self.rng.uniform(np.log(least), np.log(max(1.4 * least, 1.0)))))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        art = cv2.resize(art, None, fx=scale, fy=scale, interpolation=how).astype(np.uint8)
        short = (0, max(high - art.shape[0], 0)), (0, max(wide - art.shape[1], 0)), (0, 0)
        art = np.pad(art, short, mode="edge")
        top = int(self.rng.integers(art.shape[0] - high + 1))
        left = int(self.rng.integers(art.shape[1] - wide + 1))
        part = art[top : top + high, left : left + wide].astype(np.uint8)
        return part[:, ::-1] if self.rng.random() < 0.5 else part

    def _figures(self, wide: int, high: int, plain: bool = False) -> Picture:
        """Drawings, whole, on a ground."""
        panel = matter.ground(self.rng, wide, high, light=True)
        for _ in range(int(self.rng.integers(1, 4))):
            drawing = self.art.pick(self.rng)
            self._paste(panel, drawing if plain else self.styled(drawing))
        return panel

    def _paste(self, panel: Picture, art: Picture) -> None:
        scale = self.rng.uniform(0.25, 1.2) * min(panel.shape[:2]) / max(art.shape[:2])
        art = cv2.resize(art, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
        top = int(self.rng.integers(max(panel.shape[0] - art.shape[0], 0) + 1))
        left = int(self.rng.integers(max(panel.shape[1] - art.shape[1], 0) + 1))
        part = panel[top : top + art.shape[0], left : left + art.shape[1]]
        art = art[: part.shape[0], : part.shape[1]]
        # White round a drawing is its paper; the figure itself covers what is behind it.
        paper = (art.min(2) > 245).astype(np.uint8)
        corners = {int(label) for label in cv2.connectedComponents(paper)[1][[0, 0, -1, -1], [0, -1, 0, -1]]} - {0}
        outside = np.isin(cv2.connectedComponents(paper)[1], list(corners))
        part[~outside] = art[~outside]

    def styled(self, panel: Picture) -> Picture:
        """A colour picture in the page's style."""
        if self.style == "colour":
            return panel
        grey = cv2.cvtColor(panel, cv2.COLOR_RGB2GRAY).astype(np.uint8)
        drawn = (grey > 235).mean() > 0.45  # pen drawings are ink as they are
        if self.style == "ink" and not drawn:
            grey = _inked(grey, self.rng)
        elif self.style == "tone":
            shades = _levels(grey, self.rng) if not drawn else grey
            grey = np.minimum(matter.toned(shades, self.rng), _inked(grey, self.rng) if not drawn else 255)
        return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


def _inked(grey: Picture, rng: np.random.Generator) -> Picture:
    """Grey art as pen lines and solid blacks (difference of Gaussians, Winnemöller et al. 2012)."""
    fine = float(rng.uniform(0.6, 1.1))
    soft = cv2.GaussianBlur(grey, (0, 0), fine).astype(np.float32)
    wide = cv2.GaussianBlur(grey, (0, 0), fine * 1.8).astype(np.float32)
    edge = soft - wide
    strong = max(float(np.percentile(-edge, 93)), 3.0)
    lines = np.clip(255 * (1.25 + edge / strong), 0, 255)
    dark = float(np.percentile(soft, rng.uniform(1, 18)))
    blacks = np.clip((soft - min(dark, 110)) * 12 + 128, 0, 255)
    return np.asarray(np.minimum(lines, blacks).astype(np.uint8))


def _levels(grey: Picture, rng: np.random.Generator) -> Picture:
    """A few flat shades, as a screentoner sees a picture: most of it white."""
    soft = cv2.GaussianBlur(grey, (0, 0), 3)
    cuts = np.percentile(soft, np.sort(rng.uniform(3, 60, 2)))
    shades = np.array([rng.integers(60, 150), rng.integers(150, 225), 255], np.uint8)
    return np.asarray(shades[np.digitize(soft, np.maximum.accumulate(cuts))])
