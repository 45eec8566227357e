"""Draws comic pages with known truth: art, panels and balloons, lettering on top, and where each of them is."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training import lettering
from training.art import Painter, Picture, xy
from training.lettering import Faces

Labels = NDArray[np.uint8]  # (H, W), a bit for each kind

TYPESET, SFX, BALLOON, MIXED = 1, 2, 4, 8  # MIXED: lettering of the page is not told apart (it is all TYPESET)


@dataclass(frozen=True, slots=True)
class Sources:
    """What pages are made of."""

    art: tuple[Path, ...]
    faces: Faces
    cries: tuple[str, ...] = ()


def read_cries(path: Path) -> tuple[str, ...]:
    """Sound effects from a table of strings and counts."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(line.split("\t")[0] for line in lines if line and not line.startswith("#"))


def draw(rng: np.random.Generator, sources: Sources, width: int = 880, height: int = 1240) -> tuple[Picture, Labels]:
    """One page, and its labels."""
    page = _Page(rng, sources, width, height)
    page.panels()
    if rng.random() < 0.9:  # pages without any lettering teach what is none
        page.letter()
    return page.image, page.labels


class _Page:
    def __init__(self, rng: np.random.Generator, sources: Sources, width: int, height: int) -> None:
        self.rng, self.sources = rng, sources
        ground = 255 if rng.random() < 0.85 else int(rng.integers(0, 256))
        self.image = np.full((height, width, 3), ground, np.uint8)
        self.labels = np.zeros((height, width), np.uint8)
        self.taken = np.zeros((height, width), np.uint8)
        self.painter = Painter(rng, sources.art)
        self.script = str(rng.choice(["ja", "latin"], p=[0.8, 0.2]))
        self.size = int(rng.integers(14, 40))
        self.face = sources.faces.plain[int(rng.integers(len(sources.faces.plain)))]

    def panels(self) -> None:
        high, wide = self.labels.shape
        margin = int(self.rng.integers(0, 40))
        boxes = [(margin, margin, wide - margin, high - margin)]
        for _ in range(int(self.rng.integers(1, 7))):
            boxes.sort(key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
            left, top, right, bottom = boxes.pop()
            gutter, share = int(self.rng.integers(0, 18)), self.rng.uniform(0.35, 0.65)
            if (right - left) * 1.2 > bottom - top:
                cut = int(left + share * (right - left))
                boxes += [(left, top, cut - gutter, bottom), (cut, top, right, bottom)]
            else:
                cut = int(top + share * (bottom - top))
                boxes += [(left, top, right, cut - gutter), (left, cut, right, bottom)]
        border = int(self.rng.integers(0, 6))
        for left, top, right, bottom in boxes:
            self.image[top:bottom, left:right] = self.painter.panel(right - left, bottom - top)
            if border:
                cv2.rectangle(self.image, (left, top), (right, bottom), (0, 0, 0), border)

    def letter(self) -> None:
        for _ in range(int(self.rng.integers(3, 13))):
            self.balloon()
        for _ in range(int(self.rng.integers(0, 6))):
            self.aside()
        for _ in range(int(self.rng.integers(0, 7))):
            self.cry()

    def _place(self, wide: int, high: int, tries: int = 12) -> tuple[int, int] | None:
        for _ in range(tries):
            left = int(self.rng.integers(-wide // 8, max(self.labels.shape[1] - wide * 7 // 8, 1)))
            top = int(self.rng.integers(-high // 8, max(self.labels.shape[0] - high * 7 // 8, 1)))
            part = self.taken[max(top, 0) : top + high, max(left, 0) : left + wide]
            if part.size and part.mean() < 0.03:
                part[:] = 1
                return left, top
        return None

    def _text(self, size: int, hand: bool = False) -> Picture:
        rng = self.rng
        rows = int(rng.integers(1, 6))
        if self.script == "latin":
            face = self.sources.faces.latin[int(rng.integers(len(self.sources.faces.latin)))]
            lines = [lettering.latin(rng, int(rng.integers(4, 22))) for _ in range(rows)]
            return lettering.block(rng, lines, face, size, False)
        anyone = self.sources.faces.all
        face = anyone[int(rng.integers(len(anyone)))] if hand or rng.random() < 0.15 else self.face
        longest = int(rng.integers(2, 11))
        lines = [lettering.japanese(rng, int(rng.integers(1, longest + 1)), face.kanji) for _ in range(rows)]
        return lettering.block(rng, lines, face, size, bool(rng.random() < 0.85))

    def balloon(self) -> None:
        rng = self.rng
        text = self._text(int(np.clip(self.size * rng.choice([0.6, 1, 1, 1, 1, 1.4, 2.2]), 9, 90)))
        high, wide = text.shape
        room = self.size * rng.uniform(0.3, 1.6)
        kind = str(rng.choice(["round", "rough", "jagged", "cloud", "box"], p=[0.45, 0.2, 0.12, 0.08, 0.15]))
        stretch = 1.0 if kind == "box" else 1.3
        radius = np.array([wide * stretch / 2 + room, high * stretch / 2 + room])
        place = self._place(int(2 * radius[0]), int(2 * radius[1]))
        if place is None:
            return
        centre = radius + place
        shape = centre + radius * _outline(kind, rng)
        if rng.random() < 0.6 and kind != "box":
            shape = _tailed(shape, centre, radius, rng)
        dark = rng.random() < 0.08
        fill, line = (0, 255) if dark else (255, 0)
        if not dark and rng.random() < 0.1:
            fill = int(rng.integers(200, 255))
        if rng.random() < 0.04:  # an empty balloon
            text = np.zeros_like(text)
        pen = int(rng.integers(0, 6)) if rng.random() < 0.9 else 0
        inside = np.zeros_like(self.labels)
        points = np.round(shape * 8).astype(np.int32)
        cv2.fillPoly(inside, [points], 255, cv2.LINE_AA, 3)
        _blend(self.image, inside, fill)
        if pen:
            rim = np.zeros_like(self.labels)
            cv2.polylines(rim, [points], True, 255, pen, cv2.LINE_AA, 3)
            _blend(self.image, rim, line)
            inside[rim > 40] = 0
        under = inside > 200
        self.labels[under] = BALLOON
        left, top = xy(centre - np.array([wide, high]) / 2)
        self._print(text, left, top, line if rng.random() < 0.97 else 110, TYPESET)

    def aside(self) -> None:
        """Small lettering on the art, by hand more often than not, with or without an outline."""
        size = int(np.clip(self.size * self.rng.uniform(0.5, 1.8), 9, 80))
        text = self._text(size, hand=True)
        if self.rng.random() < 0.3:
            text = _tilted(text, self.rng.normal(0, 15))
        place = self._place(text.shape[1], text.shape[0])
        if place is None:
            return
        dark = self.rng.random() < 0.75
        if self.rng.random() < 0.6 or self._like_ground(text, place, dark):
            rim = int(self.rng.integers(2, 6))
            hull = np.pad(text, rim)
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1))
            self._print(
                cv2.dilate(hull, kernel).astype(np.uint8), place[0] - rim, place[1] - rim, 255 if dark else 0, TYPESET
            )
        self._print(text, *place, 0 if dark else 255, TYPESET)

    def _like_ground(self, text: Picture, place: tuple[int, int], dark: bool) -> bool:
        left, top = max(place[0], 0), max(place[1], 0)
        under = self.image[top : top + text.shape[0], left : left + text.shape[1]]
        return bool(under.size) and bool(under.mean() < 140) == dark

    def cry(self) -> None:
        """A sound effect over whatever is there: solid, outlined, hollow, grey or white."""
        rng = self.rng
        faces = self.sources.faces.latin if self.script == "latin" else self.sources.faces.all
        face = faces[int(rng.integers(len(faces)))]
        text = lettering.cry(rng, self.sources.cries) if face.japanese and self.script == "ja" else "BANG!"
        if text == "BANG!":
            text = lettering.latin(rng, 5).split()[0]
        size = int(np.exp(rng.uniform(np.log(24), np.log(230))))
        stroke = int(np.clip(size * rng.uniform(0.02, 0.1), 1, 12)) if rng.random() < 0.75 else 0
        fill, hull = lettering.effect(rng, text, face, size, stroke)
        if rng.random() < 0.5:
            fill, hull = _tilted(fill, turn := rng.normal(0, 25)), _tilted(hull, turn)
        if rng.random() < 0.35:  # thinner or heavier than the face
            side = max(size // 40, 1) * 2 + 1
            change = cv2.erode if rng.random() < 0.4 and not stroke else cv2.dilate
            fill = change(fill, np.ones((side, side), np.uint8)).astype(np.uint8)
            hull = np.maximum(fill, hull)
        place = self._place(hull.shape[1], hull.shape[0], 3) if rng.random() < 0.7 else None
        if place is None:  # effects stand across everything but balloons, if need be
            place = (
                int(rng.integers(-hull.shape[1] // 3, self.labels.shape[1])),
                int(rng.integers(-hull.shape[0] // 3, self.labels.shape[0])),
            )
        inner, outer = [(0, 255), (0, 255), (255, 0), (255, 0), (int(rng.integers(60, 220)), 0)][int(rng.integers(5))]
        if not stroke:
            inner = 255 if self._like_ground(hull, place, True) else 0
        else:
            self._print(hull, *place, outer, SFX)
        clear = inner == 255 and stroke > 1 and rng.random() < 0.15
        if clear:  # only the outline is drawn and art shows through; what is inside belongs to the art
            return
        self._print(fill, *place, inner, SFX)

    def _print(self, stamp: Picture, left: int, top: int, tone: int, label: int) -> None:
        cut_left, cut_top = max(-left, 0), max(-top, 0)
        stamp = stamp[cut_top:, cut_left:]
        box = np.s_[top + cut_top : top + cut_top + stamp.shape[0], left + cut_left : left + cut_left + stamp.shape[1]]
        part = self.image[box]
        stamp = stamp[: part.shape[0], : part.shape[1]]
        if not stamp.size:
            return
        _blend(part, stamp, tone)
        marks = self.labels[box]
        marks[stamp > 40] = marks[stamp > 40] & BALLOON | label


def _blend(image: Picture, stamp: Picture, tone: int) -> None:
    rows, columns = np.nonzero(stamp.max(1))[0], np.nonzero(stamp.max(0))[0]
    if not rows.size:
        return
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    share = stamp[box].astype(np.uint16)[:, :, None]
    image[box] = ((image[box] * (255 - share) + tone * share) // 255).astype(np.uint8)


def _tilted(stamp: Picture, angle: float) -> Picture:
    high, wide = stamp.shape
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), angle, 1.0)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = int(high * sin + wide * cos) + 2, int(high * cos + wide * sin) + 2
    turn[:, 2] += size[0] / 2 - wide / 2, size[1] / 2 - high / 2
    return cv2.warpAffine(stamp, turn, size, flags=cv2.INTER_LINEAR).astype(np.uint8)


def _outline(kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
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


def _tailed(
    shape: NDArray[np.float64], centre: NDArray[np.float64], radius: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    at, width = int(rng.integers(len(shape))), max(len(shape) // 40, 1)
    tip = centre + (shape[at] - centre) * rng.uniform(1.15, 1.6) + rng.normal(0, radius.min() * 0.1, 2)
    rolled = np.roll(shape, -at, axis=0)
    return np.concatenate([tip[None], rolled[width:-width]])
