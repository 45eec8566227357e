"""What painted holes are measured by: crops kept apart, classical rivals, PSNR, SSIM, Fréchet distance, sheets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training import holes
from training.art import Picture
from training.crops import pages_in
from training.holes import Hole
from training.inpaint_crops import window
from training.inpaint_data import lettered

Paint = Callable[[Picture, Hole], Picture]

_RADIUS = 5  # px that OpenCV's methods look at round a pixel
_FLAT = 6.0  # levels: below, anything fills a hole well
_TILE = 8  # rows of a contact sheet


@dataclass(frozen=True, slots=True)
class Trial:
    """One hole over art: what is seen, what is hidden, what stands below."""

    image: Picture
    hole: Hole
    truth: Picture


@dataclass(frozen=True, slots=True)
class Likeness:
    """Means over trials: PSNR (dB) and SSIM of hidden pixels."""

    psnr: float
    ssim: float


def trials(pool: Path, count: int, size: int, seed: int = 0) -> list[Trial]:
    """Crops of a pool with lettering grown by 3 px to be painted, over art that is not flat; always the same ones."""
    rng = np.random.default_rng(seed)
    paths = pages_in(pool)
    found: list[Trial] = []
    for number in range(20 * count):
        page = np.load(paths[number % len(paths)], mmap_mode="r")
        part = window(rng, page, size, 1.0, True)
        letters, truth = part[:, :, 3] > 0, part[:, :, :3]
        hole = holes.grown(letters, 3)
        ring = holes.grown(hole, 3) & ~hole
        if 0.02 < hole.mean() < 0.4 and truth[ring].std() >= _FLAT:
            found.append(Trial(lettered(rng, truth, letters), hole, truth))
        if len(found) == count:
            break
    return found


def telea(image: Picture, hole: Hole) -> Picture:
    """Fast marching (Telea 2004)."""
    return np.asarray(cv2.inpaint(image, hole.astype(np.uint8), _RADIUS, cv2.INPAINT_TELEA), np.uint8)


def navier_stokes(image: Picture, hole: Hole) -> Picture:
    """Along lines of equal tone (Bertalmio et al. 2001)."""
    return np.asarray(cv2.inpaint(image, hole.astype(np.uint8), _RADIUS, cv2.INPAINT_NS), np.uint8)


def biharmonic(image: Picture, hole: Hole) -> Picture:
    """The smoothest surface (Damelin & Hoang 2018): least squared Laplacian, by conjugate gradients."""
    place = hole[:, :, None].astype(np.float64)

    def bent(surface: NDArray[np.float64]) -> NDArray[np.float64]:
        for _ in range(2):
            curved = cv2.Laplacian(surface, cv2.CV_64F, borderType=cv2.BORDER_REPLICATE)
            surface = np.asarray(curved, np.float64).reshape(surface.shape)
        return surface * place

    made = telea(image, hole).astype(np.float64)
    rest = -bent(made)
    way = rest.copy()
    before = float((rest**2).sum())
    for _ in range(300):
        if before < 1.0:
            break
        turned = bent(way)
        step = before / max(float((way * turned).sum()), 1e-12)
        made, rest = made + step * way, rest - step * turned
        now = float((rest**2).sum())
        way, before = rest + now / before * way, now
    return np.asarray(np.clip(np.round(made), 0, 255), np.uint8)


def patchmatch(image: Picture, hole: Hole) -> Picture:
    """Patches copied from round the hole (Barnes et al. 2009); ImportError without pypatchmatch."""
    from patchmatch import patch_match  # type: ignore[import-not-found,unused-ignore]

    patch_match.set_random_seed(1)
    return np.asarray(patch_match.inpaint(image, hole, patch_size=5), np.uint8)


RIVALS: dict[str, Paint] = {
    "telea": telea,
    "navier-stokes": navier_stokes,
    "biharmonic": biharmonic,
    "patchmatch": patchmatch,
}


def measure(paint: Paint, tried: Sequence[Trial]) -> tuple[Likeness, list[Picture]]:
    """How like the truth holes come out, as grey, and the painted crops; known pixels count as they were."""
    painted = [np.where(t.hole[:, :, None], paint(t.image, t.hole), t.image).astype(np.uint8) for t in tried]
    return likeness(painted, tried), painted


def likeness(painted: Sequence[Picture], tried: Sequence[Trial]) -> Likeness:
    """Of painted crops; PSNR of a crop is capped at 50 dB. Known pixels are taken from the truth."""
    figures = []
    for made, trial in zip(painted, tried, strict=True):
        whole = np.where(trial.hole[:, :, None], made, trial.truth).astype(np.uint8)
        ours, right = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float64) for each in (whole, trial.truth))
        error = float(np.mean((ours[trial.hole] - right[trial.hole]) ** 2))
        figures.append((10 * np.log10(255**2 / max(error, 0.65)), float(_ssim(ours, right)[trial.hole].mean())))
    psnr, ssim = np.mean(figures, axis=0)
    return Likeness(float(psnr), float(ssim))


def _ssim(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """SSIM about each pixel (Wang et al. 2004), Gaussian window, σ 1.5."""

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5))

    p, q = mean(a), mean(b)
    both, spread = mean(a * b) - p * q, mean(a * a) - p**2 + mean(b * b) - q**2
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (2 * p * q + low) * (2 * both + high) / ((p**2 + q**2 + low) * (spread + high))


def frechet(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Fréchet distance (Heusel et al. 2017) of two sets of features (N, C); means little where N is not above C."""
    spreads = [np.cov(each, rowvar=False) for each in (ours, theirs)]
    # The trace of the root of a product is the sum of the roots of its eigenvalues, which are real and not negative.
    roots = np.sqrt(np.clip(np.linalg.eigvals(spreads[0] @ spreads[1]).real, 0, None)).sum()
    apart = ours.mean(0) - theirs.mean(0)
    return float(apart @ apart + np.trace(spreads[0]) + np.trace(spreads[1]) - 2 * roots)


def sheet(path: Path, tried: Sequence[Trial], *columns: Sequence[Picture]) -> None:
    """A contact sheet: a row for each trial, what is seen with its hole in grey, then `columns`, then the truth."""
    from PIL import Image

    rows = []
    for trial, *made in zip(tried, *columns, strict=True):
        seen = np.where(trial.hole[:, :, None], np.array([255, 120, 120], np.uint8), trial.image)
        rows.append(np.hstack([seen, *made, trial.truth]))
    # Two rows beside each other: sheets are looked at on wide screens.
    shown = rows[: _TILE * 2 if len(rows) >= _TILE * 2 else len(rows) // 2 * 2 or 1]
    half = (len(shown) + 1) // 2
    whole = np.hstack([np.vstack(shown[:half]), np.vstack(shown[half:])]) if len(shown) > 1 else shown[0]
    part = path.with_suffix(".part")
    Image.fromarray(whole.astype(np.uint8)).save(part, "PNG")
    part.replace(path)
