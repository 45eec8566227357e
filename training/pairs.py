"""Makes truth of original and cleaned pages: `python -m training.pairs --original DIR --cleaned DIR --pool DIR`."""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.canvas import MIXED, TYPESET, Labels
from training.draw_pool import save

_log = logging.getLogger(__name__)

Picture = NDArray[np.uint8]  # (H, W, 3) RGB
Plane = NDArray[np.float32]  # (H, W)
Warp = NDArray[np.float32]  # (2, 3), from pixels of the original to pixels of the cleaned page

_LONGEST = 1024  # pages are aligned at this size: sub-pixel steps there are enough at any
_MOST = 0.4  # of a page that may differ
_SLACK = 0.2
_NEAR = np.ones((3, 3), np.uint8)
_WAYS = (cv2.MOTION_TRANSLATION, cv2.MOTION_AFFINE)
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
_ALIKE = 0.6  # of the edges of the cleaned page that the original must have as well


class PairError(Exception):
    """Two pages that are no pair; the message says why."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a pair of pages tells."""

    mask: NDArray[np.bool_]  # (H, W) of the original
    warp: Warp
    alike: float  # share of the edges of the cleaned page that stand in the original

    @property
    def share(self) -> float:
        return float(self.mask.mean())


def difference(original: Picture, cleaned: Picture, threshold: float = 40, pool: int = 3, specks: int = 8) -> Truth:
    """Where the original shows what its cleaned copy does not, by aligned subtraction and max-pooling.

    `cleaned` may be of another size, a little shifted or turned, of other levels, and both may be JPEG. `threshold`:
    the least difference of a channel, 0–255, that counts; marks of fewer than `specks` pixels are noise; what remains
    grows by max-pooling of `pool` × `pool` pixels. PairError where the pages do not fit.
    """
    high, wide = original.shape[:2]
    stretch = cleaned.shape[0] / high / (cleaned.shape[1] / wide)
    if not 0.95 < stretch < 1.05:
        raise PairError(f"their shapes differ: {wide} × {high} and {cleaned.shape[1]} × {cleaned.shape[0]}")
    if cleaned.shape[:2] != (high, wide):
        how = cv2.INTER_AREA if cleaned.shape[0] > high else cv2.INTER_CUBIC
        cleaned = cv2.resize(cleaned, (wide, high), interpolation=how).astype(np.uint8)
    warp, alike = align(_grey(original), _grey(cleaned))
    if alike < _ALIKE:
        raise PairError(
            f"they cannot be aligned: only {alike:.0%} of the lines of the cleaned page stand in the original"
        )
    moved, inside = _moved(cleaned, warp), _inside(cleaned, warp)
    before, after = _as_sharp(original.astype(np.float32), moved.astype(np.float32), inside)
    apart = np.zeros((high, wide), np.float32)
    for channel in range(3):
        gain, offset = levels(before[inside, channel], after[inside, channel])
        here, there = np.clip(before[:, :, channel] * gain + offset, 0, 255), after[:, :, channel]
        # Where the cleaned page is steep, a fifth of a pixel and JPEG make differences of their own.
        apart = np.maximum(apart, np.abs(here - there) - _SLACK * (cv2.dilate(there, _NEAR) - cv2.erode(there, _NEAR)))
    marks = (apart > threshold) & inside
    _, numbers, figures, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    large = figures[:, cv2.CC_STAT_AREA] >= specks
    large[0] = False  # the ground
    mask = cv2.dilate(large[numbers].astype(np.uint8), np.ones((pool, pool), np.uint8)) > 0
    if mask.mean() > _MOST:
        raise PairError(f"they differ over {mask.mean():.0%} of the page, and lettering covers {_MOST:.0%} at most")
    return Truth(mask, warp, alike)


def _as_sharp(before: Plane, after: Plane, inside: NDArray[np.bool_]) -> tuple[Plane, Plane]:
    """Blurs the sharper of two pictures (H, W, 3) as scaling and moving blurred the other."""
    tried = [(before, after)]
    for sigma in (0.4, 0.6, 0.8, 1.1, 1.5):
        tried += [(_blurred(before, sigma), after), (before, _blurred(after, sigma))]
    return min(tried, key=lambda pair: _apart(pair[0][:, :, 1], pair[1][:, :, 1], inside))


def _blurred(picture: Plane, sigma: float) -> Plane:
    return cv2.GaussianBlur(picture, (0, 0), sigma).astype(np.float32)


