"""Draws lettering for training pages: faces, made-up text of some scripts, blocks of it, letters by hand."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Grey = NDArray[np.uint8]

_HIRAGANA = (
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわを"
    "んがぎぐげござじずぜぞだでどばびぶべぼぱぴぷぺぽっゃゅょ"
)
_KATAKANA = (
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
    "ガギグゲゴザジズゼゾダデドバビブベボッャュョー"
)
_ENDS = ("。", "！", "？", "…", "……", "！？", "!!", "ー", "～", "っ", "、", "♪", "♥", "♡", "", "", "")


@lru_cache(maxsize=3)
def _common(code: str, first: int, last: int) -> str:
    """The characters of rows `first` to `last` of a 94 × 94 code: level 1 of JIS and GB, common Hangul of KS."""
    rows = (bytes([row, cell]) for row in range(first, last) for cell in range(0xA1, 0xFF))
    return "".join(pair.decode(code, "ignore") for pair in rows)


@lru_cache(maxsize=200)
def _written_by(path: str, index: int) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap() or {})


def writable(text: str, face: "Face") -> str:
    """`text` without the characters for which `face` would draw a box."""
    known = _written_by(face.path, face.index)
    return "".join(char for char in text if ord(char) in known) or ("ア" if face.japanese else "A")


@dataclass(frozen=True, slots=True)
class Face:
    """A font file, the face in it, and which scripts it can write."""

    path: str
    index: int
    japanese: bool
    kanji: bool
    latin: bool
    asian: bool  # Chinese and Korean, too


@lru_cache(maxsize=600)
def _font(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=index)


def find_faces(folders: Sequence[Path]) -> list[Face]:
    """All faces under `folders` (TTF, OTF, TTC) that can write kana or Latin; unreadable files are passed over."""
    from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]

    faces = []
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        if path.suffix.lower() not in {".ttf", ".otf", ".ttc"}:
            continue
        try:
            with TTFont(path, fontNumber=0, lazy=True) as font:
                known = font.getBestCmap() or {}
        except (TTLibError, OSError, KeyError):
            continue
        japanese = all(ord(char) in known for char in "あのっーアン")
        latin = all(ord(char) in known for char in "AZaz!?")
        asian = all(ord(char) in known for char in "们这한글")
        if japanese or latin:
            faces.append(Face(str(path), 0, japanese, all(ord(char) in known for char in "開発漢字"), latin, asian))
    return faces


@dataclass(frozen=True, slots=True)
class Faces:
    """Faces by what they are good for; `plain` also stand in balloons."""

    plain: list[Face] = field(default_factory=list)
    all: list[Face] = field(default_factory=list)
    latin: list[Face] = field(default_factory=list)
    asian: list[Face] = field(default_factory=list)
    thin: list[Face] = field(default_factory=list)

    @classmethod
    def of(cls, faces: Sequence[Face]) -> "Faces":
        """Sorted by coverage; raises ValueError where no face writes kanji, kana or Latin."""
        plain = [face for face in faces if face.japanese and face.kanji]
        kana = [face for face in faces if face.japanese]
        latin = [face for face in faces if face.latin]
        if not (plain and kana and latin):
            raise ValueError("no faces with kanji, kana and Latin letters; name folders that hold Japanese fonts")
        asian = [face for face in faces if face.asian] or plain
        thin = [face for face in kana if re.search("thin|light|kurenaido|yomogi|klee|-l-", face.path.lower())] or kana
        return cls(plain, kana, latin, asian, thin)


def japanese(rng: np.random.Generator, length: int, kanji: bool) -> str:
    """Made-up text of about `length` characters that looks like dialogue."""
    out = ""
    while len(out) < length:
        draw = rng.random()
        level = _common("euc_jp", 0xB0, 0xD0)
        alphabet = level if kanji and draw < 0.3 else _KATAKANA if draw > 0.85 else _HIRAGANA
        out += "".join(alphabet[at] for at in rng.integers(0, len(alphabet), rng.integers(1, 4)))
    return out[:length] + str(rng.choice(_ENDS))


def kanji(rng: np.random.Generator, length: int) -> str:
    """`length` characters of JIS level 1."""
    level = _common("euc_jp", 0xB0, 0xD0)
    return "".join(level[at] for at in rng.integers(0, len(level), length))


def chinese(rng: np.random.Generator, length: int) -> str:
    """Made-up text of `length` characters of GB level 1."""
    alphabet = _common("gb2312", 0xB0, 0xD8)
    return "".join(alphabet[at] for at in rng.integers(0, len(alphabet), length)) + str(rng.choice(_ENDS[:8]))


def korean(rng: np.random.Generator, length: int) -> str:
    """Made-up words of common Hangul."""
    alphabet = _common("euc_kr", 0xB0, 0xC9)
    text = "".join(alphabet[at] for at in rng.integers(0, len(alphabet), length))
    cut = int(rng.integers(1, 5))
    return " ".join(text[at : at + cut] for at in range(0, len(text), cut)) + str(rng.choice(["!", "?", "...", ""]))


def latin(rng: np.random.Generator, length: int) -> str:
    """Made-up words of Latin letters, capitals more often than not."""
    letters = np.array(list("eeettaaooiinnsshhrrdlcumwfgypbvk"))
    words = ["".join(rng.choice(letters, rng.integers(1, 9))) for _ in range(max(length // 5, 1))]
    text = " ".join(words) + str(rng.choice(["!", "?", "...", ".", "", "!!"]))
    return text.upper() if rng.random() < 0.6 else text


def written(text: str, face: Face, size: int, stroke: int = 0, vertical: bool = False) -> Grey:
    """Coverage of one line (or column) of `text`, cut to what is drawn."""
    text = writable(text, face)
    font = _font(face.path, face.index, size)
    direction = "ttb" if vertical else "ltr"
    # Measured bounds are wrong for some vertical faces: draw with room on all sides, then cut.
    room = size // 2 + stroke + 2
    long = int(size * 1.25 * (len(text) + 1)) + 2 * room
    wide = size * 2 + 2 * room
    canvas = Image.new("L", (wide, long) if vertical else (long, wide))
    ImageDraw.Draw(canvas).text(
        (room + size // 2 if vertical else room, room),
        text,
        fill=255,
        font=font,
        direction=direction,
        stroke_width=stroke,
    )
    drawn = np.asarray(canvas)
    box = canvas.getbbox()
    if box is None:
        return np.zeros((1, 1), np.uint8)
    return drawn[box[1] : box[3], box[0] : box[2]]


def block(rng: np.random.Generator, lines: Sequence[str], face: Face, size: int, vertical: bool) -> Grey:
    """Coverage of a text block: columns from right to left (with furigana here and there), or lines, centred."""
    gap = int(size * rng.uniform(0.25, 0.7))
    stamps = [written(line, face, size, 0, vertical) for line in lines]
    if vertical:
        stamps = [_with_furigana(rng, stamp, face, size) if rng.random() < 0.2 else stamp for stamp in stamps][::-1]
        stamps = [stamp.T for stamp in stamps]
    width = max(stamp.shape[1] for stamp in stamps)
    centred = not vertical and rng.random() < 0.8
    rows = []
    for stamp in stamps:
        left = (width - stamp.shape[1]) // 2 if centred else 0
        row = np.zeros((max(stamp.shape[0], size) + gap, width), np.uint8)
        row[: stamp.shape[0], left : left + stamp.shape[1]] = stamp
        rows.append(row)
    whole = np.concatenate(rows)[:-gap]
    return np.ascontiguousarray(whole.T if vertical else whole)


def _with_furigana(rng: np.random.Generator, column: Grey, face: Face, size: int) -> Grey:
    text = "".join(rng.choice(list(_HIRAGANA), rng.integers(2, 5)))
    ruby = written(text, face, max(size * 2 // 5, 7), 0, True)
    top = int(rng.integers(0, max(column.shape[0] - ruby.shape[0], 1)))
    ruby = ruby[: column.shape[0] - top]
    out = np.zeros((column.shape[0], column.shape[1] + ruby.shape[1] + 2), np.uint8)
    out[:, : column.shape[1]] = column
    out[top : top + ruby.shape[0], column.shape[1] + 2 :] = ruby
    return out


def by_hand(rng: np.random.Generator, canvas: Grey, size: float, pen: float = 0.0) -> Grey:
    """Coverage (H, W) of letters of `size` px, pulled about and redrawn with the swelling strokes of a pen or brush.

    `pen`: width of a brush that goes over thin letters, as a share of `size`; 0: their own weight, unsteady.
    """
    high, wide = canvas.shape
    rows, columns = np.mgrid[:high, :wide].astype(np.float32)
    reach = np.float32(size * rng.uniform(0.02, 0.09))
    pulled = [axis + reach * _waves(rng, high, wide, size * 0.6) for axis in (columns, rows)]
    moved = cv2.remap(canvas, pulled[0], pulled[1], cv2.INTER_LINEAR)
    if pen:
        away = cv2.distanceTransform((moved < 90).astype(np.uint8), cv2.DIST_L2, 5)
        radius = size * pen / 2 * (0.75 + 0.6 * _waves(rng, high, wide, size * float(rng.uniform(0.3, 0.8))))
        return np.asarray(np.clip((np.maximum(radius, 0.2) - np.minimum(away, 1e4)) * 255 + 128, 0, 255), np.uint8)
    soft = cv2.GaussianBlur(moved, (0, 0), max(size * float(rng.uniform(0.008, 0.03)), 0.5)).astype(np.float32)
    level = 128 + 70 * float(rng.uniform(0.2, 1)) * _waves(rng, high, wide, size * float(rng.uniform(0.1, 0.5)))
    return np.asarray(np.clip((soft - level) * 4 + 128, 0, 255), np.uint8)


def _waves(rng: np.random.Generator, high: int, wide: int, length: float) -> NDArray[np.float32]:
    """Smooth noise (high, wide) within about ±1 whose bumps lie `length` px apart."""
    coarse = rng.normal(0, 0.6, (int(high / max(length, 2)) + 2, int(wide / max(length, 2)) + 2)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC), np.float32)
