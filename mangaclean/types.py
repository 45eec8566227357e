"""The values that travel through the program: arrays, boxes, lines, regions, and what an engine is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # (H, W, 3) RGB, always; BGR exists only on a line that calls OpenCV
Mask = NDArray[np.bool_]  # (H, W), True = erase
TextMap = NDArray[np.uint8]  # (H, W), probability of lettering × 255

Point = tuple[int, int]  # x, y in source pixels
Kind = Literal["speech", "thought", "caption", "sfx", "other"]
Action = Literal["fill", "inpaint", "keep"]
Direction = Literal["rtl", "ltr", "ttb"]  # right to left, left to right, top to bottom


class Box(NamedTuple):
    """A rectangle in source pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def area(self) -> int:
        return max(self.width, 0) * max(self.height, 0)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of an (H, W, …) array: `image[box.slices]`."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, by: int, width: int, height: int) -> "Box":
        """Grown by `by` px on every side, clipped to a page of width × height."""
        return Box(
            max(self.left - by, 0), max(self.top - by, 0), min(self.right + by, width), min(self.bottom + by, height)
        )

    def union(self, other: "Box") -> "Box":
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def common(self, other: "Box") -> "Box":
        """What both share; of no width or height, or less, where that is nothing."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def overlap(self, other: "Box") -> int:
        """Area shared with `other`, in square pixels."""
        return self.common(other).area

    def gap(self, other: "Box") -> int:
        """How far `other` is off along one axis, px; below 0 where they overlap along both."""
        return max(
            max(self.left, other.left) - min(self.right, other.right),
            max(self.top, other.top) - min(self.bottom, other.bottom),
        )

    def moved(self, right: int, down: int) -> "Box":
        """So many px further right and down."""
        return Box(self.left + right, self.top + down, self.right + right, self.bottom + down)


@dataclass(frozen=True, slots=True)
class Line:
    """One line or column of lettering: its quadrilateral clockwise from its own upper left, and what stands there."""

    polygon: tuple[Point, Point, Point, Point]
    score: float = 1.0
    text: str = ""
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Style:
    """How one region is to be set, where a person wants it otherwise than its kind; None: as its kind.

    `font` is a name or a file, `size` the em in px, `angle` in degrees anticlockwise, `box` where the text has to stay.
    """

    font: str | None = None
    size: float | None = None
    color: str | None = None
    outline: str | None = None
    align: Literal["left", "center", "right"] | None = None
    angle: float | None = None
    box: Box | None = None
    direction: Literal["horizontal", "vertical"] | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """One block of lettering: all lines of one balloon, caption or sound effect.

    `polygon` is the tilted box round its lines; `angle` in degrees anticlockwise, `font_size` the em in px,
    `line_spacing` px from line to line (0 for one line). `bubble` is the box round its balloon, `balloon` the outline
    of its own part of it, `room` the largest box within that. `ruby` are reading aids, which `text` leaves out.
    """

    id: str
    order: int
    panel: int
    kind: Kind
    box: Box
    polygon: tuple[Point, ...]
    bubble: Box | None
    vertical: bool
    angle: float
    font_size: float
    color: str
    outline: str | None
    action: Action
    reason: str
    lines: tuple[Line, ...] = ()
    text: str = ""
    confidence: float = 0.0
    translation: str = ""
    style: Style = Style()
    ruby: tuple[Line, ...] = ()
    line_spacing: float = 0.0
    balloon: tuple[Point, ...] = ()
    room: Box | None = None


class Wish(NamedTuple):
    """What a person wants done with one region, by its id and its box, otherwise than the program decides.

    `outline` is that of a region that a person added; empty for those that the program found.
    """

    id: str
    box: Box
    action: Action
    outline: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a segmenter saw: pixels of lettering, lines of it, or both. Maps have the page's size."""

    lines: tuple[Line, ...] = ()
    text: TextMap | None = None
    sfx: TextMap | None = None
    bubbles: TextMap | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """What `page.segment` made of a page: the pixels to erase, and the regions in reading order."""

    mask: Mask
    regions: tuple[Region, ...]
    notes: tuple[str, ...] = ()  # how regions that a person added were erased


class Reading(NamedTuple):
    """What a reader read in one region; `lines` holds one text for each of the region's lines, or nothing."""

    text: str
    confidence: float
    lines: tuple[str, ...] = ()


class Segmenter(Protocol):
    """Finds lettering on a page (H, W, 3)."""

    def __call__(self, image: Image) -> Finding: ...


class Inpainter(Protocol):
    """Paints the pixels of `mask` in a tile (H, W, 3); the caller drops what it did outside the mask."""

    def __call__(self, image: Image, mask: Mask) -> Image: ...


class Reader(Protocol):
    """Reads regions of a page; the answer holds one reading for each region."""

    def __call__(self, image: Image, regions: Sequence[Region]) -> Sequence[Reading]: ...