def levels(before: Plane, after: Plane) -> tuple[float, float]:
    """Gain and offset that make `before` look like `after`, though some pixels (lettering) have nothing to do with it.

    Least squares over the pixels that fit so far, ever closer; the first guess is that levels changed little, as a page
    of many letters would pull a fit over all pixels.
    """
    step = max(before.size // 200_000, 1)
    before, after = before.ravel()[::step], after.ravel()[::step]
    gain, offset = 1.0, 0.0
    for near in (64, 48, 32, 24, 16):
        fits = np.abs(before * gain + offset - after) < near
        if fits.sum() < 64:
            break
        x, y = before[fits].astype(np.float64), after[fits].astype(np.float64)
        spread = float(x.var())
        if spread < 25:  # one tone alone tells no gain
            gain, offset = 1.0, float(np.median(y - x))
            continue
        gain = float(np.clip(((x - x.mean()) * (y - y.mean())).mean() / spread, 0.6, 1.6))
        offset = float(y.mean() - gain * x.mean())
    return gain, offset


def align(original: Plane, cleaned: Plane) -> tuple[Warp, float]:
    """The best of no warp, a shift (phase correlation) and two of ECC (Evangelidis & Psarakis 2008): shift and affine.

    For planes (H, W) of one size. Gives the warp, and the share of the lines of the cleaned page that then stand in the
    original: a share that does not mind lettering, which is in the original alone.
    """
    scale = min(_LONGEST / max(original.shape), 1.0)
    size = max(round(original.shape[1] * scale), 16), max(round(original.shape[0] * scale), 16)
    first, second = _reduced(original, size), _reduced(cleaned, size)
    (right, down), _ = cv2.phaseCorrelate(first, second, cv2.createHanningWindow(size, cv2.CV_32F))
    still, shift = np.eye(2, 3, dtype=np.float32), np.array([[1, 0, right], [0, 1, down]], np.float32)
    best, least = still, _apart(first, second, _inside(second, still))
    for start, motion in ((shift, None), *((each, way) for way in _WAYS for each in (still, shift))):
        warp = start if motion is None else _refined(first, second, start, motion)
        apart = _apart(first, _moved(second, warp), _inside(second, warp))
        if apart < 0.98 * least:  # rather the simpler one
            best, least = warp, apart
    # From pixels of the reduced pages to pixels of the whole ones, whose centres lie at halves.
    factor = np.array([original.shape[1] / size[0], original.shape[0] / size[1]])
    turn = best[:, :2] * factor[:, None] / factor[None]
    off = best[:, 2] * factor + factor / 2 - 0.5 - turn @ (factor / 2 - 0.5)
    return np.column_stack([turn, off]).astype(np.float32), _alike(first, second, best)


def _refined(original: Plane, cleaned: Plane, start: Warp, motion: int) -> Warp:
    """By ECC, from coarse to fine; as good as it gets where ECC finds no way."""
    warp = start.copy()
    enough = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-5)
    for part in (4, 2, 1):
        size = original.shape[1] // part, original.shape[0] // part
        if min(size) < 32:
            continue
        every = np.full(size[::-1], 255, np.uint8)
        coarse = warp.copy()
        coarse[:, 2] /= part
        try:
            _, found = cv2.findTransformECC(
                _reduced(original, size), _reduced(cleaned, size), coarse, motion, enough, every, 5
            )
        except cv2.error:
            continue
        warp = np.array(found, np.float32)
        warp[:, 2] *= part
    return warp


def _apart(before: Plane, after: Plane, inside: NDArray[np.bool_]) -> float:
    """How far apart the levels are; what is far apart (lettering) counts the same, wherever it goes."""
    if inside.mean() < 0.5:
        return float("inf")
    gain, offset = levels(before[inside], after[inside])
    return float(np.minimum(np.abs(before * gain + offset - after)[inside], 32).mean())


def _alike(original: Plane, cleaned: Plane, warp: Warp) -> float:
    theirs = _slope(_moved(cleaned, warp)) > 160
    theirs &= cv2.erode(_inside(cleaned, warp).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if theirs.sum() < 50:  # nothing but paper is left
        return 1.0
    return float((_slope(original) > 80)[theirs].mean())


def _reduced(plane: Plane, size: tuple[int, int]) -> Plane:
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _slope(plane: Plane) -> Plane:
    return np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)).astype(np.float32)


def _moved(plane: NDArray[Any], warp: Warp) -> NDArray[Any]:
    size = plane.shape[1], plane.shape[0]
    return cv2.warpAffine(plane, warp, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)


def _inside(plane: NDArray[Any], warp: Warp) -> NDArray[np.bool_]:
    """Where the moved page shows itself, not what lies beyond its border."""
    return np.asarray(_moved(np.full(plane.shape[:2], 255, np.uint8), warp) > 254)


def _grey(picture: Picture) -> Plane:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def read(path: Path) -> Picture:
    """As RGB; PairError where the file is no picture."""
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PairError(f"{path} cannot be read ({error})") from error


def labels(truth: Truth) -> Labels:
    """MIXED on every pixel, not on lettering alone: balloons are not told either, so that no crop may learn kinds."""
    return np.where(truth.mask, TYPESET | MIXED, MIXED).astype(np.uint8)


def pictures(folder: Path) -> dict[str, Path]:
    """Files by stem."""
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in _SUFFIXES}


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--original", type=Path, required=True, help="folder of pages with lettering")
    parser.add_argument("--cleaned", type=Path, required=True, help="folder of the same pages, same names, without it")
    parser.add_argument("--pool", type=Path, required=True, help="where pages with truth go, beside drawn ones")
    parser.add_argument("--threshold", type=float, default=40, help="least difference that counts, 0–255")
    parser.add_argument("--pooling", type=int, choices=(1, 3, 5, 7), default=3, help="side of the max-pooling; 1: none")
    parser.add_argument("--specks", type=int, default=8, help="marks of fewer pixels are noise")
    given = parser.parse_args(words)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    for folder in (given.original, given.cleaned):
        if not folder.is_dir():
            parser.error(f"there is no folder {folder}")
    originals, copies = pictures(given.original), pictures(given.cleaned)
    given.pool.mkdir(parents=True, exist_ok=True)
    made = 0
    for stem, path in originals.items():
        if stem not in copies:
            _log.warning("%s is passed over: %s holds no page of that name", path, given.cleaned)
            continue
        try:
            page = read(path)
            truth = difference(page, read(copies[stem]), given.threshold, given.pooling, given.specks)
        except PairError as error:
            _log.warning("%s is passed over: %s", path, error)
            continue
        save(given.pool / f"pair-{stem}.npy", page, labels(truth))
        made += 1
        _log.info("%s: lettering on %.1f %%, %.0f %% of lines agree", path, truth.share * 100, truth.alike * 100)
    print(f"{made} of {len(originals)} pages made into pairs")
    if not made:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
