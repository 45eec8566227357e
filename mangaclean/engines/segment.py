"""Segmenters: who looks for lettering on a page."""

import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mangaclean import memory, overlooked
from mangaclean.config import SegmentConfig
from mangaclean.engines import closeups, textmap
from mangaclean.engines.onnx import answer, session
from mangaclean.engines.recognise import crop, recogniser
from mangaclean.strokes import box_of
from mangaclean.types import Finding, Image, Line, Point, Segmenter

Map = NDArray[np.float32]

LONG_SIDE = 1280  # px of a page's long side at which PP-OCR's detector sees lettering of 12 to 80 px best
STRIDE = 32
MEAN = np.array([0.406, 0.456, 0.485], np.float32)  # BGR
STD = np.array([0.225, 0.224, 0.229], np.float32)
KERNEL, SCORE, UNCLIP = 0.3, 0.45, 1.6  # DB post-processing (Liao et al. 2020, arXiv 1911.08947)

LEGIBLE = 0.5  # confidence from which a line is where the reader says that it is
GLIMPSE = 5  # of 255: what a mark that the detector overlooked shows somewhere; most are art, and show nothing
KANA, ANY = 0.65, 0.9  # confidence from which a mark that the detector overlooked is a kana or mark, is any letter
KANA_OR_MARK = re.compile(r"[ぁ-ゖァ-ヺ…！？!?〜♪♡♥][ぁ-ゖァ-ヺー…！？!?〜・♪♡♥]*")
IDEOGRAPHS = re.compile(r"(?![一二三八人入口日])[一-鿿]+")  # not those that a few lines of art look like


def rapidocr(cfg: SegmentConfig) -> Segmenter:
    """PP-OCRv6 small from the rapidocr wheel: finds lines and columns, and reads them as a second opinion."""
    find = _finder()
    return lambda image: Finding(lines=find(image, None))


def net(cfg: SegmentConfig) -> Segmenter:
    """The project's own network marks every pixel of lettering; PP-OCRv6 is the second opinion, line by line."""
    network = textmap.load(Path(cfg.weights) if cfg.weights else None)
    find = _finder()

    def segmenter(image: Image) -> Finding:
        seen = textmap.maps(image, network)
        lines = find(image, seen)
        closeups.look(image, lines, seen, network)
        memory.trim()
        return Finding(lines=lines, text=seen.typeset, sfx=seen.sfx, bubbles=seen.balloon)

    return segmenter


def _finder() -> Callable[[Image, textmap.Maps | None], tuple[Line, ...]]:
    """What finds and reads the lines of a page (H, W, 3).

    Where maps are given, what its detector overlooked is sought only where they show a glimpse of lettering, and in
    balloons that are not closed, too.
    """
    net = session(files("rapidocr").joinpath("models/PP-OCRv6_det_small.onnx").read_bytes())
    name = net.get_inputs()[0].name
    read = recogniser()

    def run(tile: Image) -> Map:
        data = np.asarray((tile[:, :, ::-1].astype(np.float32) / 255 - MEAN) / STD, np.float32)
        seen: Map = answer(net, {name: data.transpose(2, 0, 1)[None]})[0, 0]
        return seen

    def with_text(image: Image, line: Line) -> Line:
        text, confidence = read(crop(image, line))
        return replace(line, text=text, confidence=round(confidence, 4))

    def find(image: Image, seen: textmap.Maps | None) -> tuple[Line, ...]:
        lines = [with_text(image, line) for line in _detect(image, run)]
        sure = [line for line in lines if line.confidence >= LEGIBLE]
        offered = (
            _mark(image, line, read)
            for line in overlooked.find(image, sure, seen.balloon if seen else None)
            if seen is None or _is_glimpsed(seen, line)
        )
        marks = [mark for mark in offered if mark is not None]
        kept = (line for line in lines if line.confidence >= LEGIBLE or not any(_covers(mark, line) for mark in marks))
        return (*kept, *marks)

    return find


