"""Sound effects for training pages: their words, shapes and tones, and real ones cut out of comics."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training import lettering
from training.art import Picture
from training.comics import Comic
from training.lettering import Face, Faces
from training.shapes import Tone, colour, shade, tilted

_MARKS = ("!", "!!", "!!!", "!?", "?!", "??", "?", "！", "！！", "！？", "？", "…", "♪", "♥")
_SMALL = ("ドキッ", "ガーン", "バン", "ゴゴゴ", "ザワザワ", "はっ", "じゅん", "もぐもぐ", "ぱく", "シーン", "ドドド")
_SEEN = 60  # alpha from which a pixel of a layer is lettering
_SOLID = np.ones((31, 31), np.uint8)  # no letter of a layer is as thick


def cry(rng: np.random.Generator, strings: Sequence[str]) -> str:
    """One sound effect from `strings`, or a made-up one; one in ten is a mark such as `!!` alone."""
    if rng.random() < 0.1:
        return str(rng.choice(_MARKS))
    pool = strings or _SMALL
    text = str(pool[int(rng.integers(len(pool)))])
    return text[: int(rng.integers(1, 8))] + str(rng.choice(["", "", "", "ッ", "っ", "ー", "!!"]))


def read_cries(path: Path) -> tuple[str, ...]:
    """Sound effects from a table of strings and counts."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(line.split("\t")[0] for line in lines if line and not line.startswith("#"))


def words(rng: np.random.Generator, script: str, faces: Faces, cries: tuple[str, ...]) -> tuple[str, Face]:
    """What an effect says, and its face: mostly kana; names in Latin letters and single kanji stand in manga, too."""
    if script == "latin" or rng.random() < 0.1:
        face = faces.latin[int(rng.integers(len(faces.latin)))]
        return lettering.latin(rng, 5).split()[0], face
    if rng.random() < 0.1:
        return lettering.kanji(rng, int(rng.integers(1, 4))), faces.plain[int(rng.integers(len(faces.plain)))]
    face = faces.all[int(rng.integers(len(faces.all)))]
    return (cry(rng, cries) if face.japanese else lettering.latin(rng, 5).split()[0]), face


def effect(
    rng: np.random.Generator, text: str, face: Face, size: int, stroke: int, pen: float = 0.0
) -> tuple[lettering.Grey, lettering.Grey]:
    """A sound effect, each letter turned and stretched, the whole bent: coverage of letters, and with their outline.

    `pen`: width, as a share of `size`, of a brush that goes over the letters, else 0.
    """
    vertical = rng.random() < 0.6
    swell = rng.uniform(0.75, 1.35)
    base = rng.normal(0, 12)
    stretch = np.exp(rng.normal(0, 0.25, 2))
    fills, at, places = [], 0.0, []
    for number, char in enumerate(text):
        letter = max(int(size * swell ** (number / max(len(text) - 1, 1)) * rng.uniform(0.85, 1.15)), 12)
        plain = lettering.written(char, face, letter)
        sides = (max(round(length * by), 1) for length, by in zip(plain.shape[1::-1], stretch, strict=True))
        stamp = cv2.resize(plain, tuple(sides))
        fills.append(_turned(stamp.astype(np.uint8), base + rng.normal(0, 8), stroke + 3 + int(pen * size)))
        places.append((at, rng.normal(0, size * 0.12)))
        at += letter * stretch[int(vertical)] * rng.uniform(0.75, 1.1)
    side = max(max(fill.shape) for fill in fills)
    long, wide = int(at) + 2 * side, int(side + size)
    canvas = np.zeros((long, wide) if vertical else (wide, long), np.uint8)
    for fill, (along, off) in zip(fills, places, strict=True):
        y, x = (along + size / 2, wide / 2 - fill.shape[1] / 2 + off)
        if not vertical:
            y, x = wide / 2 - fill.shape[0] / 2 + off, along + size / 2
        top, left = max(int(y), 0), max(int(x), 0)
        part = canvas[top : top + fill.shape[0], left : left + fill.shape[1]]
        np.maximum(part, fill[: part.shape[0], : part.shape[1]], out=part)
    canvas = _bent(rng, canvas)
    if pen or rng.random() < 0.4:
        canvas = lettering.by_hand(rng, canvas, size, pen)
    hull = canvas
    if stroke:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * stroke + 1, 2 * stroke + 1))
        hull = cv2.dilate(canvas, kernel).astype(np.uint8)
    rows, columns = np.nonzero(hull.max(1))[0], np.nonzero(hull.max(0))[0]
    if not rows.size:
        return canvas[:1, :1], hull[:1, :1]
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return canvas[box], hull[box]


def _turned(stamp: lettering.Grey, angle: float, room: int) -> lettering.Grey:
    high, wide = stamp.shape
    side = int(np.hypot(high, wide)) + 2 * room
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), angle, 1.0)
    turn[:, 2] += side / 2 - wide / 2, side / 2 - high / 2
    return cv2.warpAffine(stamp, turn, (side, side), flags=cv2.INTER_LINEAR).astype(np.uint8)


