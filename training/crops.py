"""Crops of the pages in a pool, as scanners, resizers and JPEG leave them."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import hard
from training.canvas import BALLOON, MIXED, SFX, TYPESET
from training.recipe import Recipe, TrainingError

_BITS = (TYPESET, SFX, BALLOON)

Batch = tuple[Tensor, Tensor, Tensor]
Crop = tuple[NDArray[np.uint8], NDArray[np.float32], float]
Hard = tuple[list[tuple[Path, hard.Cells]], NDArray[np.float64]]


def pages_in(pool: Path) -> list[Path]:
    """The pages of a pool; TrainingError when there is none."""
    paths = sorted(pool.glob("*.npy"))
    if not paths:
        raise TrainingError(f"no pages in {pool}; fill it with training.draw_pool or training.pairs")
    return paths


def batches(pool: Path, recipe: Recipe, seed: int, workers: int = 1) -> Iterator[Batch]:
    """Batches without end, made by so many processes; 0: by this one."""
    pages_in(pool)  # in this process, where the error is easy to read
    return iter(
        torch.utils.data.DataLoader(
            Crops(pool, recipe, seed),
            batch_size=None,
            num_workers=workers,
            # A forked worker would hang in OpenCV where this process has used its threads already.
            multiprocessing_context="spawn" if workers else None,
        )
    )


class Crops(torch.utils.data.IterableDataset[Batch]):
    """Batches without end: (N, 3, S, S) images in 0–1, (N, 3, S, S) truth, (N,) 1 where kinds are known."""

    def __init__(self, pool: Path, recipe: Recipe, seed: int) -> None:
        self.pool, self.recipe, self.seed = pool, recipe, seed

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            paths = pages_in(self.pool)  # looked up again now and then: the pool may be growing
            places = self._hard(paths)
            for _ in range(50):
                size = int(rng.choice(self.recipe.sizes))
                # As many pixels in each batch, so that steps weigh alike.
                count = max(self.recipe.batch * min(self.recipe.sizes) ** 2 // size**2, 2)
                crops = [self._one(rng, paths, places, size) for _ in range(count)]
                images, truths, known = zip(*crops, strict=True)
                yield (
                    torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float().div_(255),
                    torch.from_numpy(np.stack(truths)).permute(0, 3, 1, 2).float(),
                    torch.tensor(known),
                )

    def _hard(self, paths: list[Path]) -> Hard | None:
        """Pages where an earlier network was seen to err, with its cells, and how likely each is taken."""
        if not self.recipe.hard:
            return None
        known = [(path, cells) for path in paths if (cells := hard.read(path)) is not None]
        shares = np.array([cells.sum() for _, cells in known])
        if not shares.sum():
            raise TrainingError(f"nobody knows yet what is hard in {self.pool}; training.hard finds it")
        return known, shares / shares.sum()

    def _one(self, rng: np.random.Generator, paths: list[Path], places: Hard | None, size: int) -> Crop:
        if places is None or rng.random() > self.recipe.hard:
            return _crop(rng, np.load(paths[rng.integers(len(paths))], mmap_mode="r"), size)
        known, shares = places
        path, cells = known[int(rng.choice(len(known), p=shares))]
        return _crop(rng, np.load(path, mmap_mode="r"), size, cells)


def _crop(rng: np.random.Generator, page: NDArray[np.uint8], size: int, cells: hard.Cells | None = None) -> Crop:
    high, wide = page.shape[:2]
    side = min(int(size / np.exp(rng.uniform(np.log(0.6), np.log(1.6)))), high, wide)
    top, left = _anywhere(rng, page, side) if cells is None else hard.place(rng, cells, side, high, wide)
    part = np.asarray(page[top : top + side, left : left + side])
    truth = np.stack([(part[:, :, 3] & bit > 0).astype(np.float32) for bit in _BITS], axis=2)
    how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    image = cv2.resize(part[:, :, :3], (size, size), interpolation=how)
    return (
        _scanned(rng, image.astype(np.uint8)),
        cv2.resize(truth, (size, size), interpolation=how).astype(np.float32),
        float(not (part[:, :, 3] & MIXED).any()),
    )


def _anywhere(rng: np.random.Generator, page: NDArray[np.uint8], side: int) -> tuple[int, int]:
    """Top and left of a crop: lettering in balloons is soon learnt, what stands on art is worth more of the time."""
    high, wide = page.shape[:2]
    for _ in range(5):
        top, left = int(rng.integers(high - side + 1)), int(rng.integers(wide - side + 1))
        thin = page[top : top + side : 4, left : left + side : 4, 3]
        lettered = thin & (TYPESET | SFX) > 0
        chance = 1.0 if (lettered & (thin & BALLOON == 0)).any() else 0.3 if lettered.any() else 0.15
        if rng.random() < chance:
            break
    return top, left


def _scanned(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As scanners, resizers and JPEG leave pages."""
    work: NDArray[np.float32] = image.astype(np.float32)
    if rng.random() < 0.3:
        work = np.repeat(work.mean(2, keepdims=True), 3, axis=2)
    if rng.random() < 0.25:
        work = cv2.GaussianBlur(work, (0, 0), rng.uniform(0.4, 1.2)).astype(np.float32)
    if rng.random() < 0.4:
        low, top = rng.uniform(0, 40), rng.uniform(215, 255)
        bent = (work / 255) ** rng.uniform(0.7, 1.4)
        work = (bent * (top - low) + low).astype(np.float32)
        work *= rng.uniform(0.9, 1.0, 3).astype(np.float32)
    if rng.random() < 0.25:
        work += rng.normal(0, rng.uniform(1, 9), work.shape).astype(np.float32)
    done = np.clip(work, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, packed = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))])
        done = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return done