def _is_glimpsed(seen: textmap.Maps, line: Line) -> bool:
    at = box_of(line).slices
    return bool(max(seen.typeset[at].max(), seen.sfx[at].max()) >= GLIMPSE)


def _covers(mark: Line, line: Line) -> bool:
    """Whether a mark takes up half of a line at least."""
    box = box_of(line)
    return 2 * box.overlap(box_of(mark)) > box.area


def _mark(image: Image, line: Line, read: Callable[[Image], tuple[str, float]]) -> Line | None:
    """What stands in a line that may be lettering; None if nobody can read it."""
    dots = overlooked.dots(image, line)
    if dots:
        return replace(line, text="…" * max(dots // 3, 1), confidence=ANY)
    upright = np.ascontiguousarray(image[box_of(line).slices])
    text, confidence = max((read(crop(image, line)), read(upright)), key=lambda reading: reading[1])
    known = (KANA_OR_MARK, KANA), (IDEOGRAPHS, ANY)
    if any(confidence > least and letters.fullmatch(text) for letters, least in known):
        return replace(line, text=text, confidence=round(confidence, 4))
    return None


def _detect(image: Image, run: Callable[[Image], Map]) -> list[Line]:
    height, width = image.shape[:2]
    # A strip is many pages on end: what counts for it is its short side.
    scale = min(1.0, LONG_SIDE / min(max(height, width), 2 * min(height, width)))
    size = max(round(width * scale / STRIDE), 1) * STRIDE, max(round(height * scale / STRIDE), 1) * STRIDE
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    if height >= width:
        kernels = _by_windows(small, run)
    else:
        kernels = _by_windows(_turned(small), lambda tile: run(_turned(tile)).T).T
    return _lines(kernels, width, height)


def _turned(image: Image) -> Image:
    return np.ascontiguousarray(image.transpose(1, 0, 2))


def _by_windows(image: Image, run: Callable[[Image], Map]) -> Map:
    """Run the network down a page by windows that overlap by a third; the stronger answer holds."""
    height, width = image.shape[:2]
    window = max(LONG_SIDE, width)
    if height <= window * 1.25:
        return run(image)
    out = np.zeros((height, width), np.float32)
    for top in range(0, height, window * 2 // 3 // STRIDE * STRIDE):
        part = slice(top, min(top + window, height))
        out[part] = np.maximum(out[part], run(image[part]))
        if part.stop == height:
            break
    return out


def _lines(kernels: Map, width: int, height: int) -> list[Line]:
    """Quadrilaterals round the text kernels: a rotated rectangle grown by DB's unclip distance."""
    rows, columns = kernels.shape
    stretch = np.array([width / columns, height / rows], np.float32)
    lines = []
    solid = (kernels > KERNEL).astype(np.uint8)
    for contour in cv2.findContours(solid, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]:
        centre, (w, h), angle = cv2.minAreaRect(contour)
        if min(w, h) < 2:
            continue
        w, h = w + 1, h + 1
        left, top, box_w, box_h = cv2.boundingRect(contour)
        inside = np.zeros((box_h, box_w), np.uint8)
        cv2.fillPoly(inside, [np.asarray(contour, np.int32) - np.array([left, top], np.int32)], 1)
        score = float(kernels[top : top + box_h, left : left + box_w][inside > 0].mean())
        if score >= SCORE:
            grow = UNCLIP * w * h / (w + h)  # 2 × area × ratio / perimeter, on both sides
            corners = np.asarray(cv2.boxPoints((centre, (w + grow, h + grow), angle)), np.float32) * stretch
            lines.append(Line(_clockwise(corners, width, height), round(score, 4)))
    return lines


def _clockwise(corners: Map, width: int, height: int) -> tuple[Point, Point, Point, Point]:
    """From the upper left corner on, in whole pixels of the page."""
    middle = corners.mean(0)
    ring = corners[np.argsort(np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0]))]
    ring = np.roll(ring, -int(np.argmin(ring.sum(1))), axis=0)
    a, b, c, d = ((int(np.clip(round(float(x)), 0, width)), int(np.clip(round(float(y)), 0, height))) for x, y in ring)
    return a, b, c, d