def _bent(rng: np.random.Generator, canvas: lettering.Grey) -> lettering.Grey:
    high, wide = canvas.shape
    rows, columns = np.mgrid[:high, :wide].astype(np.float32)
    reach = rng.uniform(0, 0.06) * min(high, wide)
    phase = rng.uniform(0, 6.3)
    columns += np.float32(reach) * np.sin(rows / np.float32(max(high, wide)) * np.float32(5) + np.float32(phase))
    columns += (rows - high / 2) * np.float32(rng.normal(0, 0.22))
    return cv2.remap(canvas, columns, rows, cv2.INTER_LINEAR).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Look:
    """Tones of a letter's inside (at its top, and at its foot), its outline, and a second outline round that."""

    inner: Tone
    foot: Tone | None
    outer: Tone
    rim: Tone | None


def look(rng: np.random.Generator, under: Picture, *, outlined: bool, coloured: bool, dark: bool) -> Look:
    """Tones for letters over `under` (H, W, 3); those without an outline stand out from a ground, `dark` or not."""
    inner: Tone
    outer: Tone
    inner, outer = [(0, 255), (0, 255), (255, 0), (255, 0), (int(rng.integers(60, 220)), 0)][int(rng.integers(5))]
    if not outlined:
        inner = 255 if dark else 0
    if under.size and rng.random() < (0.35 if coloured else 0.15):
        inner = shade(rng, under)
    elif coloured and rng.random() < 0.6:
        inner = colour(rng)
        if rng.random() < 0.5:  # a darker or a lighter tone of the letter's own
            outer = shade(rng, np.full((1, 1, 3), inner, np.uint8))
        elif rng.random() < 0.3:
            outer = colour(rng)
    foot = colour(rng) if coloured and rng.random() < 0.3 else None
    rim: Tone | None = None
    if outlined and rng.random() < (0.3 if coloured else 0.15):
        rim = colour(rng) if coloured and rng.random() < 0.5 else 255 - outer if isinstance(outer, int) else 255
    return Look(inner, foot, outer, rim)


def fading(shape: tuple[int, ...], rows: tuple[int, int], first: Tone, last: Tone) -> Picture:
    """A picture of `shape` (H, W, 3) that goes from one tone to another between two `rows`."""
    ends = [np.broadcast_to(np.asarray(tone, np.float32), 3) for tone in (first, last)]
    share = np.clip((np.arange(shape[0]) - rows[0]) / max(rows[1] - rows[0], 1), 0, 1)[:, None, None]
    return np.broadcast_to(ends[0] * (1 - share) + ends[1] * share, shape).astype(np.uint8)


@lru_cache(maxsize=256)
def cut_out(comic: Comic) -> tuple[NDArray[np.uint8], ...]:
    """A comic's lettering outside of its balloons, block by block, (H, W, 4) RGBA each."""
    found = []
    for layer in comic.lettering:
        with Image.open(layer) as opened:
            whole = np.asarray(opened.convert("RGBA"))
        letters = whole[:, :, 3] > _SEEN
        if comic.balloons is not None:
            with Image.open(comic.balloons) as opened:
                letters &= ~(np.asarray(opened.convert("L").resize(letters.shape[::-1])) > 127)
        joined = cv2.dilate(letters.astype(np.uint8), np.ones((25, 25), np.uint8))
        _, marks, stats, _ = cv2.connectedComponentsWithStats(joined)
        for number, (left, top, wide, high, _) in enumerate(stats[1:].tolist(), 1):
            box = np.s_[top : top + high, left : left + wide]
            mine = marks[box] == number
            here = (letters[box] & mine).astype(np.uint8)
            # Specks; lines of names (24 px are what joins letters); balloons and scrolls that the layer draws itself.
            if min(wide, high) < 40 or here.sum() < 300 or wide > 8 * (high - 24) or cv2.erode(here, _SOLID).any():
                continue
            piece = whole[box].copy()
            piece[~mine] = 0
            found.append(piece)
    return tuple(found)


def altered(rng: np.random.Generator, piece: NDArray[np.uint8], *, coloured: bool) -> NDArray[np.uint8]:
    """A piece (H, W, 4) of another size, a little askew, in other colours; in grey where nothing is `coloured`."""
    scale = float(np.exp(rng.uniform(np.log(0.6), np.log(2.2))))
    out = tilted(piece, rng.normal(0, 10), scale)
    tones = np.ascontiguousarray(out[:, :, :3])
    if not coloured:
        tones = cv2.cvtColor(cv2.cvtColor(tones, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.uint8)
    elif rng.random() < 0.7:
        turned = cv2.cvtColor(tones, cv2.COLOR_RGB2HSV)
        turned[:, :, 0] = (turned[:, :, 0].astype(int) + int(rng.integers(180))) % 180
        tones = cv2.cvtColor(turned, cv2.COLOR_HSV2RGB).astype(np.uint8)
    if rng.random() < 0.15:
        tones = 255 - tones
    return np.dstack([tones, out[:, :, 3]])
